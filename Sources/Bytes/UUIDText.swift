// SPDX-License-Identifier: Apache-2.0

/// UUIDs as text (RFC 9562).
package enum UUIDText {
    /// A version 4 UUID out of 128 random bits, of which six are overwritten.
    package static func make(from random: (UInt64, UInt64)) -> String {
        let high = random.0 & ~0xF000 | 0x4000
        let low = random.1 & ~(0xC0 << 56) | 0x80 << 56
        var text: [UInt8] = []
        text.reserveCapacity(36)
        for index in 0..<32 {
            if index == 8 || index == 12 || index == 16 || index == 20 {
                text.append(UInt8(ascii: "-"))
            }
            let word = index < 16 ? high : low
            let nibble = UInt8(truncatingIfNeeded: word >> UInt64(60 - index % 16 * 4)) & 0xF
            text.append(Hex.digit(nibble, uppercase: false))
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// A version 4 UUID from the system's generator.
    package static func random() -> String {
        self.make(from: (UInt64.random(in: 0 ... .max), UInt64.random(in: 0 ... .max)))
    }
}

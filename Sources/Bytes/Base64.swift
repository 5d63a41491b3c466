// SPDX-License-Identifier: Apache-2.0

/// Base64 with padding (RFC 4648 section 4).
package enum Base64 {
    private static let alphabet = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8
    )

    /// The value of each character of the alphabet, 255 for all others.
    private static let values: [UInt8] = {
        var values = [UInt8](repeating: 255, count: 256)
        for (value, character) in Self.alphabet.enumerated() {
            values[Int(character)] = UInt8(value)
        }
        return values
    }()

    /// Writes four characters for each three bytes.
    package static func encode(_ bytes: [UInt8]) -> String {
        String(decoding: self.encodeBytes(bytes), as: UTF8.self)
    }

    /// As ``encode(_:)``, as ASCII bytes.
    package static func encodeBytes(_ bytes: [UInt8]) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count + 2) / 3 * 4)
        var index = 0
        while index < bytes.count {
            let left = bytes.count - index
            let first = bytes[index]
            let second = left > 1 ? bytes[index + 1] : 0
            let third = left > 2 ? bytes[index + 2] : 0
            text.append(self.alphabet[Int(first >> 2)])
            text.append(self.alphabet[Int((first & 3) << 4 | second >> 4)])
            text.append(
                left > 1 ? self.alphabet[Int((second & 15) << 2 | third >> 6)] : UInt8(ascii: "=")
            )
            text.append(left > 2 ? self.alphabet[Int(third & 63)] : UInt8(ascii: "="))
            index += 3
        }
        return text
    }

    /// Reads strictly: whole groups, padding, no foreign character, no stray bits.
    package static func decode(_ text: String) -> [UInt8]? { self.decode(bytes: Array(text.utf8)) }

    /// As ``decode(_:)``, from ASCII bytes.
    package static func decode(bytes text: [UInt8]) -> [UInt8]? {
        guard text.count % 4 == 0 else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count / 4 * 3)
        var index = 0
        while index < text.count {
            let isLast = index + 4 == text.count
            var padding = 0
            if isLast, text[index + 3] == UInt8(ascii: "=") {
                padding = text[index + 2] == UInt8(ascii: "=") ? 2 : 1
            }
            var group: UInt32 = 0
            for place in 0..<4 {
                let isPadding = place >= 4 - padding
                let value = isPadding ? 0 : self.values[Int(text[index + place])]
                guard value < 64 else { return nil }
                group = group << 6 | UInt32(value)
            }
            let unusedBits: UInt32 = padding == 2 ? 0xFFFF : padding == 1 ? 0xFF : 0
            guard group & unusedBits == 0 else { return nil }
            bytes.append(UInt8(truncatingIfNeeded: group >> 16))
            if padding < 2 { bytes.append(UInt8(truncatingIfNeeded: group >> 8)) }
            if padding < 1 { bytes.append(UInt8(truncatingIfNeeded: group)) }
            index += 4
        }
        return bytes
    }
}

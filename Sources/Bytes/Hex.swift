// SPDX-License-Identifier: Apache-2.0

/// Hexadecimal text (RFC 4648 section 8).
package enum Hex {
    /// Writes two digits for each byte.
    package static func encode(_ bytes: [UInt8], uppercase: Bool = false) -> String {
        var text: [UInt8] = []
        text.reserveCapacity(bytes.count * 2)
        for byte in bytes {
            text.append(self.digit(byte >> 4, uppercase: uppercase))
            text.append(self.digit(byte & 0xF, uppercase: uppercase))
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// As ``encode(_:uppercase:)``, of any bytes.
    package static func encode(_ bytes: some Sequence<UInt8>, uppercase: Bool = false) -> String {
        self.encode(Array(bytes), uppercase: uppercase)
    }

    /// Reads pairs of digits of either case; `nil` when one is missing or is none.
    package static func decode(_ text: some StringProtocol) -> [UInt8]? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.utf8.count / 2)
        var high: UInt8?
        for character in text.utf8 {
            guard let value = self.value(of: character) else { return nil }
            if let first = high {
                bytes.append(first << 4 | value)
                high = nil
            } else {
                high = value
            }
        }
        return high == nil ? bytes : nil
    }

    /// The digit for a value of 0…15.
    package static func digit(_ value: UInt8, uppercase: Bool) -> UInt8 {
        if value < 10 { return UInt8(ascii: "0") + value }
        return (uppercase ? UInt8(ascii: "A") : UInt8(ascii: "a")) + (value & 0xF) - 10
    }

    /// The value of a digit of either case; `nil` for any other byte.
    package static func value(of digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

/// JSON string literals (RFC 8259 section 7).
package enum JSONText {
    /// `text` as a literal, its quotes included.
    package static func escape(_ text: some StringProtocol) -> String {
        var literal: [UInt8] = []
        literal.reserveCapacity(text.utf8.count + 2)
        self.append(text, to: &literal)
        return String(decoding: literal, as: UTF8.self)
    }

    /// Appends `text` as a literal to `json`.
    package static func append(_ text: some StringProtocol, to json: inout [UInt8]) {
        json.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                json.append(UInt8(ascii: "\\"))
                json.append(byte)
            case 0x0A: json.append(contentsOf: "\\n".utf8)
            case 0x0D: json.append(contentsOf: "\\r".utf8)
            case 0x09: json.append(contentsOf: "\\t".utf8)
            case 0..<0x20, 0x7F:
                json.append(contentsOf: "\\u00".utf8)
                json.append(Hex.digit(byte >> 4, uppercase: false))
                json.append(Hex.digit(byte & 0xF, uppercase: false))
            default: json.append(byte)
            }
        }
        json.append(UInt8(ascii: "\""))
    }
}

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
        // What is generic costs a call for each byte outside of this module.
        let text = String(text)
        self.append(text.utf8.span, to: &json)
    }

    private static func append(_ text: Span<UInt8>, to json: inout [UInt8]) {
        json.append(UInt8(ascii: "\""))
        var keptStart = 0
        for index in text.indices where self.isEscaped(text[index]) {
            json.append(text.extracting(keptStart..<index))
            self.append(escaped: text[index], to: &json)
            keptStart = index + 1
        }
        json.append(text.extracting(keptStart..<text.count))
        json.append(UInt8(ascii: "\""))
    }

    private static func isEscaped(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte == 0x7F || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
    }

    private static func append(escaped byte: UInt8, to json: inout [UInt8]) {
        json.append(UInt8(ascii: "\\"))
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): json.append(byte)
        case 0x0A: json.append(UInt8(ascii: "n"))
        case 0x0D: json.append(UInt8(ascii: "r"))
        case 0x09: json.append(UInt8(ascii: "t"))
        default:
            json.append(literal: "u00")
            json.append(Hex.digit(byte >> 4, uppercase: false))
            json.append(Hex.digit(byte & 0xF, uppercase: false))
        }
    }
}

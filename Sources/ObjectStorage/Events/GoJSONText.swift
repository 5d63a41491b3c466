// SPDX-License-Identifier: Apache-2.0

import Bytes

/// JSON string literals byte for byte as Go's `encoding/json` writes them, and so MinIO.
///
/// Beyond what JSON asks for, `<`, `>`, `&` and the line separators U+2028 and U+2029 are escaped.
enum GoJSONText {
    /// Appends `text` as a literal, its quotes included.
    static func append(_ text: String, to json: inout [UInt8]) {
        json.append(UInt8(ascii: "\""))
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\":
                json.append(UInt8(ascii: "\\"))
                json.append(UInt8(ascii: scalar))
            case "\u{8}": json.append(contentsOf: "\\b".utf8)
            case "\u{C}": json.append(contentsOf: "\\f".utf8)
            case "\n": json.append(contentsOf: "\\n".utf8)
            case "\r": json.append(contentsOf: "\\r".utf8)
            case "\t": json.append(contentsOf: "\\t".utf8)
            case "<", ">", "&", "\u{2028}", "\u{2029}", "\0"..<" ":
                json.append(contentsOf: "\\u".utf8)
                for shift in [12, 8, 4, 0] {
                    let nibble = UInt8(truncatingIfNeeded: scalar.value >> UInt32(shift)) & 0xF
                    json.append(Hex.digit(nibble, uppercase: false))
                }
            default: json.append(contentsOf: UTF8.encode(scalar).map(Array.init) ?? [])
            }
        }
        json.append(UInt8(ascii: "\""))
    }
}

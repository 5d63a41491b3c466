// SPDX-License-Identifier: Apache-2.0

import Bytes
import TestSupport
import Testing

@Suite("JSON string literals (RFC 8259 section 7)")
struct JSONTextTests {
    @Test(
        "escapes what must be, and nothing else",
        arguments: [
            ("", #""""#), ("plain", #""plain""#), ("a\"b", #""a\"b""#), ("a\\b", #""a\\b""#),
            ("\n\r\t", #""\n\r\t""#), ("\u{0}\u{1F}", #""\u0000\u001f""#), ("\u{7F}", #""\u007f""#),
            ("/", #""/""#), ("é日😀", #""é日😀""#), ("\u{2028}", "\"\u{2028}\""),
        ]
    )
    func escapes(_ text: String, _ literal: String) {
        #expect(JSONText.escape(text) == literal)
        var json: [UInt8] = [UInt8(ascii: ":")]
        JSONText.append(text, to: &json)
        #expect(json == Array((":" + literal).utf8))
    }

    @Test("no control character, quote or backslash stays bare, and any text comes back")
    func roundTrip() {
        var random = SeededGenerator()
        for _ in 0..<500 {
            let text = String(decoding: random.bytes(countMax: 30), as: UTF8.self)
            let literal = JSONText.escape(text)
            #expect(literal.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F })
            #expect(Self.read(literal) == text, "seed \(SeededGenerator.seed)")
        }
    }

    /// Reads a literal by the letter of section 7; `nil` when it is none.
    private static func read(_ literal: String) -> String? {
        var scalars = Array(literal.unicodeScalars)[...]
        guard scalars.popFirst() == "\"", scalars.popLast() == "\"" else { return nil }
        var text = String.UnicodeScalarView()
        while let scalar = scalars.popFirst() {
            guard scalar != "\"" else { return nil }
            guard scalar == "\\" else {
                text.append(scalar)
                continue
            }
            switch scalars.popFirst() {
            case "\"": text.append("\"")
            case "\\": text.append("\\")
            case "n": text.append("\n")
            case "r": text.append("\r")
            case "t": text.append("\t")
            case "u":
                let digits = String(String.UnicodeScalarView(scalars.prefix(4)))
                scalars = scalars.dropFirst(4)
                guard let value = UInt32(digits, radix: 16), let escaped = Unicode.Scalar(value)
                else { return nil }
                text.append(escaped)
            default: return nil
            }
        }
        return String(text)
    }
}

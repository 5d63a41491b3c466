// SPDX-License-Identifier: Apache-2.0

/// Text that came from anywhere, made harmless for a line of a log.
///
/// Nobody who chooses a value can end the line, start another, move a terminal's cursor or turn
/// the reading direction around.
enum LogText {
    /// Appends `text` with every dangerous character escaped.
    static func appendEscaped(_ text: String, to line: inout [UInt8]) {
        let text = self.shortened(text)
        guard !self.isPlain(text) else {
            line.append(contentsOf: text.utf8)
            return
        }
        for scalar in text.unicodeScalars { self.append(scalar, isQuoted: false, to: &line) }
    }

    /// Appends `text` as one word: in quotes when it holds a space, a quote or nothing.
    static func appendWord(_ text: String, to line: inout [UInt8]) {
        let text = self.shortened(text)
        guard text.isEmpty || !text.utf8.allSatisfy(self.isWordByte) else {
            line.append(contentsOf: text.utf8)
            return
        }
        line.append(UInt8(ascii: "\""))
        for scalar in text.unicodeScalars { self.append(scalar, isQuoted: true, to: &line) }
        line.append(UInt8(ascii: "\""))
    }

    /// The text's beginning, at most ``LogRecord/textBytesMax`` bytes of it.
    static func shortened(_ text: String) -> String {
        guard text.utf8.count > LogRecord.textBytesMax else { return text }
        return String(decoding: text.utf8.prefix(LogRecord.textBytesMax), as: UTF8.self) + "…"
    }

    private static func isPlain(_ text: String) -> Bool {
        text.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\\") }
    }

    /// Printable ASCII but the space and `" = \`.
    private static func isWordByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "="), UInt8(ascii: "\\"): false
        default: byte > 0x20 && byte < 0x7F
        }
    }

    private static func append(_ scalar: Unicode.Scalar, isQuoted: Bool, to line: inout [UInt8]) {
        switch scalar {
        case "\n": line.append(contentsOf: #"\n"#.utf8)
        case "\r": line.append(contentsOf: #"\r"#.utf8)
        case "\t": line.append(contentsOf: #"\t"#.utf8)
        case "\\": line.append(contentsOf: #"\\"#.utf8)
        case "\"" where isQuoted: line.append(contentsOf: #"\""#.utf8)
        default:
            if self.isDangerous(scalar) {
                let digits = String(scalar.value, radix: 16)
                line.append(contentsOf: "\\u{\(digits)}".utf8)
            } else {
                line.append(contentsOf: String(scalar).utf8)
            }
        }
    }

    /// Whether a terminal or editor would act on the character instead of showing it.
    private static func isDangerous(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse,
            .unassigned:
            true
        default: false
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

/// Makes text from a manifest fit to be shown on a terminal.
enum ShownText {
    /// Most characters of a name that a message repeats.
    static let lengthMax = 80

    /// `text` in quotes, cut to ``lengthMax`` characters.
    static func quoted(_ text: String) -> String { "\"\(self.cut(text))\"" }

    /// `text`, cut to ``lengthMax`` characters.
    static func cut(_ text: String) -> String {
        // Counting the bytes first keeps this cheap for a text of megabytes.
        guard text.utf8.count > self.lengthMax else { return text }
        let head = text.prefix(self.lengthMax)
        return head.endIndex == text.endIndex ? text : head + "…"
    }

    /// `text` with its control characters written out, so that it cannot steer a terminal.
    static func printable(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: self.isControl) else { return text }
        var shown = ""
        for scalar in text.unicodeScalars {
            if self.isControl(scalar) {
                shown += "\\u{\(String(scalar.value, radix: 16))}"
            } else {
                shown.unicodeScalars.append(scalar)
            }
        }
        return shown
    }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x00..<0x20, 0x7F..<0xA0: true
        // Line and paragraph separators; marks that reverse the direction of text.
        case 0x2028...0x202E, 0x2066...0x2069: true
        default: false
        }
    }
}

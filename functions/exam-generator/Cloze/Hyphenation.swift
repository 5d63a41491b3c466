// SPDX-License-Identifier: Apache-2.0

/// Decides whether a hyphen at the end of a line belongs to the word.
struct Hyphenation {
    /// Longer words are not looked at as a whole.
    static let wordCharactersMax = 64

    private let words: Set<String>

    /// Learns the words of a document.
    init(lines: some Sequence<String>) {
        var words = Set<String>()
        for line in lines {
            for part in line.split(separator: " ") {
                let word = part.lowercased().trimmed(where: { !$0.isLetter && !$0.isNumber })
                if word.count > 2 { words.insert(word) }
            }
        }
        self.words = words
    }

    /// Appends `line`, which follows `text`, as running text.
    func append(_ line: String, to text: inout String) {
        guard let last = text.last, let first = line.first else {
            text += line
            return
        }
        // dropLast() without a number would walk from the start.
        if last == "-", first.isLetter, text.dropLast(1).last?.isLetter == true {
            if !first.isUppercase, !self.keepsHyphen(text, line) { text.removeLast() }
        } else if !last.isIdeographic || !first.isIdeographic {
            text += " "  // Chinese and Japanese are written without spaces.
        }
        text += line
    }

    private func keepsHyphen(_ text: String, _ line: String) -> Bool {
        let end = text.suffix(Self.wordCharactersMax).dropLast(1)
        let head = end.suffix(where: { $0.isLetter || $0 == "-" }).lowercased()
        let start = line.prefix(Self.wordCharactersMax)
        let tail = start.prefix(while: { $0.isLetter || $0 == "-" }).lowercased()
        if self.words.contains(head + tail) { return false }
        if self.words.contains(head + "-" + tail) { return true }
        // "long-" and "term": both are words of their own, so the hyphen joins two words.
        return head.count > 2 && tail.count > 2 && self.words.contains(head)
            && self.words.contains(tail)
    }
}

extension Character {
    /// Whether text in this script has no spaces between words.
    var isIdeographic: Bool {
        guard let scalar = self.unicodeScalars.first else { return false }
        switch scalar.value {
        case 0x2E80...0x303F, 0x3040...0x30FF, 0x31F0...0x31FF, 0x3400...0x4DBF, 0x4E00...0x9FFF,
            0xF900...0xFAFF, 0xFF00...0xFF65, 0x20000...0x3134F:
            return true
        default: return false
        }
    }
}

extension StringProtocol {
    /// The text without what `isPadding` says at both ends.
    func trimmed(where isPadding: (Character) -> Bool) -> String {
        guard let first = self.firstIndex(where: { !isPadding($0) }),
            let last = self.lastIndex(where: { !isPadding($0) })
        else { return "" }
        return String(self[first...last])
    }

    /// The longest end of the text whose characters all satisfy `isIncluded`.
    func suffix(where isIncluded: (Character) -> Bool) -> String {
        guard let last = self.lastIndex(where: { !isIncluded($0) }) else { return String(self) }
        return String(self[self.index(after: last)...])
    }
}

// SPDX-License-Identifier: Apache-2.0

/// A word, a number, a symbol or a mark of punctuation.
struct Token: Equatable {
    /// What a token is made of.
    enum Shape {
        case word
        case number
        case symbol
        case punctuation
    }

    var text: String
    var lowercased: String
    var shape: Shape
    /// Offsets in the characters of the sentence.
    var range: Range<Int>

    var isWord: Bool { self.shape == .word }
    var isNumber: Bool { self.shape == .number }
    /// Whether the first letter is a capital.
    var isCapitalized: Bool { self.text.first?.isUppercase == true }
    /// Whether it is an acronym, such as "ATP", "CO2" or "Z3".
    var isAcronym: Bool {
        guard self.isWord, self.text.count > 1 else { return false }
        if self.text.contains(where: \.isLowercase) { return false }
        let capitals = self.text.count(where: \.isUppercase)
        return capitals > 1 || capitals == 1 && self.text.contains(where: \.isNumber)
    }
    /// "II", "XIV": a number that belongs to the name before it.
    var isRomanNumeral: Bool {
        self.isWord && self.text.count > 1 && self.text.allSatisfy { "IVXLCDM".contains($0) }
    }
    /// "Moore’s".
    var isPossessive: Bool { self.isWord && self.lowercased.hasSuffix("’s") }
}

/// A sentence with its tokens.
struct Sentence {
    /// Its place among the sentences of the document.
    var index: Int
    var text: String
    var characters: [Character]
    var tokens: [Token]

    /// Splits `text` into tokens.
    init(index: Int, text: String) {
        self.index = index
        self.text = text
        self.characters = Array(text)
        self.tokens = Tokenizer.tokens(of: self.characters)
    }

    /// The text that the tokens in `range` cover.
    func text(of range: Range<Int>) -> String {
        guard let first = range.first, let last = range.last else { return "" }
        let characters = self.tokens[first].range.lowerBound..<self.tokens[last].range.upperBound
        return String(self.characters[characters])
    }

    /// The token at `index`; `nil` outside the sentence.
    func token(at index: Int) -> Token? {
        self.tokens.indices.contains(index) ? self.tokens[index] : nil
    }
}

/// Finds the tokens of a sentence.
enum Tokenizer {
    static func tokens(of characters: [Character]) -> [Token] {
        var tokens: [Token] = []
        var index = 0
        while index < characters.count {
            if characters[index].isWhitespace {
                index += 1
                continue
            }
            let end = self.end(of: characters, from: index)
            tokens.append(self.token(characters, index..<end))
            index = end
        }
        return tokens
    }

    private static func token(_ characters: [Character], _ range: Range<Int>) -> Token {
        let text = String(characters[range])
        let first = characters[range.lowerBound]
        let shape: Token.Shape
        if first.isASCIIDigit, text.allSatisfy({ $0.isASCIIDigit || ".,".contains($0) }) {
            shape = .number
        } else if first.isLetter || first.isNumber {
            shape = .word
        } else if "%‰°$€£¥+=×÷±<>≤≥≈~^/\\|#&@*µ".contains(first) {
            shape = .symbol
        } else {
            shape = .punctuation
        }
        return Token(text: text, lowercased: text.lowercased(), shape: shape, range: range)
    }

    /// Where the token that starts at `start` ends.
    private static func end(of characters: [Character], from start: Int) -> Int {
        var end = start + 1
        if characters[start] == "°", end < characters.count, "CFK".contains(characters[end]) {
            return end + 1
        }
        guard characters[start].isWordPart else { return end }
        while end < characters.count {
            let character = characters[end]
            if character.isWordPart {
                end += 1
                continue
            }
            guard end + 1 < characters.count,
                self.connects(character, characters[end - 1], characters[end + 1])
            else { break }
            end += 1
        }
        return end
    }

    /// Whether `character` between two others belongs to a word or a number.
    private static func connects(
        _ character: Character,
        _ before: Character,
        _ after: Character
    ) -> Bool {
        guard after.isWordPart else { return false }
        switch character {
        case "’", "-", "‑": return before.isLetter || after.isLetter
        case ".": return before.isASCIIDigit == after.isASCIIDigit || before.isUppercase
        case ",": return before.isASCIIDigit && after.isASCIIDigit
        case "–", "—": return character == "–" && before.isLetter && after.isUppercase
        case "/", "&": return before.isUppercase && after.isUppercase
        default: return false
        }
    }
}

extension Character {
    var isASCIIDigit: Bool { self.isASCII && self.isNumber }
    /// Whether it stands inside words: letters, digits and marks.
    var isWordPart: Bool { self.isLetter || self.isNumber }
}

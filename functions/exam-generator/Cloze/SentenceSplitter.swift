// SPDX-License-Identifier: Apache-2.0

/// Splits a paragraph into sentences.
///
/// A full stop ends a sentence unless it belongs to an abbreviation, an initial, a number or an
/// ordinal, or the text goes on in lower case.
struct SentenceSplitter {
    /// Characters that can end a sentence, in the scripts of the world.
    static let terminators: Set<Character> = [
        ".", "!", "?", "…", "。", "！", "？", "｡", "؟", "۔", "।", "॥", "։", "።",
    ]

    private static let closers: Set<Character> = [
        "”", "’", "\"", ")", "]", "»", "」", "』", "）", "》", "›",
    ]

    private static let openers: Set<Character> = ["“", "‘", "\"", "(", "[", "«", "„", "¿", "¡"]

    /// Abbreviations that a name, a number or a title follows.
    private static let bindingAbbreviations = WordList.words(
        """
        mr mrs ms dr prof st sir rev hon gen col sgt capt lt gov sen rep pres mt ft vs e.g i.e eg ie
        cf ca c approx no nos vol vols p pp fig figs eq eqs ch chap sec ed eds al resp esp incl z.b
        d.h bzw usw u.a vgl nr bd abb tab hr fr mme mlle m.m av env etc. sr sra srta dra núm art pág
        sig sigg dott mons
        """
    )

    /// Abbreviations that may well end a sentence.
    private static let looseAbbreviations = WordList.words(
        """
        etc inc ltd co corp jr sr bros a.m p.m am pm b.c a.d b.c.e c.e u.s u.k u.n e.u ph.d m.a b.a
        """
    )

    /// Words that start sentences and rarely stand capitalised inside one.
    private static let starters = WordList.words(
        """
        the a an this that these those it they he she we in on at by for from with as after before
        when while if although because since however but and both each all some many most there its
        their his her our
        """
    )

    private let dividesOrdinals: Bool

    /// A splitter for the language of one document.
    ///
    /// - Parameter hasDottedOrdinals: Whether "3." means "third", as in German.
    init(hasDottedOrdinals: Bool = false) {
        self.dividesOrdinals = !hasDottedOrdinals
    }

    /// The sentences of `paragraph`, each with its full stop.
    ///
    /// What follows the last full stop is no sentence and is left out.
    func sentences(of paragraph: String) -> [String] {
        let text = Array(paragraph)
        var sentences: [String] = []
        var start = 0
        var index = 0
        while index < text.count {
            guard Self.terminators.contains(text[index]) else {
                index += 1
                continue
            }
            var end = index + 1
            while end < text.count, Self.terminators.contains(text[end]) { end += 1 }
            while end < text.count, Self.closers.contains(text[end]) { end += 1 }
            let textEnd = end
            end = self.footnoteEnd(text, terminator: index, end: end)
            if self.endsSentence(text, terminator: index, end: end, start: start) {
                let sentence = String(text[start..<textEnd]).trimmed(where: \.isWhitespace)
                if !sentence.isEmpty { sentences.append(sentence) }
                start = end
            }
            index = end
        }
        return sentences
    }

    /// The end of a footnote's number that stands right after a full stop: "… acid.3 The …".
    private func footnoteEnd(_ text: [Character], terminator: Int, end: Int) -> Int {
        guard terminator > 0, text[terminator - 1].isLetter else { return end }
        var digitsEnd = end
        while digitsEnd < text.count, text[digitsEnd].isNumber { digitsEnd += 1 }
        let isFootnote = digitsEnd - end <= 3 && digitsEnd < text.count
        return isFootnote && text[digitsEnd].isWhitespace ? digitsEnd : end
    }

    private func endsSentence(_ text: [Character], terminator: Int, end: Int, start: Int) -> Bool {
        guard end < text.count else {
            return !self.isBindingAbbreviation(text, terminator: terminator, start: start)
        }
        if text[terminator].isIdeographic || text[terminator] == "।" { return true }
        guard text[end].isWhitespace else { return false }
        var next = end + 1
        while next < text.count, Self.openers.contains(text[next]) { next += 1 }
        guard next < text.count else { return true }
        if text[next].isLowercase { return false }
        guard text[terminator] == "." else { return true }
        if self.isBindingAbbreviation(text, terminator: terminator, start: start) { return false }
        return !self.isLooseAbbreviation(text, terminator: terminator, start: start, next: next)
    }

    /// Whether the text goes on after an abbreviation such as "Dr" or "No", or an initial.
    private func isBindingAbbreviation(_ text: [Character], terminator: Int, start: Int) -> Bool {
        guard text[terminator] == "." else { return false }
        let word = self.word(text, before: terminator, start: start)
        guard let last = word.last else { return false }
        if last.isNumber {
            return !self.dividesOrdinals && word.count <= 2 && word.allSatisfy(\.isNumber)
        }
        if word.count == 1, last.isUppercase {
            return !self.isNameless(text, before: terminator)
        }
        return Self.bindingAbbreviations.contains(word.lowercased())
    }

    /// Whether a single capital is no initial: "vitamin C.", "photosystem I.", "chlorophyll B.".
    private func isNameless(_ text: [Character], before terminator: Int) -> Bool {
        // An initial follows a capitalised name, another initial, or nothing.
        var index = terminator - 2
        while index >= 0, text[index].isWhitespace { index -= 1 }
        guard index >= 0, text[index] != "." else { return false }
        if text[terminator - 2] == "°" { return true }
        var first = index
        while first > 0, text[first - 1].isLetter { first -= 1 }
        return text[first].isLowercase && index - first >= 3
    }

    private func isLooseAbbreviation(
        _ text: [Character],
        terminator: Int,
        start: Int,
        next: Int
    ) -> Bool {
        let word = self.word(text, before: terminator, start: start).lowercased()
        let isDotted = word.contains(".") && word.count <= 6
        guard isDotted || Self.looseAbbreviations.contains(word) else { return false }
        var end = next
        while end < text.count, text[end].isLetter { end += 1 }
        return !Self.starters.contains(String(text[next..<end]).lowercased())
    }

    /// The word that ends before the full stop at `terminator`, with the dots inside it.
    private func word(_ text: [Character], before terminator: Int, start: Int) -> String {
        var first = terminator
        while first > start {
            let character = text[first - 1]
            guard character.isLetter || character.isNumber || character == "." else { break }
            first -= 1
        }
        return String(text[first..<terminator])
    }
}

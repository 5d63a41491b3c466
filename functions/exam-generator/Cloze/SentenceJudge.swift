// SPDX-License-Identifier: Apache-2.0

/// Decides whether a sentence makes sense by itself, and how much it tells.
struct SentenceJudge {
    /// Shorter sentences tell too little, longer ones are hard to read with a gap.
    static let charactersRange = 40...300
    /// The same for scripts whose characters are words or syllables.
    static let ideographicCharactersRange = 15...150
    /// Least number of words.
    static let wordsMin = 6
    /// Least share of letters among all characters that are no spaces.
    static let lettersShareMin = 0.75

    let language: Language

    /// Openings that can be cut off without loss.
    private static let additiveOpenings = [
        "However, ", "Moreover, ", "Furthermore, ", "In addition, ", "In fact, ", "Indeed, ",
        "For example, ", "For instance, ", "Nevertheless, ", "Nonetheless, ", "Also, ",
        "Besides, ", "Of course, ", "Interestingly, ", "Importantly, ", "Note that ",
        "In other words, ", "Today, ", "In general, ", "Generally, ", "Typically, ",
        "In particular, ",
    ]

    /// Words at the start that point outside the sentence.
    private static let pointingStarters = WordList.words(
        """
        this these those it they he she its their his her such here there then thus therefore hence
        so and but or yet because otherwise instead similarly likewise consequently accordingly
        meanwhile afterwards finally next another both neither either former latter same we you i
        our your my let consider note recall suppose imagine see one others some second third first
        secondly thirdly firstly again eventually soon later conversely alternatively nowadays
        rather also too what why how who which even that all
        """
    )

    private static let pointingOpenings = [
        "As a result", "As such", "As shown", "As seen", "As mentioned", "In this", "In that",
        "In these", "In those", "At this", "At that", "By this", "By that", "On the other hand",
        "In contrast", "For this", "For these", "For that", "From this", "Because of this",
        "After this", "After that", "With this", "Like this", "In such", "In both", "In each",
        "In the same", "At the same", "In the first", "In the second", "In the third",
        "In the next", "In the following", "In the previous", "To do this", "To do so", "In turn",
        "All of th", "Some of th", "Many of th", "Most of th", "One of th", "Each of th",
        "None of th", "Both of th", "Two of th", "Under these", "Under this", "During this",
        "During that", "Since then", "By then", "Until then", "Before this", "A few", "In other",
        "In the meantime",
    ]

    /// Phrases that need something else on the page.
    private static let pointingPhrases = [
        " as shown", " see also", " see above", " see below", "(see ", " as follows",
        " the following ", " the above ", " shown above", " mentioned above", " described above",
        " listed below", " shown below", " described below", " as mentioned", " this chapter",
        " this section", " this book", " this lesson", " this unit", " previous chapter",
        " next chapter", " this page", " on page ", " in this ", " of this ", " the former",
        " the latter",
        " these ", " those two ", " this ", " such a ", " the same year", " the same time",
        " respectively", "http:", "https:", "www.", " et al", "©", "…", "...", "_",
    ]

    /// `text` without an opening that only joins it to the sentence before.
    func withoutOpening(_ text: String) -> String {
        guard self.language == .english else { return text }
        for opening in Self.additiveOpenings where text.hasPrefix(opening) {
            let rest = text.dropFirst(opening.count)
            return rest.prefix(1).uppercased() + rest.dropFirst()
        }
        return text
    }

    /// What the sentence is worth; `nil` when no question can be made of it.
    func score(_ sentence: Sentence, classes: [WordClass]?) -> Double? {
        guard self.isWellFormed(sentence) else { return nil }
        if self.pointsOutside(sentence) { return nil }
        guard self.language == .english, let classes else { return self.plainScore(sentence) }
        if self.startsWithAnaphor(sentence, classes) || self.hasLoosePronoun(sentence, classes) {
            return nil
        }
        guard Self.hasMainVerb(sentence, classes) else { return nil }
        return self.plainScore(sentence) + Self.factualScore(sentence, classes)
    }

    private func isWellFormed(_ sentence: Sentence) -> Bool {
        let isIdeographic = self.language == .ideographic
        let range = isIdeographic ? Self.ideographicCharactersRange : Self.charactersRange
        guard range.contains(sentence.characters.count) else { return false }
        guard let first = sentence.characters.first, let last = sentence.characters.last else {
            return false
        }
        guard ".。。।۔։｡”\")」".contains(last), first.isLetter || first.isNumber else { return false }
        if first.isCased, !first.isUppercase { return false }
        // "A. Preserve …", "Returns: …", "Note: …"
        let opening = sentence.tokens.prefix(3).dropFirst().map(\.text)
        if opening.contains(":") || opening.first == "." || opening.first == ")" { return false }
        if !isIdeographic, sentence.tokens.count(where: \.isWord) < Self.wordsMin { return false }
        let visible = sentence.characters.filter { !$0.isWhitespace }
        let letters = visible.count(where: \.isLetter)
        guard Double(letters) >= Self.lettersShareMin * Double(visible.count) else { return false }
        guard !sentence.characters.contains(where: { "?!？！<>{}|=\\_".contains($0) }) else {
            return false
        }
        return Self.isBalanced(sentence.characters)
    }

    /// Whether every bracket and every quotation mark has its partner.
    private static func isBalanced(_ characters: [Character]) -> Bool {
        let pairs: [(Character, Character)] = [
            ("(", ")"), ("[", "]"), ("“", "”"), ("«", "»"), ("「", "」"), ("《", "》"), ("（", "）"),
        ]
        for (open, close) in pairs
        where characters.count(where: { $0 == open }) != characters.count(where: { $0 == close }) {
            return false
        }
        return characters.count(where: { $0 == "\"" }) % 2 == 0
    }

    private func pointsOutside(_ sentence: Sentence) -> Bool {
        guard let first = sentence.tokens.first else { return true }
        guard self.language == .english else {
            return self.language.pointingStarters.contains(first.lowercased)
        }
        if Self.pointingStarters.contains(first.lowercased) { return true }
        if Self.pointingOpenings.contains(where: { sentence.text.hasPrefix($0) }) { return true }
        if self.countsFromElsewhere(sentence) || self.namesLabel(sentence) { return true }
        let lowercased = sentence.text.lowercased()
        if Self.pointingPhrases.contains(where: { lowercased.contains($0) }) { return true }
        return sentence.tokens.contains {
            ["we", "you", "our", "us", "your", "my", "i"].contains($0.text)
        }
    }

    private static let labels = WordList.words(
        "figure fig table equation eq exercise chapter section appendix box page example diagram"
    )

    /// Whether it speaks of "Figure 3" or of "the diagram below".
    private func namesLabel(_ sentence: Sentence) -> Bool {
        for (index, token) in sentence.tokens.enumerated()
        where Self.labels.contains(token.lowercased) {
            var next = sentence.token(at: index + 1)
            if next?.text == "." { next = sentence.token(at: index + 2) }
            if next?.isNumber == true || ["above", "below", "shows"].contains(next?.lowercased) {
                return true
            }
        }
        return false
    }

    /// Whether it starts like "After five years": counted from something said before.
    private func countsFromElsewhere(_ sentence: Sentence) -> Bool {
        guard let first = sentence.tokens.first, let next = sentence.token(at: 1) else {
            return false
        }
        guard ["after", "within", "for"].contains(first.lowercased) else { return false }
        if EnglishWords.numbers.contains(next.lowercased) { return true }
        return EnglishWords.otherNumbers.contains(next.lowercased) || next.isNumber
    }

    /// Whether a verb belongs to the sentence itself and not to a clause inside it.
    private static func hasMainVerb(_ sentence: Sentence, _ classes: [WordClass]) -> Bool {
        var index = 0
        while index < classes.count {
            let word = sentence.tokens[index].lowercased
            if word == "which" || word == "who" || word == "that" || word == "to" {
                // The verb of the clause is the next one; what comes after it may be the main one.
                guard
                    let verb = classes[index...].firstIndex(where: {
                        $0 == .verb || $0 == .auxiliary
                    })
                else { return false }
                index = verb + 1
                while index < classes.count, classes[index] == .auxiliary || classes[index] == .verb
                {
                    index += 1
                }
                continue
            }
            if classes[index] == .verb || classes[index] == .auxiliary { return true }
            index += 1
        }
        return false
    }

    /// "The machine was …": a general noun with "the" was introduced by an earlier sentence.
    private func startsWithAnaphor(_ sentence: Sentence, _ classes: [WordClass]) -> Bool {
        guard let noun = classes.firstIndex(where: { $0 == .noun || $0 == .name }) else {
            return true
        }
        let start = sentence.tokens[..<noun].map(\.lowercased)
        guard start.contains("the"), classes[noun] == .noun else { return false }
        let isSubject = classes[..<noun].allSatisfy {
            $0 == .determiner || $0.isNominal || $0 == .number || $0 == .preposition
        }
        guard isSubject else { return false }
        // The last noun of the phrase counts: "the seed coat".
        var head = noun
        while head + 1 < classes.count, classes[head + 1] == .noun { head += 1 }
        if head > noun { return false }
        let modifiers =
            classes[..<noun].contains(.adjective) || classes[..<noun].contains(.participle)
        let next = sentence.token(at: head + 1)?.lowercased ?? ""
        if ["of", "that", "which", "who", "in", "for", "between", "from", "at"].contains(next) {
            return false
        }
        if modifiers, !Self.isPlainlyDescribed(sentence, before: noun) { return false }
        let word = EnglishMorphology.singular(sentence.tokens[head].lowercased)
        return EnglishNouns.anaphoric.contains(word)
            || EnglishNouns.anaphoric.contains(sentence.tokens[head].lowercased)
    }

    private static func isPlainlyDescribed(_ sentence: Sentence, before noun: Int) -> Bool {
        sentence.tokens[..<noun].contains {
            ["new", "same", "other", "whole", "original"].contains($0.lowercased)
        }
    }

    /// A pronoun that stands before any noun it could mean.
    private func hasLoosePronoun(_ sentence: Sentence, _ classes: [WordClass]) -> Bool {
        let personal = ["he", "she", "his", "her", "him"]
        let other = ["it", "they", "them", "its", "their"]
        for (index, token) in sentence.tokens.enumerated() {
            let word = token.lowercased
            if personal.contains(word), !classes[..<index].contains(.name) { return true }
            if other.contains(word),
                !classes[..<index].contains(where: { $0 == .noun || $0 == .name })
            {
                return true
            }
        }
        return false
    }

    private func plainScore(_ sentence: Sentence) -> Double {
        var score = 0.0
        let length = sentence.characters.count
        if (60...180).contains(length) { score += 1 }
        if length > 220 { score -= 1 }
        if sentence.tokens.contains(where: \.isNumber) { score += 0.5 }
        let verbs = self.language.definingVerbs
        let articles = self.language.articles
        for (one, next) in zip(sentence.tokens, sentence.tokens.dropFirst())
        where verbs.contains(one.lowercased) && articles.contains(next.lowercased) {
            return score + 2
        }
        return score
    }

    /// What marks a sentence as one that states a fact worth knowing.
    private static func factualScore(_ sentence: Sentence, _ classes: [WordClass]) -> Double {
        let words = Set(sentence.tokens.map(\.lowercased))
        var score = 0.0
        if !words.isDisjoint(with: ["because", "therefore", "causes", "caused", "leads", "led"]) {
            score += 1
        }
        if !words.isDisjoint(with: ["called", "known", "termed", "named", "defined"]) {
            score += 1
        }
        if !words.isDisjoint(with: [
            "invented", "discovered", "proposed", "founded", "published", "wrote", "proved",
            "developed", "contains", "consists", "produces", "converts", "converted", "absorbs",
            "stores", "controls", "described", "showed", "demonstrated",
        ]) {
            score += 1
        }
        if classes.contains(.name) { score += 0.5 }
        // Opinions, guesses and pronouns make a gap ambiguous.
        if !words.isDisjoint(with: [
            "perhaps", "probably", "maybe", "might", "sometimes", "often", "may", "could", "many",
            "several", "some", "various", "possible", "important", "should", "usually",
        ]) {
            score -= 0.75
        }
        if !words.isDisjoint(with: ["it", "they", "he", "she", "them"]) { score -= 0.75 }
        return score
    }
}

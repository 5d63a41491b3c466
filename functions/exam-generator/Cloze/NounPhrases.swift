// SPDX-License-Identifier: Apache-2.0

/// A noun with the words that belong to it, without its article.
struct NounPhrase {
    /// From the first adjective or noun to the last noun.
    var tokens: Range<Int>
    /// The class of the token before it; `nil` at the start of the sentence.
    var previous: WordClass?
    var article: Mention.Article
    var role: Mention.Role
    /// The noun that says what it is one of, in the singular.
    var genus: String?
}

/// Finds the noun phrases of a tagged English sentence.
struct NounPhrases {
    let sentence: Sentence
    let classes: [WordClass]

    /// The phrases of the sentence, in order.
    func find() -> [NounPhrase] {
        var phrases: [NounPhrase] = []
        var index = 0
        while index < self.classes.count {
            guard self.classes[index].isNominal else {
                index += 1
                continue
            }
            var end = index + 1
            while end < self.classes.count, self.continues(at: end) { end += 1 }
            if let phrase = self.phrase(index..<end) { phrases.append(phrase) }
            index = end
        }
        for position in phrases.indices {
            phrases[position].genus = self.genus(of: position, in: phrases)
        }
        return phrases
    }

    /// Nouns that stand for the noun after "of": "a kind of enzyme".
    private static let transparent = WordList.words(
        "kind type form set group part number sort class variety piece series one branch process"
    )

    /// What the phrase at `position` is said to be one of.
    private func genus(of position: Int, in phrases: [NounPhrase]) -> String? {
        let phrase = phrases[position]
        let genus: NounPhrase?
        switch phrase.role {
        case .defined, .explained:
            genus = phrases.dropFirst(position + 1).first
        case .named:
            // "a fluid called the stroma", or "a stack of thylakoids is called a granum".
            let verb = (0..<phrase.tokens.lowerBound).last {
                ["called", "known", "named", "termed"].contains(self.word($0))
            }
            let isPassive = verb.map { $0 > 0 && self.classes[$0 - 1] == .auxiliary } ?? false
            genus = isPassive ? nil : phrases.prefix(position).last
        case .subject, .other: genus = nil
        }
        guard let genus, let last = genus.tokens.last, self.classes[last] == .noun else {
            return nil
        }
        let head = EnglishMorphology.singular(self.word(last))
        if Self.transparent.contains(head), self.word(last + 1) == "of",
            let next = phrases.first(where: { $0.tokens.lowerBound > last }),
            let end = next.tokens.last
        {
            return EnglishMorphology.singular(self.word(end))
        }
        return head
    }

    /// Whether the token at `index` belongs to the phrase before it.
    private func continues(at index: Int) -> Bool {
        guard self.classes[index].isNominal else { return false }
        let previous = self.classes[index - 1]
        // "the cells large …" and "Shannon central": an adjective after its noun starts anew.
        let isDescribing = self.classes[index] == .participle || self.classes[index] == .adjective
        return !(isDescribing && (previous == .noun || previous == .name))
    }

    private func phrase(_ run: Range<Int>) -> NounPhrase? {
        var end = run.upperBound
        while end > run.lowerBound, self.classes[end - 1] != .noun, self.classes[end - 1] != .name {
            end -= 1
        }
        guard end > run.lowerBound else { return nil }
        let tokens = run.lowerBound..<end
        return NounPhrase(
            tokens: tokens,
            previous: tokens.lowerBound > 0 ? self.classes[tokens.lowerBound - 1] : nil,
            article: self.article(before: tokens.lowerBound),
            role: self.role(of: tokens),
            genus: nil
        )
    }

    private func word(_ index: Int) -> String {
        self.sentence.token(at: index)?.lowercased ?? ""
    }

    private func article(before index: Int) -> Mention.Article {
        let previous = self.word(index - 1)
        if previous == "a" || previous == "an" { return .indefinite }
        guard index > 0, self.classes[index - 1] == .determiner else { return .none }
        return .definite
    }

    private func role(of tokens: Range<Int>) -> Mention.Role {
        if self.isNamed(tokens.lowerBound) { return .named }
        let isFirst = self.classes[..<tokens.lowerBound].allSatisfy { $0 == .determiner }
        let next = self.word(tokens.upperBound)
        if isFirst, self.isDefinition(from: tokens.upperBound) { return .defined }
        if next == ",", ["a", "an"].contains(self.word(tokens.upperBound + 1)) {
            return .explained
        }
        return isFirst ? .subject : .other
    }

    /// "… is called X", "… known as the X", "… , a step termed X".
    private func isNamed(_ start: Int) -> Bool {
        var index = start - 1
        while index >= 0, self.classes[index] == .determiner || "“‘\"(".contains(self.word(index)) {
            index -= 1
        }
        let word = self.word(index)
        if ["called", "named", "termed", "dubbed"].contains(word) { return true }
        guard word == "as" else { return false }
        let before = [self.word(index - 1), self.word(index - 2)]
        return before.contains { ["known", "defined", "described", "referred"].contains($0) }
    }

    /// "… is a", "… are the", "… consists of", "… refers to", "… means".
    private func isDefinition(from index: Int) -> Bool {
        let verb = self.word(index)
        let next = self.word(index + 1)
        if ["is", "are", "was", "were"].contains(verb) {
            return ["a", "an", "any", "one"].contains(next)
                || (next == "the"
                    && !["same", "only", "main", "most"].contains(self.word(index + 2)))
                || self.isBarePlural(at: index + 1, after: verb)
        }
        if ["consists", "consist"].contains(verb) { return next == "of" }
        if ["refers", "refer"].contains(verb) { return next == "to" }
        return verb == "means" || verb == "denotes"
    }

    /// Whether a noun in the plural defines, as in "Carotenoids are yellow pigments that absorb".
    private func isBarePlural(at index: Int, after verb: String) -> Bool {
        guard verb == "are", self.classes.indices.contains(index) else { return false }
        var end = index
        while end < self.classes.count, self.classes[end].isNominal || self.word(end) == "and" {
            end += 1
        }
        guard end > index, self.classes[end - 1] == .noun else { return false }
        return EnglishMorphology.isPlural(self.word(end - 1))
            && ["that", "which", "of", "in", "with"].contains(self.word(end))
    }
}

// SPDX-License-Identifier: Apache-2.0

/// What a word does in its sentence.
enum WordClass {
    case determiner
    case preposition
    case conjunction
    case pronoun
    case auxiliary
    case verb
    case adverb
    case adjective
    /// An -ed or -ing form that describes the noun after it.
    case participle
    case noun
    /// A capitalised word inside a sentence.
    case name
    case number
    case boundary

    /// Whether it can stand before the last noun of a noun phrase.
    var isNominal: Bool {
        switch self {
        case .adjective, .participle, .noun, .name: true
        default: false
        }
    }
}

/// How a document writes its words; tells names from words that merely start a sentence.
struct CaseEvidence {
    private var lowercased: [String: Int] = [:]
    private var capitalized: [String: Int] = [:]

    /// Counts the words of `sentences`, the first of each left out.
    init(_ sentences: [Sentence]) {
        for sentence in sentences {
            let firstWord = sentence.tokens.firstIndex { $0.isWord } ?? 0
            for (index, token) in sentence.tokens.enumerated() where token.isWord {
                if token.isCapitalized {
                    if index > firstWord { self.capitalized[token.lowercased, default: 0] += 1 }
                } else {
                    self.lowercased[token.lowercased, default: 0] += 1
                }
            }
        }
    }

    /// Whether `word` is mostly written with a small letter, or never seen inside a sentence.
    func isUsuallyLowercase(_ word: String) -> Bool {
        self.capitalized[word, default: 0] <= self.lowercased[word, default: 0]
    }

    /// Whether `word` was seen capitalised inside a sentence.
    func isName(_ word: String) -> Bool { !self.isUsuallyLowercase(word) }

    /// Whether the document writes `word` with a small letter anywhere.
    func occursLowercase(_ word: String) -> Bool { self.lowercased[word] != nil }
}

/// Gives every word of an English sentence its class, by lists and by its neighbours.
struct EnglishTagger {
    let evidence: CaseEvidence

    /// The classes of the tokens of `sentence`.
    func classes(of sentence: Sentence) -> [WordClass] {
        var classes: [WordClass] = []
        classes.reserveCapacity(sentence.tokens.count)
        for index in sentence.tokens.indices {
            classes.append(self.wordClass(at: index, in: sentence, before: classes))
        }
        return classes
    }

    private func wordClass(
        at index: Int,
        in sentence: Sentence,
        before classes: [WordClass]
    ) -> WordClass {
        let token = sentence.tokens[index]
        switch token.shape {
        case .number: return .number
        case .symbol, .punctuation: return .boundary
        case .word: break
        }
        let word = token.lowercased
        if let closed = self.closedClass(word, token: token) { return closed }
        if self.isName(token, at: index, in: sentence) { return .name }
        if word.first?.isNumber == true { return .noun }
        if EnglishNouns.plainAdjectives.contains(word) {
            return self.adjectiveOrNoun(word, at: index, in: sentence)
        }
        let forms = EnglishMorphology.verbForms(word)
        if !forms.isEmpty {
            return self.verbOrNoun(word, forms: forms, at: index, in: sentence, before: classes)
        }
        if Self.isAdverb(word) { return .adverb }
        if Self.isAdjective(word) || self.isPredicate(word, at: index, in: sentence) {
            return .adjective
        }
        return .noun
    }

    /// Small words that texts write in capitals for stress: "MUST", "NOT".
    private static let emphasized = WordList.words(
        "not must should shall may will can and or all any only no if never always every each"
    )

    private func closedClass(_ word: String, token: Token) -> WordClass? {
        if token.isAcronym, !Self.emphasized.contains(word) { return nil }
        if EnglishWords.determiners.contains(word) { return .determiner }
        if EnglishWords.auxiliaries.contains(word) {
            return word == "may" && token.isCapitalized ? nil : .auxiliary
        }
        if EnglishWords.prepositions.contains(word) { return .preposition }
        if EnglishWords.conjunctions.contains(word) { return .conjunction }
        if EnglishWords.pronouns.contains(word) { return .pronoun }
        if EnglishWords.numbers.contains(word) || EnglishWords.otherNumbers.contains(word) {
            return .number
        }
        if EnglishWords.adverbs.contains(word) { return .adverb }
        return nil
    }

    /// "is alkaline", "were parallel": one word after a form of be, without an article.
    private func isPredicate(_ word: String, at index: Int, in sentence: Sentence) -> Bool {
        guard index > 0, EnglishWords.formsOfBe.contains(sentence.tokens[index - 1].lowercased),
            !EnglishMorphology.isPlural(word)
        else { return false }
        guard let next = sentence.token(at: index + 1), next.isWord else { return true }
        return EnglishWords.prepositions.contains(next.lowercased)
            || EnglishWords.conjunctions.contains(next.lowercased)
    }

    private func adjectiveOrNoun(_ word: String, at index: Int, in sentence: Sentence) -> WordClass
    {
        guard EnglishNouns.nounsToo.contains(word) else { return .adjective }
        let next = sentence.token(at: index + 1)
        let isLast =
            next?.isWord != true || EnglishWords.prepositions.contains(next?.lowercased ?? "")
            || EnglishWords.auxiliaries.contains(next?.lowercased ?? "")
        return isLast ? .noun : .adjective
    }

    private func isName(_ token: Token, at index: Int, in sentence: Sentence) -> Bool {
        guard token.isCapitalized || token.text.contains(where: \.isUppercase) else { return false }
        if token.isAcronym { return true }
        let isFirst = sentence.tokens[..<index].allSatisfy { !$0.isWord && !$0.isNumber }
        guard isFirst else { return true }
        if self.evidence.isName(token.lowercased) { return true }
        // "Jean-Jacques", "McNulty"
        if token.text.dropFirst().contains(where: \.isUppercase) { return true }
        if EnglishWords.demonyms.contains(token.lowercased) { return true }
        let next = sentence.token(at: index + 1)
        if ProperNames.particles.contains(token.lowercased), next?.isCapitalized == true {
            return true
        }
        if self.evidence.occursLowercase(token.lowercased) { return false }
        // "Isaac Newton": nothing but a name stands before a capital.
        return EnglishNames.givenNames.contains(token.lowercased)
            || EnglishNames.places.contains(token.lowercased)
            || (next?.isWord == true && next?.isCapitalized == true && next?.isAcronym == false)
    }

    static func isAdverb(_ word: String) -> Bool {
        word.count > 4 && word.hasSuffix("ly") && !EnglishWords.falseAdverbs.contains(word)
    }

    static func isAdjective(_ word: String) -> Bool {
        if EnglishNouns.plainAdjectives.contains(word) { return true }
        guard !EnglishNouns.falseAdjectives.contains(word), word.count > 4 else { return false }
        if EnglishNouns.adjectiveSuffixes.contains(where: { word.hasSuffix($0) }) { return true }
        return self.isComparative(word)
    }

    /// "cheaper", "fastest", "happier".
    private static func isComparative(_ word: String) -> Bool {
        for ending in ["er", "est"] where word.hasSuffix(ending) {
            let stem = String(word.dropLast(ending.count))
            var stems = [stem, stem + "e"]
            if stem.hasSuffix("i") { stems.append(stem.dropLast() + "y") }
            if let last = stem.last, stem.dropLast().last == last {
                stems.append(String(stem.dropLast()))
            }
            if stems.contains(where: EnglishNouns.plainAdjectives.contains) { return true }
        }
        return false
    }

    private func verbOrNoun(
        _ word: String,
        forms: EnglishMorphology.VerbForms,
        at index: Int,
        in sentence: Sentence,
        before classes: [WordClass]
    ) -> WordClass {
        let previous = classes.last
        let previousWord = index > 0 ? sentence.tokens[index - 1].lowercased : ""
        let isAlsoNoun = EnglishMorphology.isAlsoNoun(word)
        let nextIsObject = self.startsObject(sentence.token(at: index + 1))
        switch previous {
        case .pronoun:
            return .verb
        case .conjunction:
            let beforeThat = classes.dropLast().last
            let isRelative =
                ["which", "who"].contains(previousWord)
                || previousWord == "that" && (beforeThat == .noun || beforeThat == .name)
            if isRelative { return .verb }
            if ["that", "when", "if", "because", "as"].contains(previousWord) {
                return forms.contains(.past)
                    ? .participle : self.bareNoun(word, forms, at: index, in: sentence)
            }
        case .auxiliary:
            if forms.contains(.gerund) || forms.contains(.past) { return .verb }
            if EnglishWords.modals.contains(previousWord) { return .verb }
            return self.bareNoun(word, forms, at: index, in: sentence)
        case .preposition where previousWord == "to" && forms.contains(.base):
            return .verb
        case .number where !isAlsoNoun && previousWord.first?.isNumber == true:
            return .verb
        case .determiner, .adjective, .participle, .preposition, .number:
            return self.bareNoun(word, forms, at: index, in: sentence)
        default: break
        }
        if forms.contains(.past), previous == .verb, !nextIsObject,
            let next = sentence.token(at: index + 1), next.isWord,
            !EnglishWords.prepositions.contains(next.lowercased)
        {
            return .participle  // "described stored programs"
        }
        if forms.contains(.past) {
            return previous == nil || previous == .boundary || previous == .conjunction
                ? (nextIsObject ? .verb : .participle) : .verb
        }
        if forms.contains(.gerund) {
            if previous == .noun || previous == .name { return nextIsObject ? .verb : .noun }
            return .participle
        }
        guard previous != nil else { return forms.contains(.base) && !isAlsoNoun ? .verb : .noun }
        return self.finiteOrNoun(
            forms,
            isAlsoNoun: isAlsoNoun,
            isMostlyVerb: EnglishVerbs.mostlyVerbs.contains(word),
            nextIsObject: nextIsObject,
            after: previousWord,
            next: sentence.token(at: index + 1)
        )
    }

    /// A base form or an -s form after a noun: "ions flow", "the leaf stores", "the water flow".
    private func finiteOrNoun(
        _ forms: EnglishMorphology.VerbForms,
        isAlsoNoun: Bool,
        isMostlyVerb: Bool,
        nextIsObject: Bool,
        after previousWord: String,
        next: Token?
    ) -> WordClass {
        let previousIsPlural = EnglishMorphology.isPlural(previousWord)
        let agrees = forms.contains(.thirdPerson) ? !previousIsPlural : previousIsPlural
        if !isAlsoNoun { return .verb }
        if !agrees { return .noun }
        if nextIsObject || isMostlyVerb { return .verb }
        let nextWord = next?.lowercased ?? ""
        if EnglishWords.conjunctions.contains(nextWord), !["and", "or"].contains(nextWord) {
            return .verb
        }
        if forms.contains(.base) { return next?.isWord == true ? .verb : .noun }
        return ["to", "from", "through", "into", "up", "out", "by"].contains(nextWord)
            ? .verb : .noun
    }

    /// A verb form where no verb can stand: "the flow", "of limiting factors", "a called thing".
    private func bareNoun(
        _ word: String,
        _ forms: EnglishMorphology.VerbForms,
        at index: Int,
        in sentence: Sentence
    ) -> WordClass {
        let next = sentence.token(at: index + 1)?.lowercased ?? ""
        let isLast = EnglishWords.prepositions.contains(next)
        if EnglishMorphology.isAlsoNoun(word), isLast { return .noun }
        if forms.contains(.past) || forms.contains(.gerund) { return .participle }
        return Self.isAdjective(word) ? .adjective : .noun
    }

    /// Whether `token` starts what a verb needs after it: an object, an adverb, a clause.
    private func startsObject(_ token: Token?) -> Bool {
        guard let token, token.isWord || token.isNumber else { return false }
        let word = token.lowercased
        return token.isNumber || EnglishWords.determiners.contains(word)
            || EnglishWords.pronouns.contains(word) || EnglishWords.adverbs.contains(word)
            || EnglishWords.numbers.contains(word) || EnglishWords.otherNumbers.contains(word)
            || word == "that" || Self.isAdverb(word) || EnglishNouns.plainAdjectives.contains(word)
    }
}

// SPDX-License-Identifier: Apache-2.0

/// Collects the terms of an English document.
struct EnglishTerms {
    /// Longer terms are phrases that nobody would fill in.
    static let wordsMax = 4

    private let sentences: [Sentence]
    private var classes: [[WordClass]] = []
    private var phrases: [[NounPhrase]] = []
    /// How often a sequence of words ends a noun phrase, and is a whole one.
    private var endCounts: [String: Int] = [:]
    private var wholeCounts: [String: Int] = [:]

    private var mentions: [String: [Mention]] = [:]
    private var kinds: [String: TermKind] = [:]
    private var votes: [String: [TermKind: Double]] = [:]

    /// The terms in `sentences`, in the order of their keys.
    static func collect(_ sentences: [Sentence]) -> [Term] {
        var terms = EnglishTerms(sentences)
        terms.tag()
        terms.addNumbers()
        terms.addNames()
        terms.addNouns()
        return terms.finish()
    }

    private init(_ sentences: [Sentence]) {
        self.sentences = sentences
    }

    private mutating func tag() {
        let tagger = EnglishTagger(evidence: CaseEvidence(self.sentences))
        for sentence in self.sentences {
            let classes = tagger.classes(of: sentence)
            let phrases = NounPhrases(sentence: sentence, classes: classes).find()
            self.classes.append(classes)
            self.phrases.append(phrases)
            for phrase in phrases {
                let core = self.withoutPlainWords(phrase.tokens, at: phrases, classes, sentence)
                for start in core where core.upperBound - start <= Self.wordsMax {
                    let key = Self.key(of: start..<core.upperBound, in: sentence)
                    self.endCounts[key, default: 0] += 1
                    if start == core.lowerBound { self.wholeCounts[key, default: 0] += 1 }
                }
            }
        }
    }

    /// `tokens` without the plain adjectives and nationalities at its start.
    private func withoutPlainWords(
        _ tokens: Range<Int>,
        at phrases: [NounPhrase],
        _ classes: [WordClass],
        _ sentence: Sentence
    ) -> Range<Int> {
        var start = tokens.lowerBound
        while start + 1 < tokens.upperBound {
            let token = sentence.tokens[start]
            let isPlain =
                EnglishNouns.plainAdjectives.contains(token.lowercased)
                || EnglishWords.demonyms.contains(token.lowercased)
                || token.isPossessive && classes[start] != .name
            guard isPlain else { break }
            start += 1
        }
        return start..<tokens.upperBound
    }

    /// The words of `tokens` in lower case, the last one in the singular.
    static func key(of tokens: Range<Int>, in sentence: Sentence) -> String {
        var words = sentence.tokens[tokens].map(\.lowercased)
        if let last = words.popLast() { words.append(EnglishMorphology.singular(last)) }
        return words.joined(separator: " ")
    }

    // MARK: Numbers

    private mutating func addNumbers() {
        let numbers = NumberTerms(language: .english)
        for (sentence, classes) in zip(self.sentences, self.classes) {
            for finding in numbers.find(in: sentence, classes: classes) {
                let text = sentence.text(of: finding.tokens)
                let mention = Mention(sentence: sentence.index, tokens: finding.tokens, text: text)
                self.add(mention, key: text.lowercased(), kind: finding.kind)
            }
        }
    }

    // MARK: Names

    private mutating func addNames() {
        for (index, sentence) in self.sentences.enumerated() {
            for range in ProperNames.find(in: sentence, classes: self.classes[index]) {
                self.addName(range, in: sentence, phrases: self.phrases[index])
            }
        }
        self.spreadParts()
    }

    private mutating func addName(_ range: Range<Int>, in sentence: Sentence, phrases: [NounPhrase])
    {
        guard let last = range.last else { return }
        // In "the Calvin cycle" and "Moore’s law" the name is a part of the term.
        let phrase = phrases.first { $0.tokens.contains(last) }
        if let phrase, phrase.tokens.upperBound > range.upperBound { return }
        if sentence.tokens[last].isPossessive { return }
        let text = sentence.text(of: range)
        guard text.count > 2 || sentence.tokens[last].isAcronym else { return }
        if sentence.tokens[range.lowerBound].isRomanNumeral { return }
        let key = text.lowercased()
        let isAcronym = range.count == 1 && sentence.tokens[last].isAcronym
        for (kind, weight) in ProperNames.votes(for: range, in: sentence) {
            self.votes[key, default: [:]][kind, default: 0] += weight
        }
        if isAcronym { self.votes[key, default: [:]][.acronym, default: 0] += 3 }
        let mention = Mention(
            sentence: sentence.index,
            tokens: range,
            text: text,
            role: phrase?.role ?? .other,
            article: phrase?.article ?? .none,
            isPlural: phrase?.article == .definite
                && EnglishMorphology.isPlural(sentence.tokens[last].lowercased),
            genus: phrase?.genus ?? self.apposition(before: range.lowerBound, in: sentence)
        )
        self.add(mention, key: key, kind: .name)
    }

    /// The noun right before a term, which says what it is: "the enzyme rubisco".
    private func apposition(before index: Int, in sentence: Sentence) -> String? {
        guard index > 0, self.classes[sentence.index][index - 1] == .noun else { return nil }
        return EnglishMorphology.singular(sentence.tokens[index - 1].lowercased)
    }

    /// "Lovelace" and "Ada" name a person when "Ada Lovelace" does.
    private mutating func spreadParts() {
        let people = self.votes.filter { Self.winner($0.value) == .person }.keys
        var parts = Set<String>()
        for words in people.map({ $0.split(separator: " ").map(String.init) }) {
            parts.formUnion([words.first, words.last].compactMap { $0 })
        }
        for key in self.mentions.keys where parts.contains(key) {
            self.votes[key, default: [:]][.person, default: 0] += 6
        }
    }

    private static func winner(_ votes: [TermKind: Double]) -> TermKind {
        let order: [TermKind] = [.acronym, .organization, .name, .place, .person]
        let best = order.max { votes[$0, default: 0] < votes[$1, default: 0] }
        guard let best, votes[best, default: 0] >= 2 else { return .name }
        return best
    }

    // MARK: Nouns

    private mutating func addNouns() {
        for (index, sentence) in self.sentences.enumerated() {
            for phrase in self.phrases[index]
            where self.classes[index][phrase.tokens.last ?? 0] == .noun {
                let core = self.withoutPlainWords(
                    phrase.tokens,
                    at: self.phrases[index],
                    self.classes[index],
                    sentence
                )
                guard let range = self.term(in: core, role: phrase.role, sentence: sentence, index)
                else { continue }
                self.addNoun(range, phrase: phrase, in: sentence)
            }
        }
    }

    private mutating func addNoun(_ range: Range<Int>, phrase: NounPhrase, in sentence: Sentence) {
        var text = sentence.text(of: range)
        let isAtStart = sentence.tokens[..<range.lowerBound].allSatisfy { !$0.isWord }
        let first = sentence.tokens[range.lowerBound]
        if isAtStart, !first.isAcronym, first.text.dropFirst().allSatisfy({ !$0.isUppercase }),
            self.classes[sentence.index][range.lowerBound] != .name
        {
            text = text.prefix(1).lowercased() + text.dropFirst()
        }
        let head = sentence.tokens[range.upperBound - 1].lowercased
        let isWhole = range.lowerBound == phrase.tokens.lowerBound
        let mention = Mention(
            sentence: sentence.index,
            tokens: range,
            text: text,
            role: phrase.role,
            article: isWhole ? phrase.article : .definite,
            isPlural: EnglishMorphology.isPlural(head),
            genus: phrase.genus ?? self.apposition(before: range.lowerBound, in: sentence)
        )
        self.add(mention, key: Self.key(of: range, in: sentence), kind: .noun)
    }

    /// The part of a noun phrase that is a term; `nil` when none is.
    private func term(
        in core: Range<Int>,
        role: Mention.Role,
        sentence: Sentence,
        _ index: Int
    ) -> Range<Int>? {
        var start = core.lowerBound
        while start < core.upperBound {
            let range = start..<core.upperBound
            if range.count <= Self.wordsMax,
                self.isTerm(range, isWhole: start == core.lowerBound, role: role, sentence, index)
            {
                return range
            }
            start += 1
        }
        return nil
    }

    private func isTerm(
        _ range: Range<Int>,
        isWhole: Bool,
        role: Mention.Role,
        _ sentence: Sentence,
        _ index: Int
    ) -> Bool {
        let key = Self.key(of: range, in: sentence)
        let tokens = sentence.tokens[range]
        guard let first = tokens.first, let last = tokens.last else { return false }
        guard last.text.count > 2 || last.isAcronym, !last.isRomanNumeral,
            last.text.allSatisfy(Self.isTermCharacter)
        else {
            return false
        }
        if tokens.contains(where: \.isPossessive), range.count < 2 { return false }
        if NumberTerms.isUnit(last.lowercased) { return false }
        let isFixed = self.endCounts[key, default: 0] > 1 || role == .named || role == .defined
        if range.count == Self.wordsMax, !isFixed { return false }
        if range.count == 1 {
            let isGeneral = Self.isGeneral(last.lowercased)
            // What is left when a compound loses its front is no term: "system" of "root system".
            return !isGeneral && (isWhole || self.wholeCounts[key, default: 0] > 1)
        }
        let firstClass = self.classes[index][range.lowerBound]
        if first.isPossessive { return isFixed && firstClass == .name }
        if firstClass == .participle { return isFixed }
        // "enzyme rubisco": the name of the thing counts, not what it is.
        if let second = sentence.token(at: range.lowerBound + 1), firstClass == .noun {
            let rest = Self.key(of: (range.lowerBound + 1)..<range.upperBound, in: sentence)
            let isApposition = self.wholeCounts[rest, default: 0] > self.endCounts[key, default: 0]
            if isApposition, !isFixed, !Self.isGeneral(second.lowercased) { return false }
        }
        return isFixed || !EnglishTagger.isAdjective(first.lowercased)
            || !Self.isGeneral(last.lowercased)
    }

    private static func isTermCharacter(_ character: Character) -> Bool {
        character.isLetter || character.isNumber || "-’/".contains(character)
    }

    static func isGeneral(_ word: String) -> Bool {
        EnglishNouns.general.contains(word)
            || EnglishNouns.general.contains(EnglishMorphology.singular(word))
            || EnglishWords.months.contains(word) || EnglishWords.weekdays.contains(word)
            || EnglishTagger.isAdjective(word)
    }

    // MARK: Result

    private mutating func add(_ mention: Mention, key: String, kind: TermKind) {
        // A word that is now a name and now a noun keeps the kind that came first.
        self.mentions[key, default: []].append(mention)
        if self.kinds[key] == nil { self.kinds[key] = kind }
    }

    private func finish() -> [Term] {
        self.mentions.keys.sorted().map { key in
            var kind = self.kinds[key] ?? .noun
            if kind == .name { kind = Self.winner(self.votes[key, default: [:]]) }
            var term = Term(key: key, kind: kind, mentions: self.mentions[key, default: []])
            term.technicality = Self.technicality(of: term)
            return term
        }
    }

    private static func technicality(of term: Term) -> Double {
        var technicality = 0.0
        let best = term.mentions.map(\.role).min() ?? .other
        if best == .defined || best == .named { technicality += 2 }
        if best == .explained { technicality += 1 }
        technicality += min(2, Double(term.mentions.count - 1) * 0.5)
        if term.kind == .noun {
            let words = term.key.split(separator: " ").map(String.init)
            let general = words.count(where: self.isGeneral)
            technicality += general == 0 ? 1.5 : (general == words.count ? -1.5 : 0)
            if words.count == 1, words[0].count < 5 { technicality -= 0.5 }
            // One word that comes once and is not explained may be any word.
            if words.count == 1, term.mentions.count == 1, best > .explained { technicality -= 1 }
            if term.isCapitalized { technicality += 1 }
        } else {
            technicality += 1.5
        }
        return technicality
    }
}

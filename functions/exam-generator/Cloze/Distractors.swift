// SPDX-License-Identifier: Apache-2.0

/// Chooses wrong options that a learner who did not read the text could take for right.
struct Distractors {
    /// Wrong options of every question.
    static let count = 3
    /// The most similar terms, of which some are chosen by chance.
    static let poolMax = 6

    /// Wrong options and how well they fit.
    struct Choice {
        var options: [String]
        var fit: Double
    }

    /// Terms of one kind that are looked at for a question, the most technical first.
    static let familyMax = 400

    /// A term with what its comparison with others needs.
    private struct Entry {
        var term: Term
        /// The words of its key in the singular.
        var stems: [String]
        var nounClass: Int
    }

    private let families: [Family: [Entry]]
    private let aliases: Aliases
    private let language: Language

    /// Kinds that can stand in for one another.
    private enum Family: Hashable {
        case kind(TermKind)
        case names
    }

    /// Prepares for choosing among `terms`.
    init(terms: [Term], aliases: Aliases, language: Language) {
        self.aliases = aliases
        self.language = language
        var families: [Family: [Entry]] = [:]
        for term in terms {
            let entry = Self.entry(term)
            families[Self.family(of: term.kind), default: []].append(entry)
            // "Calvin cycle" can stand in for "Great Oxidation Event".
            if term.kind == .noun, term.wordCount > 1, term.isCapitalized {
                families[.names, default: []].append(entry)
            }
        }
        self.families = families.mapValues { entries in
            let sorted = entries.sorted { one, other in
                one.term.technicality == other.term.technicality
                    ? one.term.key < other.term.key
                    : one.term.technicality > other.term.technicality
            }
            return Array(sorted.prefix(Self.familyMax))
        }
    }

    private static func entry(_ term: Term) -> Entry {
        Entry(
            term: term,
            stems: term.words.map(EnglishMorphology.singular),
            nounClass: self.nounClass(term.words.last ?? "")
        )
    }

    private static func family(of kind: TermKind) -> Family {
        switch kind {
        case .name, .organization: .names
        default: .kind(kind)
        }
    }

    private typealias Rated = (option: String, entry: Entry, fit: Double)

    /// Three wrong options for the question that asks for `mention` of `answer`.
    ///
    /// - Returns: `nil` when the document has too few terms of the same kind.
    func choose(
        for mention: Mention,
        of answer: Term,
        in sentence: Sentence,
        seed: String
    ) -> Choice? {
        var inSentence = Set<String>()
        for (index, token) in sentence.tokens.enumerated() where !mention.tokens.contains(index) {
            inSentence.insert(EnglishMorphology.singular(token.lowercased))
        }
        let wanted = Self.entry(answer)
        var rated: [Rated] = []
        for entry in self.families[Self.family(of: answer.kind)] ?? [] {
            guard let option = self.option(entry.term, insteadOf: mention, of: answer) else {
                continue
            }
            if self.isExcluded(entry, wanted, inSentence: inSentence) { continue }
            rated.append((option, entry, self.fit(entry, mention, wanted)))
        }
        rated.sort { $0.fit == $1.fit ? $0.option < $1.option : $0.fit > $1.fit }
        return self.pick(rated, seed: seed)
    }

    /// Picks by chance among the best, none related to another.
    private func pick(_ rated: [Rated], seed: String) -> Choice? {
        var random = DeterministicRandom(seed: seed)
        var pool = Array(rated.prefix(Self.poolMax))
        // A good option is not given up for a much worse one.
        if pool.count > Self.count {
            let floor = pool[Self.count - 1].fit - 1
            pool = pool.filter { $0.fit >= floor }
        }
        pool = random.shuffled(pool) + rated.dropFirst(pool.count)
        var chosen: [Rated] = []
        for candidate in pool where chosen.count < Self.count {
            let isLikeAnother = chosen.contains {
                Self.overlaps($0.entry, candidate.entry) || $0.option == candidate.option
            }
            if !isLikeAnother { chosen.append(candidate) }
        }
        guard chosen.count == Self.count else { return nil }
        let fit = chosen.reduce(0) { $0 + $1.fit } / Double(Self.count)
        return Choice(options: chosen.map(\.option), fit: fit)
    }

    /// How `term` reads in the gap; `nil` when it does not fit in.
    private func option(_ term: Term, insteadOf mention: Mention, of answer: Term) -> String? {
        guard term.key != answer.key else { return nil }
        guard answer.kind == .noun else { return term.mentions.first?.text }
        guard let form = mention.isPlural ? term.plural : term.singular else { return nil }
        return form.count <= 60 ? form : nil
    }

    private func isExcluded(_ entry: Entry, _ answer: Entry, inSentence: Set<String>) -> Bool {
        if answer.term.kind.isNumeric { return inSentence.contains(entry.term.key) }
        // A term that the sentence names itself is no option; neither is its last word.
        if entry.stems.last.map({ inSentence.contains($0) }) == true { return true }
        return self.aliases.areAliases(entry.term.key, answer.term.key)
            || Self.overlaps(entry, answer)
    }

    /// Whether two terms share so much that one gives the other away, or means the same.
    private static func overlaps(_ one: Entry, _ other: Entry) -> Bool {
        if one.term.kind.isNumeric { return one.term.key == other.term.key }
        if one.stems.count == other.stems.count {
            return zip(one.stems, other.stems).allSatisfy { EnglishMorphology.areRelated($0, $1) }
        }
        return one.stems.contains { word in
            other.stems.contains { EnglishMorphology.areRelated(word, $0) }
        }
    }

    /// How similar `term` is to the answer; the answer itself would have about 6.
    private func fit(_ entry: Entry, _ mention: Mention, _ wanted: Entry) -> Double {
        let term = entry.term
        let answer = wanted.term
        switch answer.kind {
        case .year, .decade, .quantity, .count, .numberWord: return self.numericFit(term, answer)
        case .person, .place, .organization, .acronym, .name, .noun: break
        }
        var fit = min(2.5, max(-2, term.technicality)) - max(0, 2.5 - answer.technicality) * 0.2
        fit += term.kind == answer.kind ? 1 : (term.kind == .noun ? 0 : -1.5)
        if term.wordCount == answer.wordCount { fit += 1 }
        fit -= 0.4 * Double(abs(term.wordCount - answer.wordCount))
        fit -= 0.05 * Double(min(20, abs(term.key.count - answer.key.count)))
        let isLowercase = mention.text.first?.isUppercase == true ? 0.0 : 0.5
        if term.mentions.first?.text.first?.isUppercase == mention.text.first?.isUppercase {
            fit += isLowercase
        }
        if answer.kind == .name, term.mentions.contains(where: { $0.isPlural == mention.isPlural })
        {
            fit += 0.75
        }
        if answer.kind == .name || answer.kind == .acronym {
            fit += term.articles.contains(mention.article) ? 0.75 : -0.75
        }
        if answer.kind == .noun {
            fit += term.articles.contains(mention.article) ? 0.75 : 0
            if self.language != .english { fit += self.endingFit(term, mention) }
            if mention.article == .indefinite, !term.articles.contains(.indefinite) { fit -= 1 }
            if mention.article == .none, !mention.isPlural, !term.articles.contains(.none) {
                fit -= 1
            }
            if entry.nounClass == wanted.nounClass { fit += 1 }
        }
        if answer.wordCount > 1, term.words.last == answer.words.last { fit += 1.5 }
        if !term.genera.isDisjoint(with: answer.genera) { fit += 1.5 }
        fit -= 0.15 * Double(min(8, abs(term.mentions.count - answer.mentions.count)))
        return fit
    }

    /// Where words are inflected, the same article and the same ending fit into the same gap.
    private func endingFit(_ term: Term, _ mention: Mention) -> Double {
        guard self.language != .ideographic, let option = term.mentions.first?.text else {
            return 0
        }
        let ending = String(mention.text.suffix(2)).lowercased()
        var fit = 0.0
        if option.lowercased().hasSuffix(ending) {
            fit += 1
        } else if option.lowercased().last == ending.last {
            fit += 0.6
        }
        if case .word = mention.article { fit += term.articles.contains(mention.article) ? 1 : -1 }
        return fit
    }

    private func numericFit(_ term: Term, _ answer: Term) -> Double {
        guard let value = Self.value(term.key), let wanted = Self.value(answer.key) else {
            return 2
        }
        if answer.kind == .year {
            return 4 - min(3, abs(value - wanted) / 40)
        }
        guard value > 0, wanted > 0 else { return 2 }
        let ratio = max(value, wanted) / min(value, wanted)
        return 4 - min(4, ratio > 50 ? 4 : (ratio > 8 ? 2 : 0.5))
    }

    /// The number that `text` starts with.
    private static func value(_ text: String) -> Double? {
        let digits = text.prefix { $0.isASCIIDigit || $0 == "." || $0 == "," }
        return Double(String(digits.filter { $0 != "," }))
    }

    /// A rough class of what a noun names, by the end of its last word.
    private static func nounClass(_ word: String) -> Int {
        let classes: [[String]] = [
            ["tion", "sion", "sis", "ment", "ing", "ysis"],
            ["ist", "ian", "or", "er", "ee"],
            ["ity", "ness", "ism", "ship", "ance", "ence", "acy", "dom"],
            ["logy", "graphy", "ics", "nomy", "metry"],
            ["ium", "gen", "ine", "ide", "ate", "ase", "ose", "ol", "ane"],
        ]
        return classes.firstIndex { $0.contains { word.hasSuffix($0) } } ?? classes.count
    }
}

// SPDX-License-Identifier: Apache-2.0

/// A question that could be asked.
struct Candidate {
    var question: Question
    /// The term asked for.
    var key: String
    var kind: TermKind
    /// The index of its sentence.
    var sentence: Int
    /// How good the question is.
    var score: Double
}

/// Finds every question that the sentences of a document allow.
struct Candidates {
    /// The least fit of wrong options for a question to be asked.
    static let fitMin = 1.0
    /// Wrong options are looked for only for the best of so many parts of a document.
    static let segments = 50
    static let draftsPerSegmentMax = 24
    /// Longer answers are clauses, not terms.
    static let answerCharactersMax = 48

    private let sentences: [Sentence]
    private let language: Language
    private let distractors: Distractors

    /// The questions, in the order of their sentences.
    static func find(in sentences: [Sentence], language: Language) -> [Candidate] {
        let terms =
            language == .english
            ? EnglishTerms.collect(sentences) : PlainTerms.collect(sentences, language: language)
        let aliases = Aliases(terms: terms, sentences: sentences)
        let finder = Candidates(
            sentences: sentences,
            language: language,
            distractors: Distractors(terms: terms, aliases: aliases, language: language)
        )
        return finder.candidates(for: terms)
    }

    /// A term that a sentence could be asked about, before wrong options are looked for.
    private struct Draft {
        var mention: Mention
        var term: Term
        var score: Double

        /// A total order, so that an exam depends on the document alone.
        static func isBetter(_ one: Draft, _ other: Draft) -> Bool {
            if one.score != other.score { return one.score > other.score }
            if one.term.key != other.term.key { return one.term.key < other.term.key }
            let first = (one.mention.sentence, one.mention.tokens.lowerBound)
            return first < (other.mention.sentence, other.mention.tokens.lowerBound)
        }
    }

    private func candidates(for terms: [Term]) -> [Candidate] {
        var drafts: [[Draft]] = Array(repeating: [], count: Self.segments)
        let scores = self.sentenceScores()
        for term in terms {
            for mention in term.mentions {
                guard let sentenceScore = scores[mention.sentence],
                    let termScore = self.score(of: term, mention)
                else { continue }
                let segment = mention.sentence * Self.segments / self.sentences.count
                let draft = Draft(mention: mention, term: term, score: sentenceScore + termScore)
                drafts[segment].append(draft)
            }
        }
        let best = drafts.flatMap { segment in
            segment.sorted(by: Draft.isBetter).prefix(Self.draftsPerSegmentMax)
        }
        return best.compactMap(self.candidate).sorted { one, other in
            one.sentence == other.sentence ? one.key < other.key : one.sentence < other.sentence
        }
    }

    private func sentenceScores() -> [Double?] {
        let tagger = EnglishTagger(evidence: CaseEvidence(self.sentences))
        let judge = SentenceJudge(language: self.language)
        return self.sentences.map { sentence in
            let classes = self.language == .english ? tagger.classes(of: sentence) : nil
            return judge.score(sentence, classes: classes)
        }
    }

    private func candidate(_ draft: Draft) -> Candidate? {
        let sentence = self.sentences[draft.mention.sentence]
        let text = self.gapped(sentence, draft.mention)
        let choice = self.distractors.choose(
            for: draft.mention,
            of: draft.term,
            in: sentence,
            seed: text
        )
        guard let choice, choice.fit >= Self.fitMin else { return nil }
        return Candidate(
            question: Self.question(text, draft.mention, wrong: choice.options),
            key: draft.term.key,
            kind: draft.term.kind,
            sentence: sentence.index,
            score: draft.score + min(2, choice.fit * 0.4)
        )
    }

    /// Whether the sentence gives the answer away in another place.
    private func isRepeated(_ term: Term, _ mention: Mention, in sentence: Sentence) -> Bool {
        let words = sentence.tokens[mention.tokens].map(\.lowercased).filter {
            $0.count > 2 || term.kind.isNumeric
        }
        for (index, token) in sentence.tokens.enumerated() where !mention.tokens.contains(index) {
            guard token.isWord || token.isNumber else { continue }
            for word in words where !self.language.smallWords.contains(word) {
                let isSame =
                    term.kind.isNumeric
                    ? word == token.lowercased && token.isNumber
                    : EnglishMorphology.areRelated(word, token.lowercased)
                if isSame { return true }
            }
        }
        return false
    }

    /// How much is won by asking for `term`; `nil` when it cannot be asked for here.
    private func score(of term: Term, _ mention: Mention) -> Double? {
        guard mention.text.count <= Self.answerCharactersMax else { return nil }
        if term.kind == .noun, term.technicality <= 0 { return nil }
        if self.isRepeated(term, mention, in: self.sentences[mention.sentence]) { return nil }
        let role: Double =
            switch mention.role {
            case .defined, .named: 5
            case .explained: 2.5
            case .subject: 1
            case .other: term.kind == .noun ? -1 : 0.5
            }
        let kind: Double =
            switch term.kind {
            case .noun: term.technicality
            case .person: 4
            case .acronym, .name, .organization: 3
            case .year: 3.5
            case .quantity: 3
            case .place: 2
            case .decade, .count: 2.5
            case .numberWord: 0.5
            }
        return role + kind > 0 ? role + kind : nil
    }

    /// The sentence with a gap in the place of the answer.
    private func gapped(_ sentence: Sentence, _ mention: Mention) -> String {
        guard let first = mention.tokens.first, let last = mention.tokens.last else { return "" }
        let range =
            mention.characters
            ?? sentence.tokens[first].range.lowerBound..<sentence.tokens[last].range.upperBound
        var before = String(sentence.characters[..<range.lowerBound])
        if self.language == .english, mention.article == .indefinite {
            // "a" or "an" would tell how the answer starts.
            for article in ["a ", "an ", "A ", "An "] where before.hasSuffix(article) {
                let stem = before.dropLast(article.count)
                guard stem.last.map({ !$0.isWordPart }) ?? true else { continue }
                before = stem + (article.first == "A" ? "A(n) " : "a(n) ")
                break
            }
        }
        return before + ClozeGenerator.gap + String(sentence.characters[range.upperBound...])
    }

    private static func question(
        _ text: String,
        _ mention: Mention,
        wrong: [String]
    ) -> Question {
        var answer = mention.text
        var options = wrong
        // At the start of a sentence every option gets a capital, so that none stands out.
        if text.hasPrefix(ClozeGenerator.gap) {
            answer = Self.capitalized(answer)
            options = options.map(Self.capitalized)
        }
        var random = DeterministicRandom(seed: text + "\n" + answer)
        return Question(
            question: text,
            options: random.shuffled(options + [answer]),
            correctAnswer: answer
        )
    }

    private static func capitalized(_ text: String) -> String {
        text.prefix(1).uppercased() + text.dropFirst()
    }
}

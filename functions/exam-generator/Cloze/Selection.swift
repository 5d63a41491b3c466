// SPDX-License-Identifier: Apache-2.0

/// Chooses the questions of an exam: good ones, of several kinds, from all over the document.
struct Selection {
    private var candidates: [Candidate]
    private let sentenceCount: Int

    private var chosen: [Candidate] = []
    private var usedSentences = Set<Int>()
    private var usedKinds: [String: Int] = [:]
    private var usedSegments: [Int: Int] = [:]

    init(candidates: [Candidate], sentenceCount: Int) {
        self.candidates = candidates
        self.sentenceCount = max(1, sentenceCount)
    }

    /// The best `count` questions, or all that there are, in the order of the document.
    mutating func select(_ count: Int) -> [Candidate] {
        while self.chosen.count < count {
            var best: (candidate: Candidate, value: Double)?
            for candidate in self.candidates {
                let value = candidate.score - self.penalty(candidate, count: count)
                if value > best?.value ?? -.infinity { best = (candidate, value) }
            }
            guard let best else { break }
            self.take(best.candidate, count: count)
        }
        return self.chosen.sorted { $0.sentence < $1.sentence }
    }

    /// Whether both questions can be in one exam: no sentence and no answer comes twice.
    private static func canStandTogether(_ one: Candidate, _ other: Candidate) -> Bool {
        if one.sentence == other.sentence || one.key == other.key { return false }
        if one.question.correctAnswer == other.question.correctAnswer { return false }
        return one.kind.isNumeric || !EnglishMorphology.areRelated(one.key, other.key)
    }

    private func segment(_ candidate: Candidate, count: Int) -> Int {
        candidate.sentence * count / self.sentenceCount
    }

    private func penalty(_ candidate: Candidate, count: Int) -> Double {
        let segment = self.segment(candidate, count: count)
        let crowd = 2.5 * Double(self.usedSegments[segment, default: 0])
        let sameKind = Double(self.usedKinds[Self.kindName(candidate.kind), default: 0])
        let kind = (candidate.kind == .noun ? 0.8 : 1) * sameKind
        let adjacent =
            self.usedSentences.contains(candidate.sentence - 1)
            || self.usedSentences.contains(candidate.sentence + 1)
        return crowd + kind + (adjacent ? 1 : 0)
    }

    private mutating func take(_ candidate: Candidate, count: Int) {
        self.chosen.append(candidate)
        self.candidates.removeAll { !Self.canStandTogether($0, candidate) }
        self.usedSentences.insert(candidate.sentence)
        self.usedKinds[Self.kindName(candidate.kind), default: 0] += 1
        self.usedSegments[self.segment(candidate, count: count), default: 0] += 1
    }

    /// Quantities of all units count as one kind.
    private static func kindName(_ kind: TermKind) -> String {
        switch kind {
        case .quantity, .count, .numberWord: "number"
        case .year, .decade: "year"
        case .person: "person"
        case .place, .organization, .name: "name"
        case .acronym: "acronym"
        case .noun: "noun"
        }
    }
}

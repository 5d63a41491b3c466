// SPDX-License-Identifier: Apache-2.0

/// Terms that the document itself gives as names of one thing.
///
/// "Adenosine triphosphate (ATP)", "X, or Y, …" and "X, also known as Y, …".
struct Aliases {
    private var partners: [String: Set<String>] = [:]

    /// Finds the aliases among `terms`, which stand in `sentences`.
    init(terms: [Term], sentences: [Sentence]) {
        var mentionsOfSentence: [Int: [(range: Range<Int>, key: String)]] = [:]
        for term in terms where !term.kind.isNumeric {
            for mention in term.mentions {
                mentionsOfSentence[mention.sentence, default: []].append((mention.tokens, term.key))
            }
        }
        for (index, mentions) in mentionsOfSentence {
            guard sentences.indices.contains(index) else { continue }
            let ordered = mentions.sorted { $0.range.lowerBound < $1.range.lowerBound }
            for (one, next) in zip(ordered, ordered.dropFirst()) {
                let between = sentences[index].tokens[
                    min(one.range.upperBound, next.range.lowerBound)..<next.range.lowerBound
                ].map(\.lowercased)
                if Self.joinsAliases(between) { self.add(one.key, next.key) }
            }
        }
    }

    /// Whether `one` and `other` name the same thing.
    func areAliases(_ one: String, _ other: String) -> Bool {
        self.partners[one]?.contains(other) == true
    }

    private mutating func add(_ one: String, _ other: String) {
        self.partners[one, default: []].insert(other)
        self.partners[other, default: []].insert(one)
    }

    /// Whether the words between two terms say that they are one.
    private static func joinsAliases(_ words: [String]) -> Bool {
        if words == ["("] || words == [",", "or"] || words == ["(", "or"] { return true }
        let naming = ["called", "known", "named", "abbreviated", "aka"]
        guard words.count <= 5, let first = words.first else { return false }
        return (first == "," || first == "(" || first == "is" || first == "are")
            && words.contains { naming.contains($0) }
    }
}

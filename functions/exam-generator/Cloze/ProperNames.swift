// SPDX-License-Identifier: Apache-2.0

/// Finds proper names and says what they name.
struct ProperNames {
    /// More words are a title or a slogan.
    static let wordsMax = 6

    private static let connectors = WordList.words(
        "of de van von der den di da du la le del ibn al"
    )
    private static let labels = WordList.words(
        "figure table chapter section box unit part appendix"
    )
    static let particles = WordList.words("van von de der di da du del ibn")

    /// The names in `sentence`, whose tokens have `classes`.
    static func find(in sentence: Sentence, classes: [WordClass]) -> [Range<Int>] {
        var names: [Range<Int>] = []
        var index = 0
        while index < classes.count {
            guard classes[index] == .name else {
                index += 1
                continue
            }
            let end = self.end(of: sentence, classes, from: index)
            if let name = self.trimmed(index..<end, in: sentence) { names.append(name) }
            index = end
        }
        return names
    }

    /// Where the name that starts at `start` ends.
    private static func end(of sentence: Sentence, _ classes: [WordClass], from start: Int) -> Int {
        var end = start + 1
        while end < classes.count {
            let token = sentence.tokens[end]
            if classes[end] == .name {
                if sentence.tokens[end - 1].isPossessive { break }
                end += 1
            } else if token.text == ".", sentence.tokens[end - 1].text.count == 1,
                classes.indices.contains(end + 1), classes[end + 1] == .name
            {
                end += 2  // "J. Presper Eckert"
            } else if let length = self.connector(at: end, in: sentence, classes) {
                end += length
            } else {
                break
            }
        }
        return end
    }

    /// The tokens of a connector and of the name after it: "of Cambridge", "of the Rings".
    private static func connector(
        at index: Int,
        in sentence: Sentence,
        _ classes: [WordClass]
    ) -> Int? {
        let word = sentence.tokens[index].text
        let before = sentence.tokens[index - 1].lowercased
        let isJoining = self.connectors.contains(word) || (word == "in" && before == "prize")
        guard isJoining, !sentence.tokens[index - 1].isPossessive else { return nil }
        if word == "of", !self.takesOf(sentence, before: index) { return nil }
        var next = index + 1
        if sentence.token(at: next)?.text == "the" || sentence.token(at: next)?.text == "la" {
            next += 1
        }
        guard classes.indices.contains(next), classes[next] == .name else { return nil }
        guard !EnglishWords.months.contains(sentence.tokens[next].lowercased) else { return nil }
        return next + 1 - index
    }

    /// Whether a name with "of" can start with the word before `index`: "University of", not
    /// "Julius Caesar of".
    private static func takesOf(_ sentence: Sentence, before index: Int) -> Bool {
        let word = sentence.tokens[index - 1].lowercased
        let determiner = sentence.token(at: index - 2)?.lowercased ?? ""
        let isDefinite = ["the", "his", "her", "their", "its"].contains(determiner)
        return isDefinite || EnglishNames.institutions.contains(word)
            || EnglishNames.geography.contains(word)
            || EnglishNames.events.contains(word) || EnglishNames.titles.contains(word)
            || ["house", "isle", "wall", "tower", "duchy", "realm"].contains(word)
    }

    /// A name without titles, demonyms and dates at its start; `nil` when nothing is left.
    private static func trimmed(_ range: Range<Int>, in sentence: Sentence) -> Range<Int>? {
        var range = range
        while let first = range.first {
            let word = sentence.tokens[first].lowercased
            let isSingle = range.count == 1
            let isTitle =
                EnglishNames.titles.contains(word) && !isSingle
                && sentence.token(at: first + 1)?.lowercased != "of"
            // "August Kekulé", but "14 July" and "in August 1914".
            let isGivenName = !isSingle && ["august", "april", "june", "may"].contains(word)
            let isDate =
                !isGivenName
                && (EnglishWords.months.contains(word) || EnglishWords.weekdays.contains(word))
            // "English Channel" is a name, "English" is none.
            let isDemonym = EnglishWords.demonyms.contains(word) && isSingle
            let isLabel = Self.labels.contains(word)
            guard isTitle || isDate || isDemonym || isLabel else { break }
            range = (first + 1)..<range.upperBound
        }
        guard !range.isEmpty, range.count <= self.wordsMax else { return nil }
        // The particle belongs to the name: "von Neumann".
        if let previous = sentence.token(at: range.lowerBound - 1),
            self.particles.contains(previous.text)
        {
            range = (range.lowerBound - 1)..<range.upperBound
        }
        return range
    }

    /// How much a place in a sentence speaks for each kind of name.
    static func votes(for range: Range<Int>, in sentence: Sentence) -> [TermKind: Double] {
        var votes: [TermKind: Double] = [:]
        let words = sentence.tokens[range].map(\.lowercased)
        let previous = sentence.token(at: range.lowerBound - 1)
        let next = sentence.token(at: range.upperBound)
        if words.count > 1, let first = words.first {
            let isInitial = first.count == 1
            let given = first.split(separator: "-").first.map(String.init) ?? first
            if isInitial || EnglishNames.givenNames.contains(given) {
                votes[.person, default: 0] += 7
            }
        } else if let word = words.first {
            if EnglishNames.givenNames.contains(word) { votes[.person, default: 0] += 1 }
            if EnglishNames.places.contains(word) { votes[.place, default: 0] += 4 }
        }
        if !words.filter(EnglishNames.institutions.contains).isEmpty {
            votes[.organization, default: 0] += 6
        }
        if !words.filter(EnglishNames.geography.contains).isEmpty { votes[.place, default: 0] += 5 }
        if !words.filter(EnglishNames.events.contains).isEmpty { votes[.name, default: 0] += 6 }
        if let previous, previous.isWord {
            let word = previous.lowercased
            if EnglishNames.titles.contains(word) || EnglishNames.occupations.contains(word) {
                votes[.person, default: 0] += 4
            }
            if ["in", "near", "at", "from", "throughout", "across"].contains(word) {
                votes[.place, default: 0] += 1
            }
            if word == "the" { votes[.name, default: 0] += 2 }
            if word == "by" { votes[.person, default: 0] += 0.5 }
        }
        if let next, EnglishVerbs.personal.contains(next.lowercased) {
            votes[.person, default: 0] += words.count == 2 && !words.contains("the") ? 3 : 1
        }
        return votes
    }
}

// SPDX-License-Identifier: Apache-2.0

/// Collects the terms of a document in a language whose words have no classes here.
///
/// What it goes by: nouns are capitalised in German, follow an article in the Romance languages
/// and Dutch, and are long and frequent everywhere.
struct PlainTerms {
    /// A word must come this often to be a term, unless it is capitalised.
    static let mentionsMin = 2
    /// Shorter words are rarely terms.
    static let lettersMin = 5
    /// A word in a larger share of all sentences is a small word.
    static let sentencesShareMax = 0.4

    private let language: Language
    private let evidence: CaseEvidence
    private var mentions: [String: [Mention]] = [:]
    private var kinds: [String: TermKind] = [:]

    /// The terms in `sentences`, in the order of their keys.
    static func collect(_ sentences: [Sentence], language: Language) -> [Term] {
        var terms = PlainTerms(language: language, evidence: CaseEvidence(sentences))
        let numbers = NumberTerms(language: language)
        for sentence in sentences {
            for finding in numbers.find(in: sentence, classes: nil) {
                let text = sentence.text(of: finding.tokens)
                let mention = Mention(sentence: sentence.index, tokens: finding.tokens, text: text)
                terms.add(mention, key: text.lowercased(), kind: finding.kind)
            }
            if language == .ideographic {
                terms.addRuns(in: sentence)
            } else {
                terms.addWords(in: sentence)
            }
        }
        return terms.finish(sentenceCount: sentences.count)
    }

    private init(language: Language, evidence: CaseEvidence) {
        self.language = language
        self.evidence = evidence
    }

    private mutating func add(_ mention: Mention, key: String, kind: TermKind) {
        self.mentions[key, default: []].append(mention)
        if self.kinds[key] == nil { self.kinds[key] = kind }
    }

    private mutating func addWords(in sentence: Sentence) {
        for (index, token) in sentence.tokens.enumerated() where token.isWord {
            guard self.isNoun(token, at: index, in: sentence) else { continue }
            // "l’énergie": the gap is for the noun alone, which cannot be cut off here.
            guard !token.text.contains("’") else { continue }
            let previous = sentence.token(at: index - 1)?.lowercased ?? ""
            let isName = token.isCapitalized && self.language != .german && index > 0
            var mention = Mention(
                sentence: sentence.index,
                tokens: index..<index + 1,
                text: token.text
            )
            mention.isPlural = self.looksPlural(token.lowercased)
            mention.article = self.language.articles.contains(previous) ? .word(previous) : .none
            mention.role = index <= 1 ? .subject : .other
            if index <= 1, let verb = sentence.token(at: index + 1)?.lowercased,
                self.language.definingVerbs.contains(verb)
            {
                mention.role = .defined
            }
            let isAtStart = index == 0 && self.language != .german
            if isAtStart, !token.isAcronym { mention.text = token.lowercased }
            self.add(mention, key: token.lowercased, kind: isName ? .name : .noun)
        }
    }

    private func isNoun(_ token: Token, at index: Int, in sentence: Sentence) -> Bool {
        if self.language.smallWords.contains(token.lowercased) { return false }
        guard token.text.count >= Self.lettersMin || token.isAcronym else { return false }
        guard token.text.allSatisfy({ $0.isLetter || $0 == "-" || $0.isNumber }) else {
            return false
        }
        if index == 0 { return self.evidence.occursLowercase(token.lowercased) }
        if token.isCapitalized { return true }
        let previous = sentence.token(at: index - 1)?.lowercased ?? ""
        switch self.language {
        case .german: return false
        case .other: return true
        default: return self.language.articles.contains(previous)
        }
    }

    private func looksPlural(_ word: String) -> Bool {
        switch self.language {
        case .french, .spanish, .portuguese: word.hasSuffix("s") || word.hasSuffix("x")
        case .italian: word.hasSuffix("i") || word.hasSuffix("e")
        case .dutch, .german: word.hasSuffix("en")
        default: false
        }
    }

    // MARK: Chinese and Japanese

    /// Characters that are grammar and hardly ever part of a term.
    private static let grammar = Set<Character>(
        "的是在和了与與及为為由于於以中上下有不一这這那等被把对對从從到将將而或也都可能会會其之個个们們最很更并並所就"
    )

    /// Terms are runs of characters of one script between grammar and punctuation.
    private mutating func addRuns(in sentence: Sentence) {
        for (index, token) in sentence.tokens.enumerated() where token.isWord {
            let characters = Array(token.text)
            var start = 0
            while start < characters.count {
                let script = Self.script(of: characters[start])
                var end = start + 1
                while end < characters.count, Self.script(of: characters[end]) == script {
                    end += 1
                }
                if Self.isTermRun(script, length: end - start) {
                    let text = String(characters[start..<end])
                    var mention = Mention(
                        sentence: sentence.index,
                        tokens: index..<index + 1,
                        text: text
                    )
                    mention.characters =
                        (token.range.lowerBound + start)..<(token.range.lowerBound + end)
                    self.add(mention, key: text, kind: .noun)
                }
                start = end
            }
        }
    }

    private enum Script {
        case han
        case katakana
        case other
    }

    private static func script(of character: Character) -> Script {
        guard !self.grammar.contains(character), let scalar = character.unicodeScalars.first else {
            return .other
        }
        switch scalar.value {
        case 0x30A0...0x30FF: return .katakana
        case 0x3400...0x4DBF, 0x4E00...0x9FFF, 0x20000...0x3134F: return .han
        default: return .other
        }
    }

    private static func isTermRun(_ script: Script, length: Int) -> Bool {
        switch script {
        case .han: (2...4).contains(length)
        case .katakana: (3...12).contains(length)
        case .other: false
        }
    }

    // MARK: Result

    private func finish(sentenceCount: Int) -> [Term] {
        let mentionsMax = Double(sentenceCount) * Self.sentencesShareMax
        return self.mentions.keys.sorted().compactMap { key in
            let mentions = self.mentions[key, default: []]
            let kind = self.kinds[key] ?? .noun
            if !kind.isNumeric {
                guard mentions.count >= Self.mentionsMin,
                    Double(mentions.count) <= mentionsMax || sentenceCount < 20
                else { return nil }
            }
            var term = Term(key: key, kind: kind, mentions: mentions)
            term.technicality = 0.5 + min(2, Double(mentions.count - 1) * 0.4)
            if key.count >= 9 { term.technicality += 0.5 }
            return term
        }
    }
}

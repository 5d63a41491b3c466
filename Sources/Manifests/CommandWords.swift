// SPDX-License-Identifier: Apache-2.0

/// Splits a command line into its words, as a shell does, without running one.
enum CommandWords {
    /// Why a command line cannot be split.
    enum Failure: Error, Equatable {
        /// There is no word in it.
        case empty
        /// A quote was opened and not closed, or a backslash ends the text.
        case unfinished
        /// It starts with `[`, but it is no list of strings.
        case notAList
    }

    /// The words of `text`: separated by blanks, with quotes; or a JSON list of strings.
    ///
    /// `'…'` keeps everything; in `"…"` a backslash keeps `"` and `\`; outside of quotes it keeps
    /// the next character. Nothing is expanded.
    static func split(_ text: String) throws(Failure) -> [String] {
        let words =
            text.first { !$0.isWhitespace } == "["
            ? try self.list(text) : try self.shellWords(text)
        guard let first = words.first, !first.isEmpty else { throw .empty }
        return words
    }

    private static func shellWords(_ text: String) throws(Failure) -> [String] {
        var words: [String] = []
        var word = ""
        // A pair of quotes makes a word even with nothing between them.
        var isInWord = false
        var quote: Character?
        var characters = text.makeIterator()
        while let character = characters.next() {
            switch (quote, character) {
            case (nil, "\\"), ("\"", "\\"):
                guard let next = characters.next() else { throw .unfinished }
                if quote != nil, next != "\"", next != "\\" { word.append("\\") }
                word.append(next)
                isInWord = true
            case (nil, "'"), (nil, "\""):
                quote = character
                isInWord = true
            case (nil, _) where character.isWhitespace:
                if isInWord { words.append(word) }
                word = ""
                isInWord = false
            case (character, _):
                quote = nil
            default:
                word.append(character)
                isInWord = true
            }
        }
        guard quote == nil else { throw .unfinished }
        if isInWord { words.append(word) }
        return words
    }

    /// JSON is YAML, so the YAML reader reads it.
    private static func list(_ text: String) throws(Failure) -> [String] {
        let problems = ProblemCollector(limits: ManifestLimits())
        let reader = YAMLReader(file: "", limits: ManifestLimits(), problems: problems)
        let documents = reader.documents(in: Array(text.utf8))
        guard !problems.hasErrors, documents.count == 1,
            case .sequence(let nodes) = documents[0].content
        else { throw .notAList }
        var words: [String] = []
        for node in nodes {
            guard case .scalar(let scalar) = node.content, case .string(let word) = scalar.value
            else { throw .notAList }
            words.append(word)
        }
        return words
    }
}

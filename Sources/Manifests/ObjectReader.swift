// SPDX-License-Identifier: Apache-2.0

/// Reads the fields of one mapping, and knows afterwards which ones nobody asked for.
///
/// A field that is missing, or stands for nothing, is `nil`; one of the wrong type is noted in
/// the collector and `nil` as well, so that reading goes on and finds the next mistake.
struct ObjectReader {
    /// The path of this mapping; empty at the top of an object.
    let path: String
    /// Where the mapping starts.
    let mark: SourceMark
    /// Where mistakes go.
    let problems: ProblemCollector
    private let entries: [YAMLEntry]
    /// Every field that this reader knows of, whether it was there or not.
    private var known: Set<String> = []

    /// Starts to read a mapping; `nil`, and a mistake noted, when `node` is something else.
    init?(_ node: YAMLNode, path: String, problems: ProblemCollector) {
        guard case .mapping(let entries) = node.content else {
            let name = path.isEmpty ? "document" : path
            problems.error(node.mark, "\(name): expected a mapping, got \(node.kindName)")
            return nil
        }
        self.path = path
        self.mark = node.mark
        self.problems = problems
        self.entries = entries
    }

    /// Starts to read a mapping that the manifest does not have.
    init(emptyAt mark: SourceMark, path: String, problems: ProblemCollector) {
        self.path = path
        self.mark = mark
        self.problems = problems
        self.entries = []
    }

    /// The names that are there, whether known or not.
    var names: [String] { self.entries.map(\.key) }

    /// Whether the field is there and stands for something.
    func has(_ name: String) -> Bool {
        self.entries.contains { $0.key == name && !$0.value.isNull }
    }

    /// The path of a field in here.
    func path(of name: String) -> String { Self.path(of: name, in: self.path) }

    /// `spec.name`, or `metadata.annotations["example.com/name"]` for a name with dots.
    static func path(of name: String, in path: String) -> String {
        let isPlain = name.utf8.allSatisfy { byte in
            byte != UInt8(ascii: ".") && byte != UInt8(ascii: "/") && byte > UInt8(ascii: " ")
        }
        guard isPlain, !name.isEmpty else { return "\(path)[\(ShownText.quoted(name))]" }
        return path.isEmpty ? ShownText.cut(name) : "\(path).\(ShownText.cut(name))"
    }

    /// Where the field is; without it, where the mapping starts.
    func mark(of name: String) -> SourceMark {
        self.entries.first { $0.key == name }?.value.mark ?? self.mark
    }

    // MARK: - Values

    /// The field's value as written.
    mutating func node(_ name: String) -> YAMLNode? {
        self.known.insert(name)
        guard let entry = self.entries.first(where: { $0.key == name }), !entry.value.isNull else {
            return nil
        }
        return entry.value
    }

    /// A text.
    mutating func text(_ name: String) -> Field<String>? {
        guard let node = self.node(name) else { return nil }
        return Self.text(node, path: self.path(of: name), self.problems)
    }

    /// A text that has to be there and must not be empty.
    mutating func requiredText(_ name: String) -> Field<String>? {
        self.known.insert(name)
        guard self.has(name) else {
            self.missing(name)
            return nil
        }
        guard let text = self.text(name) else { return nil }
        guard !text.value.isEmpty else {
            self.problems.error(text, "expected a text, got an empty one")
            return nil
        }
        return text
    }

    /// A whole number within `range`.
    mutating func integer(_ name: String, in range: ClosedRange<Int>) -> Int? {
        guard let node = self.node(name) else { return nil }
        let path = self.path(of: name)
        guard let number = Self.integer(node) else {
            self.problems.error(node.mark, "\(path): expected an integer, got \(node.kindName)")
            return nil
        }
        guard range.contains(number) else {
            let expected = "expected \(range.lowerBound) to \(range.upperBound), got \(number)"
            self.problems.error(node.mark, "\(path): \(expected)")
            return nil
        }
        return number
    }

    /// `true` or `false`.
    mutating func flag(_ name: String) -> Bool? {
        guard let node = self.node(name) else { return nil }
        if case .scalar(let scalar) = node.content, case .boolean(let flag) = scalar.value {
            return flag
        }
        let path = self.path(of: name)
        self.problems.error(node.mark, "\(path): expected true or false, got \(node.kindName)")
        return nil
    }

    /// One of the words of `Word`.
    mutating func choice<Word: RawRepresentable<String> & CaseIterable>(
        _ name: String,
        of type: Word.Type
    ) -> Word? {
        guard let text = self.text(name) else { return nil }
        if let word = Word(rawValue: text.value) { return word }
        let words = Word.allCases.map(\.rawValue).joined(separator: ", ")
        self.problems.error(
            text,
            "expected one of \(words), got \(ShownText.quoted(text.value))"
        )
        return nil
    }

    /// A list of texts; empty when it is missing.
    mutating func texts(_ name: String) -> [Field<String>] {
        let problems = self.problems
        return self.items(name).compactMap { Self.text($0.value, path: $0.path, problems) }
    }

    /// A list of texts that has to be there, of which the first must not be empty: a command.
    mutating func requiredWords(_ name: String) -> [Field<String>] {
        guard let node = self.node(name) else {
            self.missing(name)
            return []
        }
        if case .sequence(let nodes) = node.content, nodes.isEmpty {
            self.problems.error(
                node.mark,
                "\(self.path(of: name)): expected a program and its arguments, got an empty list"
            )
        }
        let words = self.texts(name)
        if let program = words.first, program.value.isEmpty {
            self.problems.error(program, "expected a program, got an empty text")
        }
        return words
    }

    /// Names with texts, such as labels; empty when it is missing.
    mutating func textMap(_ name: String) -> [String: Field<String>] {
        guard let node = self.node(name) else { return [:] }
        let path = self.path(of: name)
        guard case .mapping(let entries) = node.content else {
            self.problems.error(node.mark, "\(path): expected a mapping, got \(node.kindName)")
            return [:]
        }
        var texts: [String: Field<String>] = [:]
        for entry in entries {
            let path = Self.path(of: entry.key, in: path)
            // Kubernetes takes a value that is left out for an empty text.
            texts[entry.key] =
                entry.value.isNull
                ? Field(value: "", mark: entry.keyMark, path: path)
                : Self.text(entry.value, path: path, self.problems)
        }
        return texts
    }

    /// A mapping.
    mutating func object(_ name: String) -> ObjectReader? {
        guard let node = self.node(name) else { return nil }
        return ObjectReader(node, path: self.path(of: name), problems: self.problems)
    }

    /// A list of mappings; empty when it is missing.
    mutating func objects(_ name: String) -> [ObjectReader] {
        let problems = self.problems
        return self.items(name).compactMap {
            ObjectReader($0.value, path: $0.path, problems: problems)
        }
    }

    /// The items of a list as written; empty when it is missing.
    mutating func items(_ name: String) -> [Field<YAMLNode>] {
        guard let node = self.node(name) else { return [] }
        let path = self.path(of: name)
        guard case .sequence(let nodes) = node.content else {
            self.problems.error(node.mark, "\(path): expected a list, got \(node.kindName)")
            return []
        }
        return nodes.enumerated().map { index, node in
            Field(value: node, mark: node.mark, path: "\(path)[\(index)]")
        }
    }

    // MARK: - Completeness

    /// Notes that a field has to be there.
    func missing(_ name: String) {
        self.problems.error(self.mark, "\(self.path(of: name)): missing, but required")
    }

    /// Accepts fields that Kubernetes knows and that have no effect here; only their form is
    /// looked at.
    mutating func accept(_ fields: [String: FieldShape]) {
        for name in fields.keys { self.known.insert(name) }
        for entry in self.entries {
            guard let shape = fields[entry.key] else { continue }
            shape.check(entry.value, path: self.path(of: entry.key), self.problems)
        }
    }

    /// Warns of fields that a cluster would refuse.
    mutating func discourage(_ names: Set<String>, because reason: String) {
        self.known.formUnion(names)
        for entry in self.entries where names.contains(entry.key) {
            self.problems.warning(entry.keyMark, "\(self.path(of: entry.key)): \(reason)")
        }
    }

    /// Warns of every field that nobody asked for.
    func finish() {
        for entry in self.entries where !self.known.contains(entry.key) {
            guard !self.problems.isFull else { return }
            var message = "\(self.path(of: entry.key)): unknown field"
            if let name = NearestName.of(entry.key, among: self.known) {
                message += "; did you mean \(name)?"
            }
            self.problems.warning(entry.keyMark, message)
        }
    }

    // MARK: - Scalars

    private static func text(
        _ node: YAMLNode,
        path: String,
        _ problems: ProblemCollector
    ) -> Field<String>? {
        guard case .scalar(let scalar) = node.content else {
            problems.error(node.mark, "\(path): expected a string, got \(node.kindName)")
            return nil
        }
        guard case .string(let text) = scalar.value else {
            // The value itself is not told: it may be a secret.
            let found = "got \(node.kindName); put it in quotes"
            problems.error(node.mark, "\(path): expected a string, \(found)")
            return nil
        }
        return Field(value: text, mark: node.mark, path: path)
    }

    private static func integer(_ node: YAMLNode) -> Int? {
        guard case .scalar(let scalar) = node.content else { return nil }
        switch scalar.value {
        case .integer(let number): return Int(exactly: number)
        case .float(let number): return Int(exactly: number)
        default: return nil
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

/// Makes trees of the events of a YAML stream, one a document.
///
/// Pure: events go in, documents come out. What is wrong but leaves the rest readable, as a
/// name that occurs twice, goes to the collector; what does not is thrown.
struct YAMLTreeBuilder {
    /// A mapping or sequence whose end has not come yet.
    private struct Frame {
        let isMapping: Bool
        let mark: SourceMark
        let anchor: String?
        var items: [YAMLNode] = []
        var entries: [YAMLEntry] = []
        /// Where each name of the mapping was written.
        var keyMarks: [String: SourceMark] = [:]
        /// A name whose value comes next.
        var key: Key?
        /// What `<<` brings in, in the order written.
        var merged: [YAMLEntry] = []
        /// Nodes in here, itself counted.
        var nodeCount = 1
    }

    private struct Key {
        let text: String
        let mark: SourceMark
        let isMerge: Bool
        /// A second value of the same name is read and dropped.
        let isDuplicate: Bool
    }

    private struct Anchored {
        let node: YAMLNode
        let nodeCount: Int
    }

    private let file: String
    private let limits: ManifestLimits
    private let problems: ProblemCollector
    private var frames: [Frame] = []
    private var anchors: [String: Anchored] = [:]
    private var openAnchors: Set<String> = []
    private var root: YAMLNode?
    private var documentCount = 0
    private var nodesTotal = 0

    /// The documents that are complete, empty ones left out.
    private(set) var documents: [YAMLNode] = []

    init(file: String, limits: ManifestLimits, problems: ProblemCollector) {
        self.file = file
        self.limits = limits
        self.problems = problems
    }

    /// Takes the next event.
    mutating func received(_ event: YAMLEvent) throws(YAMLSyntaxError) {
        switch event.kind {
        case .documentStart:
            try self.documentStarted(event)
        case .documentEnd:
            if let root = self.root, !root.isNull { self.documents.append(root) }
            self.root = nil
        case .alias(let name):
            try self.aliasReceived(name, event)
        case .scalar(let text, let isPlain, let properties):
            let scalar = self.scalar(text, isPlain: isPlain, tag: properties.tag, event)
            let node = YAMLNode(content: .scalar(scalar), mark: self.mark(of: event))
            self.remember(node, as: properties.anchor, nodeCount: 1)
            try self.add(node, nodeCount: 1, event)
        case .sequenceStart(let properties):
            try self.open(isMapping: false, properties, event)
        case .mappingStart(let properties):
            try self.open(isMapping: true, properties, event)
        case .sequenceEnd, .mappingEnd:
            try self.close(event)
        case .streamEnd:
            break
        }
    }

    // MARK: - Structure

    private mutating func documentStarted(_ event: YAMLEvent) throws(YAMLSyntaxError) {
        // Anchors end with their document (YAML 1.2.2 section 3.2.2.2).
        self.anchors.removeAll()
        self.documentCount += 1
        guard self.documentCount <= self.limits.documentsMax else {
            throw self.failure(event, "more than \(self.limits.documentsMax) documents in a file")
        }
    }

    private mutating func open(
        isMapping: Bool,
        _ properties: YAMLEvent.Properties,
        _ event: YAMLEvent
    ) throws(YAMLSyntaxError) {
        guard self.frames.count < self.limits.depthMax else {
            throw self.failure(event, "nested deeper than \(self.limits.depthMax) levels")
        }
        if let frame = self.frames.last, frame.isMapping, frame.key == nil {
            throw self.failure(event, "the name of a field must be a text, not a list or mapping")
        }
        let expected = isMapping ? "tag:yaml.org,2002:map" : "tag:yaml.org,2002:seq"
        if let tag = properties.tag, tag != "!", tag != expected {
            self.problems.error(self.mark(of: event), "unknown tag \(ShownText.quoted(tag))")
        }
        if let anchor = properties.anchor { self.openAnchors.insert(anchor) }
        self.frames.append(
            Frame(isMapping: isMapping, mark: self.mark(of: event), anchor: properties.anchor)
        )
    }

    private mutating func close(_ event: YAMLEvent) throws(YAMLSyntaxError) {
        guard var frame = self.frames.popLast() else { return }
        if !frame.merged.isEmpty { Self.merge(into: &frame) }
        let node = YAMLNode(
            content: frame.isMapping ? .mapping(frame.entries) : .sequence(frame.items),
            mark: frame.mark
        )
        if let anchor = frame.anchor { self.openAnchors.remove(anchor) }
        self.remember(node, as: frame.anchor, nodeCount: frame.nodeCount)
        try self.add(node, nodeCount: frame.nodeCount, event)
    }

    /// Puts a complete node where it belongs.
    private mutating func add(
        _ node: YAMLNode,
        nodeCount: Int,
        _ event: YAMLEvent
    ) throws(YAMLSyntaxError) {
        // A collection counts its children when they come, so here only itself.
        try self.count(1, event)
        guard let last = self.frames.indices.last else {
            self.root = node
            return
        }
        self.frames[last].nodeCount += nodeCount
        guard self.frames[last].isMapping else {
            self.frames[last].items.append(node)
            return
        }
        guard let key = self.frames[last].key else {
            self.frames[last].key = try self.key(from: node, in: self.frames[last], event)
            return
        }
        self.frames[last].key = nil
        if key.isMerge {
            self.frames[last].merged += try self.mergedEntries(of: node, event)
        } else if !key.isDuplicate {
            self.frames[last].keyMarks[key.text] = key.mark
            self.frames[last].entries.append(
                YAMLEntry(key: key.text, keyMark: key.mark, value: node)
            )
        }
    }

    private mutating func count(_ nodes: Int, _ event: YAMLEvent) throws(YAMLSyntaxError) {
        self.nodesTotal += nodes
        guard self.nodesTotal <= self.limits.nodesMax else {
            throw self.failure(
                event,
                "more than \(self.limits.nodesMax) values in a file, those of aliases counted"
            )
        }
    }

    // MARK: - Names

    private func key(
        from node: YAMLNode,
        in frame: Frame,
        _ event: YAMLEvent
    ) throws(YAMLSyntaxError) -> Key {
        guard case .scalar(let scalar) = node.content else {
            throw self.failure(event, "the name of a field must be a text, not a list or mapping")
        }
        let first = frame.keyMarks[scalar.text]
        if let first {
            self.problems.error(
                node.mark,
                "\(ShownText.quoted(scalar.text)) was given already at line \(first.line):"
                    + " remove one of the two"
            )
        }
        return Key(
            text: scalar.text,
            mark: node.mark,
            isMerge: scalar.isPlain && scalar.text == "<<",
            isDuplicate: first != nil
        )
    }

    /// The entries that `<<` names: one mapping, or several in a list (YAML 1.1 merge keys).
    private func mergedEntries(
        of node: YAMLNode,
        _ event: YAMLEvent
    ) throws(YAMLSyntaxError) -> [YAMLEntry] {
        switch node.content {
        case .mapping(let entries):
            return entries
        case .sequence(let nodes):
            var merged: [YAMLEntry] = []
            for node in nodes {
                guard case .mapping(let entries) = node.content else { break }
                merged += entries
            }
            return merged
        case .scalar:
            throw self.failure(event, "<< needs a mapping, or a list of mappings")
        }
    }

    /// Adds what `<<` brings in; what is written out in the mapping, or comes first, stands.
    private static func merge(into frame: inout Frame) {
        for entry in frame.merged where frame.keyMarks[entry.key] == nil {
            frame.keyMarks[entry.key] = entry.keyMark
            frame.entries.append(entry)
        }
    }

    // MARK: - Anchors and tags

    private mutating func remember(_ node: YAMLNode, as anchor: String?, nodeCount: Int) {
        guard let anchor else { return }
        self.anchors[anchor] = Anchored(node: node, nodeCount: nodeCount)
    }

    /// Repeats a value.
    ///
    /// Its nodes are shared, but they count, so that a few lines which stand for billions of
    /// values are refused before anybody walks through them.
    private mutating func aliasReceived(
        _ name: String,
        _ event: YAMLEvent
    ) throws(YAMLSyntaxError) {
        guard let anchored = self.anchors[name] else {
            let reason = self.openAnchors.contains(name) ? "stands inside of its" : "has no"
            throw self.failure(event, "the alias *\(ShownText.cut(name)) \(reason) anchor")
        }
        try self.count(anchored.nodeCount - 1, event)
        let node = YAMLNode(content: anchored.node.content, mark: self.mark(of: event))
        try self.add(node, nodeCount: anchored.nodeCount, event)
    }

    /// Applies a tag: `!!str` makes a text of anything; the others must fit what is written.
    private func scalar(
        _ text: String,
        isPlain: Bool,
        tag: String?,
        _ event: YAMLEvent
    ) -> YAMLScalar {
        guard let tag else { return YAMLScalar(text: text, isPlain: isPlain) }
        let plain = YAMLScalar(text: text, isPlain: true)
        switch (tag, plain.value) {
        case ("!", _), ("tag:yaml.org,2002:str", _):
            return YAMLScalar(text: text, isPlain: false)
        case ("tag:yaml.org,2002:null", .null), ("tag:yaml.org,2002:bool", .boolean),
            ("tag:yaml.org,2002:int", .integer), ("tag:yaml.org,2002:float", .float),
            ("tag:yaml.org,2002:float", .integer):
            return plain
        default:
            self.problems.error(
                self.mark(of: event),
                "the tag \(ShownText.quoted(tag)) is unknown or does not fit the value"
            )
            return YAMLScalar(text: text, isPlain: isPlain)
        }
    }

    private func mark(of event: YAMLEvent) -> SourceMark {
        SourceMark(file: self.file, line: event.line, column: event.column)
    }

    private func failure(_ event: YAMLEvent, _ message: String) -> YAMLSyntaxError {
        YAMLSyntaxError(message: message, line: event.line, column: event.column)
    }
}

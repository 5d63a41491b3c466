// SPDX-License-Identifier: Apache-2.0

extension KafkaSourceManifest {
    private static let keyTypeLabel = "kafkasources.sources.knative.dev/key-type"

    /// Reads a KafkaSource; `nil` when it is too broken to be told about.
    init?(_ object: inout ObjectReader) {
        let header = MetadataReader(of: &object, nameIs: .dnsSubdomain)
        object.accept(["status": .anything])
        defer { object.finish() }
        self.keyType = Self.keyType(header.labels[Self.keyTypeLabel], object.problems)
        guard var spec = object.object("spec") else {
            if !object.has("spec") { object.missing("spec") }
            return nil
        }
        defer { spec.finish() }
        self.bootstrapServers = Self.bootstrapServers(&spec)
        self.topics = Self.topics(&spec)
        self.consumerGroup = Self.consumerGroup(&spec)
        self.consumers = spec.integer("consumers", in: 0...Int(Int32.max)) ?? 1
        self.initialOffset = spec.choice("initialOffset", of: InitialOffset.self) ?? .latest
        self.extras = KafkaSourceAnnotations(header.annotations, object.problems)
        self.ordering = self.extras.ordering ?? Self.ordering(&spec)
        self.delivery = spec.object("delivery").map { delivery in
            var delivery = delivery
            return DeliverySpec(&delivery, namespace: header.namespace)
        }
        self.network = Self.network(&spec)
        self.extensionOverrides = Self.extensionOverrides(&spec)
        guard var sinkReader = spec.object("sink") else {
            if !spec.has("sink") { spec.missing("sink") }
            return nil
        }
        guard let sink = Destination(&sinkReader, namespace: header.namespace),
            let metadata = header.metadata
        else { return nil }
        self.sink = sink
        self.metadata = metadata
    }

    private static func ordering(_ spec: inout ObjectReader) -> Ordering {
        guard let field = spec.text("ordering") else { return .ordered }
        switch field.value {
        case "ordered": return .ordered
        case "unordered": return .unordered
        default:
            spec.problems.error(
                field,
                "expected one of ordered, unordered, got \(ShownText.quoted(field.value))"
            )
            return .ordered
        }
    }

    private static func keyType(_ label: Field<String>?, _ problems: ProblemCollector) -> KeyType {
        guard let label else { return .string }
        if let type = KeyType(rawValue: label.value) { return type }
        let words = KeyType.allCases.map(\.rawValue).joined(separator: ", ")
        problems.error(label, "expected one of \(words), got \(ShownText.quoted(label.value))")
        return .string
    }

    private static func bootstrapServers(_ spec: inout ObjectReader) -> [String] {
        let fields = spec.texts("bootstrapServers")
        if fields.isEmpty { Self.noteEmptyList("bootstrapServers", spec) }
        var servers: [String] = []
        for field in fields {
            // Knative joins the list by commas, so an item may hold several.
            for part in field.value.split(separator: ",", omittingEmptySubsequences: false) {
                let server = part.filter { $0 != " " }
                if Self.isServer(server) {
                    servers.append(server)
                } else {
                    spec.problems.error(
                        field,
                        "expected host:port, got \(ShownText.quoted(server))"
                    )
                }
            }
        }
        return servers
    }

    private static func isServer(_ server: String) -> Bool {
        guard let colon = server.lastIndex(of: ":") else { return false }
        let host = server[..<colon]
        guard let port = Int(server[server.index(after: colon)...]), 1...65_535 ~= port else {
            return false
        }
        let isIPv6 = host.first == "[" && host.last == "]" && host.count > 2
        let isName = host.utf8.allSatisfy { byte in
            0x21...0x7E ~= byte && !"/:@[]\"'\\".utf8.contains(byte)
        }
        return isIPv6 || isName && !host.isEmpty
    }

    private static func topics(_ spec: inout ObjectReader) -> [String] {
        let fields = spec.texts("topics")
        if fields.isEmpty { Self.noteEmptyList("topics", spec) }
        var topics: [String] = []
        var names: Set<String> = []
        for field in fields where spec.problems.check(field, is: .topic) {
            if names.insert(field.value).inserted {
                topics.append(field.value)
            } else {
                spec.problems.error(field, "\(ShownText.quoted(field.value)) was given already")
            }
        }
        return topics
    }

    /// Notes a list that has to hold something; one whose items are wrong was noted already.
    private static func noteEmptyList(_ name: String, _ spec: ObjectReader) {
        var spec = spec
        guard let node = spec.node(name) else { return spec.missing(name) }
        guard case .sequence(let items) = node.content, items.isEmpty else { return }
        spec.problems.error(
            node.mark,
            "\(spec.path(of: name)): expected at least one, got an empty list"
        )
    }

    private static func consumerGroup(_ spec: inout ObjectReader) -> String? {
        guard let group = spec.text("consumerGroup"), !group.value.isEmpty else { return nil }
        let isPrintable = !group.value.unicodeScalars.contains { $0.value < 0x20 }
        if group.value.utf8.count > 249 || !isPrintable {
            spec.problems.error(group, "expected a group's name of at most 249 printable bytes")
        }
        return group.value
    }

    private static func network(_ spec: inout ObjectReader) -> KafkaNetwork {
        guard var reader = spec.object("net") else { return KafkaNetwork(sasl: nil, tls: nil) }
        return KafkaNetwork(&reader)
    }

    private static func extensionOverrides(_ spec: inout ObjectReader) -> [String: String] {
        guard var overrides = spec.object("ceOverrides") else { return [:] }
        defer { overrides.finish() }
        let fields = overrides.textMap("extensions")
        for (name, field) in fields.sorted(by: { $0.key < $1.key }) {
            // CloudEvents 1.0.2 section 3: attribute names.
            let isName =
                !name.isEmpty
                && name.utf8.allSatisfy { byte in
                    UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte
                        || UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte
                }
            if !isName {
                spec.problems.error(field, "expected a name of the letters a-z and digits only")
            }
        }
        return fields.mapValues(\.value)
    }
}

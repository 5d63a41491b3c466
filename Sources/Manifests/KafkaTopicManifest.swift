// SPDX-License-Identifier: Apache-2.0

/// A `kafka.strimzi.io` `KafkaTopic`: a topic that has to exist.
package struct KafkaTopicManifest: Sendable {
    /// Name, namespace, labels and annotations of the object.
    package let metadata: ObjectMetadata
    /// The topic's name: `spec.topicName`, or else the object's.
    package let topic: String
    /// How many partitions; `nil` is what the broker has by default.
    package let partitions: Int?
    /// How many brokers hold each; `nil` is what the broker has by default.
    package let replicas: Int?
    /// Settings of the topic as the broker names them, values as text.
    package let settings: [String: String]
}

extension KafkaTopicManifest {
    /// Most partitions that a topic may ask for.
    static let partitionsMax = 10_000

    /// Reads a KafkaTopic; `nil` when it is too broken to be told about.
    init?(_ object: inout ObjectReader) {
        let header = MetadataReader(of: &object, nameIs: .dnsSubdomain)
        object.accept(["status": .anything])
        defer { object.finish() }
        var topic = header.name
        var partitions: Int?
        var replicas: Int?
        var settings: [String: String] = [:]
        if var spec = object.object("spec") {
            if let name = spec.text("topicName"), !name.value.isEmpty { topic = name }
            partitions = spec.integer("partitions", in: 1...Self.partitionsMax)
            replicas = spec.integer("replicas", in: 1...Int(Int16.max))
            settings = Self.settings(&spec)
            spec.finish()
        }
        guard let metadata = header.metadata, let topic,
            object.problems.check(topic, is: .topic)
        else { return nil }
        self.init(
            metadata: metadata,
            topic: topic.value,
            partitions: partitions,
            replicas: replicas,
            settings: settings
        )
    }

    /// Reads `config`, whose values may be numbers and booleans as well as texts.
    private static func settings(_ spec: inout ObjectReader) -> [String: String] {
        guard let node = spec.node("config") else { return [:] }
        let path = spec.path(of: "config")
        guard case .mapping(let entries) = node.content else {
            spec.problems.error(node.mark, "\(path): expected a mapping, got \(node.kindName)")
            return [:]
        }
        var settings: [String: String] = [:]
        for entry in entries where !entry.value.isNull {
            guard case .scalar(let scalar) = entry.value.content else {
                let path = ObjectReader.path(of: entry.key, in: path)
                spec.problems.error(
                    entry.value.mark,
                    "\(path): expected a single value, got \(entry.value.kindName)"
                )
                continue
            }
            settings[entry.key] = scalar.text
        }
        return settings
    }
}

// SPDX-License-Identifier: Apache-2.0

internal import Kafka
internal import KafkaSource
internal import Manifests

/// Turns KafkaSources into what the dispatcher runs.
struct SourcePlan {
    let manifests: ManifestSet
    /// The brokers that replace those of the manifests; `nil` leaves them.
    let bootstrapServers: String?
    /// Where functions are reached, for example `http://127.0.0.1:8080`; `nil` on a cluster.
    let activator: String?

    /// One for each KafkaSource.
    ///
    /// - Throws: ``CommandError`` naming the source and what it lacks.
    func sources() throws -> [KafkaSourceSpec] { try self.manifests.sources.map(self.source) }

    private func source(_ source: KafkaSourceManifest) throws -> KafkaSourceSpec {
        let metadata = source.metadata
        let place = "\(metadata.mark): KafkaSource \(metadata.name)"
        return KafkaSourceSpec(
            namespace: metadata.namespace,
            name: metadata.name,
            bootstrapServers: self.bootstrapServers.map { [$0] } ?? source.bootstrapServers,
            topics: source.topics,
            consumerGroup: source.consumerGroup
                ?? "knative-kafka-source-\(metadata.namespace)-\(metadata.name)",
            consumers: source.consumers,
            initialOffset: source.initialOffset == .earliest ? .earliest : .latest,
            ordering: source.ordering == .unordered ? .unordered : .ordered,
            delivery: try self.delivery(source.delivery, place),
            keyType: RecordKeyType(rawValue: source.keyType.rawValue) ?? .string,
            ceOverrides: source.extensionOverrides,
            sink: try self.address(of: source.sink, place, "sink"),
            properties: try self.properties(of: source)
        )
    }

    private func address(
        of destination: Destination,
        _ place: String,
        _ field: String
    ) throws -> SinkAddress {
        guard let reference = destination.reference else {
            guard let uri = destination.uri else {
                throw CommandError("\(place): its \(field) has neither ref nor uri")
            }
            return SinkAddress(url: uri)
        }
        guard reference.isKnativeService else {
            throw CommandError(
                "\(place): its \(field) is a \(reference.kind); only Knative Services can be "
                    + "reached by ref here, others by uri"
            )
        }
        let host = "\(reference.name).\(reference.namespace).svc.cluster.local"
        guard let activator = self.activator else {
            return SinkAddress(url: Self.join("http://\(host)", destination.uri))
        }
        return SinkAddress(url: Self.join(activator, destination.uri), host: host)
    }

    /// A relative `uri` beside a `ref` is a path on it.
    private static func join(_ base: String, _ path: String?) -> String {
        guard let path, !path.isEmpty else { return base + "/" }
        return path.hasPrefix("/") ? base + path : base + "/" + path
    }

    /// How to talk to the brokers; those that replace the manifest's have no use for its secrets.
    private func properties(of source: KafkaSourceManifest) throws -> [KafkaProperty] {
        guard self.bootstrapServers == nil else { return [] }
        func secret(_ reference: KeyReference?) throws -> String? {
            try reference.map {
                try self.manifests.secretText(
                    $0,
                    in: source.metadata.namespace,
                    at: source.metadata.mark
                )
            }
        }
        let sasl = source.network.sasl.flatMap { $0.isEnabled ? $0 : nil }
        let tls = source.network.tls.flatMap { $0.isEnabled ? $0 : nil }
        let security = (sasl == nil ? "" : "sasl_") + (tls == nil ? "plaintext" : "ssl")
        let properties: [(String, String?)] = [
            ("security.protocol", security),
            ("sasl.mechanisms", try sasl.map { try secret($0.type) ?? "PLAIN" }),
            ("sasl.username", try secret(sasl?.user)),
            ("sasl.password", try secret(sasl?.password)),
            ("ssl.ca.pem", try secret(tls?.caCertificate)),
            ("ssl.certificate.pem", try secret(tls?.certificate)),
            ("ssl.key.pem", try secret(tls?.key)),
        ]
        return properties.compactMap { name, value in value.map { (name, $0) } }
    }

    private func delivery(
        _ spec: Manifests.DeliverySpec?,
        _ place: String
    ) throws -> KafkaSource.DeliverySpec? {
        guard let spec else { return nil }
        return KafkaSource.DeliverySpec(
            retry: spec.retryMax,
            backoffPolicy: spec.backoffPolicy.map { $0 == .linear ? .linear : .exponential },
            backoffDelay: spec.backoffDelay,
            timeout: spec.timeout,
            deadLetterSink: try spec.deadLetterSink.map {
                try self.address(of: $0, place, "deadLetterSink")
            },
            retryAfterMax: spec.retryAfterMax
        )
    }
}

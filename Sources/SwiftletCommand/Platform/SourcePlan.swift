// SPDX-License-Identifier: Apache-2.0

internal import Kafka
internal import KafkaSource
internal import Manifests
internal import Swiftlet

/// Turns KafkaSources into what the dispatcher runs.
struct SourcePlan {
    let manifests: ManifestSet
    /// The brokers that replace those of the manifests; `nil` leaves them.
    let bootstrapServers: String?
    /// Where functions are reached, for example `http://127.0.0.1:8080`; `nil` on a cluster.
    let activator: String?
    var environment = Environment.process

    /// One for each KafkaSource.
    ///
    /// - Throws: ``CommandError`` naming the source and what it lacks.
    func sources() throws -> [KafkaSourceSpec] { try self.manifests.sources.map(self.source) }

    private func source(_ source: KafkaSourceManifest) throws -> KafkaSourceSpec {
        let metadata = source.metadata
        let place = "\(metadata.mark): KafkaSource \(metadata.name)"
        var spec = KafkaSourceSpec(
            namespace: metadata.namespace,
            name: metadata.name,
            bootstrapServers: self.bootstrapServers.map { [$0] } ?? source.bootstrapServers,
            topics: source.topics,
            consumerGroup: source.consumerGroup
                ?? "knative-kafka-source-\(metadata.namespace)-\(metadata.name)",
            consumers: source.consumers,
            initialOffset: source.initialOffset == .earliest ? .earliest : .latest,
            ordering: DeliveryOrdering(rawValue: source.ordering.rawValue) ?? .ordered,
            delivery: try self.delivery(source.delivery, place),
            keyType: RecordKeyType(rawValue: source.keyType.rawValue) ?? .string,
            ceOverrides: source.extensionOverrides,
            sink: try self.address(of: source.sink, place, "sink")
        )
        // Brokers that replace the manifest's have no use for its secrets.
        if self.bootstrapServers == nil {
            let secrets = SourceSecrets(manifests: self.manifests, environment: self.environment)
            spec.properties = try secrets.properties(of: source, place)
        }
        try self.apply(source.extras, to: &spec, place)
        return spec
    }

    private func apply(
        _ extras: KafkaSourceAnnotations,
        to spec: inout KafkaSourceSpec,
        _ place: String
    ) throws {
        spec.deliveryDefaults = extras.compatibility == .knative ? .knative : .documented
        spec.headerCoding = extras.headerCoding == .knative ? .knative : .strict
        spec.normalizer = extras.normalizer.map { _ in .s3 }
        spec.replies = extras.reply.map { .send(SinkAddress(url: $0)) } ?? .discard
        spec.sink.isHTTP2 = extras.sinkProtocol == .h2c
        if let most = extras.inFlightMax { spec.inFlightMax = most }
        if let most = extras.recordBytesMax { spec.recordBytesMax = most }
        spec.rateMax = extras.rateMax
        spec.properties += extras.properties.map { ($0.name, $0.value) }
        if extras.isStaticMember {
            // Pods of a StatefulSet keep their names, and so their partitions.
            let host = self.environment["HOSTNAME"] ?? "local"
            spec.instanceID = "\(spec.namespace)-\(spec.name)-\(host)"
        }
        do {
            spec.filter = try extras.filter.map { try SourceFilter.cesql($0) }
        } catch {
            throw CommandError("\(place): swiftlet.dev/filter: \(error)")
        }
    }

    // MARK: Addresses

    private func address(
        of destination: Destination,
        _ place: String,
        _ field: String
    ) throws -> SinkAddress {
        var address = try self.bareAddress(of: destination, place, field)
        address.authorities = destination.caCertificates
        guard destination.audience != nil else { return address }
        // What renews the token is the cluster: it is mounted as a file.
        guard let file = self.environment["SWIFTLET_OIDC_TOKEN_FILE"] else {
            throw CommandError(
                "\(place): its \(field) has an audience, so requests need a token; "
                    + "name the file that holds it in SWIFTLET_OIDC_TOKEN_FILE"
            )
        }
        address.tokenFile = file
        return address
    }

    private func bareAddress(
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

    private func delivery(
        _ spec: Manifests.DeliverySpec?,
        _ place: String
    ) throws -> KafkaSource.DeliverySpec? {
        guard let spec else { return nil }
        var delivery = KafkaSource.DeliverySpec(
            retry: spec.retryMax,
            backoffPolicy: spec.backoffPolicy.map { $0 == .linear ? .linear : .exponential },
            backoffDelay: spec.backoffDelay,
            timeout: spec.timeout,
            deadLetterSink: try spec.deadLetterSink.map {
                try self.address(of: $0, place, "deadLetterSink")
            },
            retryAfterMax: spec.retryAfterMax
        )
        delivery.hasStructuredDeadLetters = spec.format == .json
        return delivery
    }
}

// SPDX-License-Identifier: Apache-2.0

internal import EventFilters
internal import FoundationEssentials
internal import Kafka

/// What Knative's control plane tells a data plane to do, in the JSON form of protobuf.
///
/// Fields that are not there have protobuf's zero; those that nobody knows are passed over, for
/// newer control planes may write them. Offsets of a new group were committed before a contract
/// names it, so groups without any start at the beginning.
package struct DispatchContract: Sendable {
    /// Finds the text behind a key of a Secret.
    package typealias SecretLookup =
        (_ namespace: String, _ name: String, _ key: String) throws -> String?

    /// One consumer group and where its events go.
    package struct Egress: Sendable {
        /// What tells it from all others, across generations.
        package let id: String
        /// What is to be run.
        package let spec: KafkaSourceSpec
    }

    /// Counts the changes.
    package let generation: String
    /// What is to be run.
    package let egresses: [Egress]

    /// Reads a contract.
    ///
    /// - Throws: ``KafkaSourceError`` naming what cannot be run; then nothing of it should be.
    package init(json: [UInt8], secret: SecretLookup) throws {
        let document: ContractDocument
        do {
            document = try JSONDecoder().decode(ContractDocument.self, from: Data(json))
        } catch {
            throw KafkaSourceError(
                message: "The contract is no JSON of the expected form: \(error)"
            )
        }
        var egresses: [Egress] = []
        for resource in document.resources ?? [] {
            for egress in resource.egresses ?? [] {
                egresses.append(
                    Egress(
                        id: egress.uid ?? "\(resource.uid ?? "")/\(egress.consumerGroup ?? "")",
                        spec: try Self.spec(egress, of: resource, secret)
                    )
                )
            }
        }
        guard Set(egresses.map(\.id)).count == egresses.count else {
            throw KafkaSourceError(message: "The contract names an egress twice.")
        }
        self.generation = document.generation?.text ?? "0"
        self.egresses = egresses
    }

    private static func spec(
        _ egress: ContractDocument.Egress,
        of resource: ContractDocument.Resource,
        _ secret: SecretLookup
    ) throws -> KafkaSourceSpec {
        let reference = egress.reference ?? resource.reference
        let name = reference?.name ?? egress.uid ?? ""
        var sink = SinkAddress(url: egress.destination ?? "")
        sink.authorities = egress.destinationCACerts.flatMap { $0.isEmpty ? nil : $0 }
        var spec = KafkaSourceSpec(
            namespace: reference?.namespace ?? "",
            name: name,
            bootstrapServers: (resource.bootstrapServers ?? "").split(separator: ",")
                .map { $0.filter { $0 != " " } },
            topics: resource.topics ?? [],
            consumerGroup: egress.consumerGroup ?? "",
            initialOffset: .earliest,
            ordering: egress.deliveryOrder?.isOrdered == true ? .ordered : .unordered,
            delivery: Self.delivery(egress.egressConfig ?? resource.egressConfig),
            keyType: Self.keyType(egress.keyType),
            ceOverrides: resource.cloudEventOverrides?.extensions ?? [:],
            sink: sink
        )
        spec.replies = Self.replies(egress, resource)
        spec.filter = try Self.filter(egress, name)
        spec.properties = try ContractCredentials(resource, secret).properties
        if let problem = sink.problem {
            throw KafkaSourceError(message: "The destination of \(name): \(problem)")
        }
        return spec
    }

    private static func delivery(_ config: ContractDocument.EgressConfig?) -> DeliverySpec {
        let milliseconds = config?.backoffDelay?.number ?? 0
        let timeout = config?.timeout?.number ?? 0
        var deadLetterSink = config?.deadLetter.flatMap { $0.isEmpty ? nil : SinkAddress(url: $0) }
        deadLetterSink?.authorities = config?.deadLetterCACerts.flatMap { $0.isEmpty ? nil : $0 }
        return DeliverySpec(
            retry: Int(clamping: config?.retry?.number ?? 0),
            backoffPolicy: config?.backoffPolicy?.text == "Linear" ? .linear : .exponential,
            backoffDelay: .milliseconds(
                milliseconds > 0 ? milliseconds : Self.backoffDelayMilliseconds
            ),
            timeout: timeout > 0 ? .milliseconds(timeout) : nil,
            deadLetterSink: deadLetterSink
        )
    }

    /// What Knative's data plane takes when the contract has none.
    private static let backoffDelayMilliseconds: Int64 = 200

    private static func keyType(_ field: ContractDocument.Word?) -> RecordKeyType {
        switch field?.text {
        case "Integer", "1": .int
        case "Double", "2": .float
        case "ByteArray", "3": .byteArray
        default: .string
        }
    }

    private static func replies(
        _ egress: ContractDocument.Egress,
        _ resource: ContractDocument.Resource
    ) -> ReplyPolicy {
        if let url = egress.replyUrl, !url.isEmpty {
            var address = SinkAddress(url: url)
            address.authorities = egress.replyUrlCACerts.flatMap { $0.isEmpty ? nil : $0 }
            return .send(address)
        }
        if egress.replyToOriginalTopic != nil, let topic = resource.topics?.first {
            return .send(SinkAddress(url: SinkAddress.topicScheme + topic))
        }
        return .discard
    }

    private static func filter(
        _ egress: ContractDocument.Egress,
        _ name: String
    ) throws -> SourceFilter? {
        do {
            if let filters = egress.dialectedFilter, !filters.isEmpty {
                let filter = EventFilter.all(try filters.map { try $0.filter() })
                return SourceFilter("\(filters)") { filter.matches($0) }
            }
            guard let attributes = egress.filter?.attributes, !attributes.isEmpty else {
                return nil
            }
            // An empty value stands for any (Trigger, `filter.attributes`).
            let filter = EventFilter.exact(attributes.filter { !$0.value.isEmpty })
            return SourceFilter("\(attributes.sorted { $0.key < $1.key })") { filter.matches($0) }
        } catch {
            throw KafkaSourceError(message: "The filter of \(name) is none: \(error)")
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

package import CloudEvents
package import Kafka

/// Where events are sent.
package struct SinkAddress: Sendable, Hashable {
    /// An absolute URL, `http` or `https`.
    package var url: String
    /// The `Host` to be asked for when it is not the URL's.
    package var host: String?

    /// Makes an address.
    package init(url: String, host: String? = nil) {
        self.url = url
        self.host = host
    }
}

/// Whether the records of a partition are handled one after the other.
package enum DeliveryOrdering: String, Sendable, CaseIterable {
    /// One record of each partition at a time.
    case ordered
    /// As many as ``KafkaSourceSpec/inFlightMax`` at a time.
    case unordered
}

/// A KafkaSource (`sources.knative.dev/v1`), its references resolved.
package struct KafkaSourceSpec: Sendable {
    /// The namespace of the source.
    package var namespace: String
    /// The name of the source.
    package var name: String
    /// Where the cluster is, `host:port` each.
    package var bootstrapServers: [String]
    /// The topics to read.
    package var topics: [String]
    /// The group under whose name offsets are kept.
    package var consumerGroup: String
    /// How many are wanted; 0 pauses the source.
    ///
    /// Knative spreads them over pods. Here one consumer serves all partitions, so any number above
    /// zero means the same.
    package var consumers: Int
    /// Where a new group starts.
    package var initialOffset: InitialOffset
    /// Whether order is kept within a partition.
    package var ordering: DeliveryOrdering
    /// What is done about a sink that does not accept an event.
    package var delivery: DeliverySpec?
    /// How ``delivery`` is completed where it says nothing.
    package var deliveryDefaults: DeliveryDefaults
    /// What the keys of the records are.
    package var keyType: RecordKeyType
    /// Extensions that every event gets, over those of the same name.
    package var ceOverrides: [String: String]
    /// Where the events go.
    package var sink: SinkAddress
    /// How values are written in headers: strictly, or as Knative's own data plane does.
    package var headerCoding: CloudEventHeaderCoding
    /// Most events that are with the sink, or wait to be sent again, when unordered.
    package var inFlightMax: Int
    /// How long an acknowledged offset may wait to be committed.
    package var commitInterval: Duration
    /// Further properties of librdkafka, for instance of TLS and SASL.
    package var properties: [KafkaProperty]

    /// Makes a spec with the defaults of KafkaSource.
    package init(
        namespace: String,
        name: String,
        bootstrapServers: [String],
        topics: [String],
        consumerGroup: String,
        consumers: Int = 1,
        initialOffset: InitialOffset = .latest,
        ordering: DeliveryOrdering = .ordered,
        delivery: DeliverySpec? = nil,
        deliveryDefaults: DeliveryDefaults = .documented,
        keyType: RecordKeyType = .string,
        ceOverrides: [String: String] = [:],
        sink: SinkAddress,
        headerCoding: CloudEventHeaderCoding = .strict,
        inFlightMax: Int = 64,
        commitInterval: Duration = .seconds(1),
        properties: [KafkaProperty] = []
    ) {
        self.namespace = namespace
        self.name = name
        self.bootstrapServers = bootstrapServers
        self.topics = topics
        self.consumerGroup = consumerGroup
        self.consumers = consumers
        self.initialOffset = initialOffset
        self.ordering = ordering
        self.delivery = delivery
        self.deliveryDefaults = deliveryDefaults
        self.keyType = keyType
        self.ceOverrides = ceOverrides
        self.sink = sink
        self.headerCoding = headerCoding
        self.inFlightMax = inFlightMax
        self.commitInterval = commitInterval
        self.properties = properties
    }
}

/// Why a source cannot be started as it is.
package struct KafkaSourceError: Error, Sendable, Equatable, CustomStringConvertible {
    /// One sentence that names the field.
    package var message: String

    /// The message.
    package var description: String { self.message }
}

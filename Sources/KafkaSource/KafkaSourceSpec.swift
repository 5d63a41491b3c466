// SPDX-License-Identifier: Apache-2.0

package import CloudEvents
package import Kafka

/// Which records wait for which.
package enum DeliveryOrdering: String, Sendable, CaseIterable {
    /// One record of each partition at a time.
    case ordered
    /// None waits for another.
    case unordered
    /// One record of each key of a partition at a time; those without a key wait for none.
    case key
}

/// What becomes of the replies of a sink that are events.
package enum ReplyPolicy: Sendable, Hashable {
    /// Nothing, as with Knative's KafkaSource.
    case discard
    /// They are sent there; a record is done only then, and one whose reply cannot be sent goes to
    /// the dead letter sink.
    case send(SinkAddress)
}

/// Whether records become events in a special way.
package enum RecordNormalizer: String, Sendable, CaseIterable {
    /// Notifications of a bucket become an event for each object (CloudEvents, Amazon S3 adapter).
    case s3
}

/// A KafkaSource (`sources.knative.dev/v1`), its references resolved.
package struct KafkaSourceSpec: Sendable {
    /// As many requests as Knative's data plane keeps open to a sink.
    package static let inFlightDefault = 100
    /// Larger records are no events that anybody takes; they go to the dead letter sink.
    package static let recordBytesDefault = 16 * 1024 * 1024

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
    /// Most events that are with the sink; the sink's answers may lower it for a while.
    package var inFlightMax = Self.inFlightDefault
    /// Most events that are sent in a second; `nil` for any number.
    package var rateMax: Double?
    /// The largest record that is sent, value and key, in bytes.
    package var recordBytesMax = Self.recordBytesDefault
    /// What becomes of replies.
    package var replies = ReplyPolicy.discard
    /// Which events are delivered; `nil` for all.
    package var filter: SourceFilter?
    /// How records become events.
    package var normalizer: RecordNormalizer?
    /// The identity of this member across restarts, which then cost no rebalance
    /// (`group.instance.id`); each process needs its own.
    package var instanceID: String?
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
        inFlightMax: Int = Self.inFlightDefault,
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

extension KafkaSourceSpec: Equatable {
    /// Whether two sources are the same in every respect.
    package static func == (left: Self, right: Self) -> Bool {
        left.namespace == right.namespace && left.name == right.name
            && left.bootstrapServers == right.bootstrapServers && left.topics == right.topics
            && left.consumerGroup == right.consumerGroup && left.consumers == right.consumers
            && left.initialOffset == right.initialOffset && left.ordering == right.ordering
            && left.delivery == right.delivery && left.deliveryDefaults == right.deliveryDefaults
            && left.keyType == right.keyType && left.ceOverrides == right.ceOverrides
            && left.sink == right.sink && left.headerCoding == right.headerCoding
            && left.inFlightMax == right.inFlightMax && left.rateMax == right.rateMax
            && left.recordBytesMax == right.recordBytesMax && left.replies == right.replies
            && left.filter == right.filter && left.normalizer == right.normalizer
            && left.instanceID == right.instanceID && left.commitInterval == right.commitInterval
            && left.properties.elementsEqual(right.properties) { $0 == $1 }
    }
}

/// Why a source cannot be started as it is.
package struct KafkaSourceError: Error, Sendable, Equatable, CustomStringConvertible {
    /// One sentence that names the field.
    package var message: String

    /// The message.
    package var description: String { self.message }
}

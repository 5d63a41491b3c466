// SPDX-License-Identifier: Apache-2.0

/// A `sources.knative.dev` `KafkaSource`: topics whose records become events for a sink.
package struct KafkaSourceManifest: Sendable {
    /// Where a group starts that has read nothing yet.
    package enum InitialOffset: String, CaseIterable, Sendable {
        /// With what comes next.
        case latest
        /// With the oldest record that is kept.
        case earliest
    }

    /// What waits for what.
    package enum Ordering: String, CaseIterable, Sendable {
        /// A record waits for the one before it in its partition.
        case ordered
        /// None waits.
        case unordered
        /// A record waits for the one before it of its key; said by annotation alone.
        case key
    }

    /// How a record's key becomes text.
    package enum KeyType: String, CaseIterable, Sendable {
        /// As UTF-8.
        case string
        /// As four bytes of an integer, big-endian.
        case integer = "int"
        /// As four or eight bytes of a number, big-endian.
        case float
        /// In base64.
        case byteArray = "byte-array"
    }

    /// Name, namespace, labels and annotations.
    package let metadata: ObjectMetadata
    /// Brokers to ask first, each `host:port`; at least one.
    package let bootstrapServers: [String]
    /// Topics, all read by one group; at least one.
    package let topics: [String]
    /// The group; `nil` leaves the choice of a name to who consumes.
    package let consumerGroup: String?
    /// How many consumers share the partitions; 0 pauses the source.
    package let consumers: Int
    /// Where a new group starts.
    package let initialOffset: InitialOffset
    /// What waits for what.
    package let ordering: Ordering
    /// How events are tried again; `nil` is the default policy.
    package let delivery: DeliverySpec?
    /// How to talk to the brokers.
    package let network: KafkaNetwork
    /// Where events go.
    package let sink: Destination
    /// Attributes that every event gets last, in place of its own of the same name.
    package let extensionOverrides: [String: String]
    /// How keys become text.
    package let keyType: KeyType
    /// What the annotations say that Knative has no field for.
    package let extras: KafkaSourceAnnotations
}

// SPDX-License-Identifier: Apache-2.0

/// How a source is doing, at one moment.
package struct KafkaSourceStatistics: Sendable, Equatable {
    /// A partition that this source reads.
    package struct Partition: Sendable, Equatable {
        /// The topic.
        package var topic: String
        /// The number of the partition.
        package var partition: Int32
        /// Where reading would go on after a restart, as far as this process stored it.
        package var committed: Int64?
        /// Records that are there and not finished, as far as is known.
        package var lag: Int64?
        /// The oldest record that is being worked on.
        package var oldestUnfinished: Int64?
        /// How long that has been going on.
        package var oldestAge: Duration?
        /// Records being worked on.
        package var inFlight: Int
        /// Records that neither the sink nor the dead letter sink takes.
        package var held: Int
    }

    /// Whether the group has given this source its partitions, be they none.
    package var isAssigned = false
    /// Records taken from the topics.
    package var received = 0
    /// Events that the sink accepted.
    package var delivered = 0
    /// Attempts after the first.
    package var retried = 0
    /// Events that the dead letter sink accepted.
    package var deadLettered = 0
    /// Records that said they were events and were none.
    package var undecodable = 0
    /// Records of which no event was made, because the filter did not admit any.
    package var filtered = 0
    /// Replies that were sent on.
    package var replied = 0
    /// Records being worked on.
    package var inFlight = 0
    /// Records that neither the sink nor the dead letter sink takes.
    package var held = 0
    /// Most events with the sink at present.
    package var concurrencyLimit = 0
    /// Whether there are records, and nothing was done about them for two minutes.
    package var isStalled = false
    /// The partitions, in the order of topic and number.
    package var partitions: [Partition] = []

    /// Nothing happened yet.
    package init() {}
}

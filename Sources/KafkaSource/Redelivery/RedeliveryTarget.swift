// SPDX-License-Identifier: Apache-2.0

package import Kafka

/// What became of a record.
package enum RedeliveryResult: Sendable, Equatable {
    /// It is there.
    case delivered
    /// A filter wants nothing of it.
    case filtered
    /// It is not there, and trying went on as long as it was to.
    case failed(status: Int?, reason: String)
    /// Work ended before it was tried often enough.
    case unfinished
}

/// Where records go once more.
package protocol RedeliveryTarget: Sendable {
    /// Brings a record there; any task, several at once.
    func deliver(_ record: KafkaRecord) async -> RedeliveryResult

    /// Ends what the target holds open.
    func close() async
}

extension RedeliveryTarget {
    /// Most targets hold nothing open.
    package func close() async {}
}

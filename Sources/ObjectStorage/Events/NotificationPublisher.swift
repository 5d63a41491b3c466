// SPDX-License-Identifier: Apache-2.0

/// Where a notification came to lie.
package struct NotificationReceipt: Sendable, Equatable {
    /// The partition of the topic.
    package var partition: Int32
    /// The offset in the partition.
    package var offset: Int64

    /// Makes a receipt.
    package init(partition: Int32, offset: Int64) {
        self.partition = partition
        self.offset = offset
    }
}

/// Takes notifications to a topic.
package protocol NotificationPublisher: Sendable {
    /// Publishes one record; returns when it is safe, throws when that cannot be said.
    ///
    /// - Returns: Where the record lies, when that is known.
    func publish(
        topic: String,
        key: [UInt8],
        value: [UInt8]
    ) async throws -> NotificationReceipt?
}

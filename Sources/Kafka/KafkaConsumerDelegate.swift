// SPDX-License-Identifier: Apache-2.0

/// Is told what happens to a ``KafkaConsumer``, always on its loop.
package protocol KafkaConsumerDelegate: AnyObject {
    /// The group gave these partitions to this member; records can be taken.
    func consumerAssigned(_ partitions: [AssignedPartition])

    /// The group takes these partitions back; they give no more records.
    ///
    /// The group waits for ``KafkaConsumer/release(committing:)``, which the delegate calls exactly
    /// once, now or when its work in progress is done. A partition that is lost has another owner
    /// already: its offsets are not committed.
    func consumerRevoked(_ partitions: [AssignedPartition], isLost: Bool)

    /// Partitions that ran dry may have records again.
    func consumerHasRecords()

    /// A commit was answered; with an error nothing was stored for these partitions.
    func consumerCommitted(_ offsets: [TopicPartition: Int64], error: KafkaError?)

    /// Something failed; unless the error is fatal, librdkafka goes on trying.
    func consumerFailed(_ error: KafkaError)

    /// The consumer left its group and is gone.
    func consumerClosed()
}

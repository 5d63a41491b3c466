// SPDX-License-Identifier: Apache-2.0

internal import CKafka
internal import EventLoop

/// A partition that this member of the group owns; belongs to the consumer's loop.
///
/// Each partition keeps a queue of its own, and records are taken one at a time when there is
/// somebody to handle them. A partition that nobody takes from fills its queue up to a limit and is
/// then not fetched any more, so it needs no pause and holds up no other.
package final class AssignedPartition {
    /// Which partition it is.
    package let id: TopicPartition
    /// Where reading starts, when that is to be committed although nothing was handled yet.
    package let uncommittedStart: Int64?
    /// What the group had stored when the partition was assigned.
    package let committed: KafkaCommit?
    /// The end of the partition, when everything before it was taken; marks of transactions are
    /// nothing to take.
    package private(set) var reachedEnd: Int64?

    private let handle: ClientHandle
    private unowned let consumer: KafkaConsumer
    private let pace: RefillPace
    private var queue: OpaquePointer?
    private var isRevoked = false
    private var recordsSinceRefill = 0
    private var bytesSinceRefill = 0

    init(
        _ id: TopicPartition,
        uncommittedStart: Int64?,
        committed: KafkaCommit?,
        handle: ClientHandle,
        consumer: KafkaConsumer
    ) {
        self.id = id
        self.uncommittedStart = uncommittedStart
        self.committed = committed
        self.handle = handle
        self.consumer = consumer
        self.pace = consumer.refillPace
        self.queue = rd_kafka_queue_get_partition(handle.client, id.topic, id.partition)
        // Before fetching starts: from now on the records stay in the partition's own queue.
        rd_kafka_queue_forward(self.queue, nil)
        if let queue = self.queue { handle.watch(queue) }
    }

    /// Takes the next record; `nil` when there is none at the moment.
    ///
    /// After `nil`, ``KafkaConsumerDelegate/consumerHasRecords()`` tells when to ask again.
    package func next() -> KafkaRecord? {
        while !self.isRevoked, let queue = self.queue {
            guard let event = rd_kafka_queue_poll(queue, 0) else { return nil }
            defer { rd_kafka_event_destroy(event) }
            guard rd_kafka_event_type(event) == RD_KAFKA_EVENT_FETCH else {
                if !self.noteEnd(event) { self.consumer.received(event, from: self.id) }
                continue
            }
            guard let message = rd_kafka_event_message_next(event) else { continue }
            guard message.pointee.err == RD_KAFKA_RESP_ERR_NO_ERROR else {
                self.consumer.report(
                    KafkaError(message.pointee.err, doing: "Reading \(self.id)")
                )
                continue
            }
            self.reachedEnd = nil
            self.count(bytes: message.pointee.len + message.pointee.key_len)
            return KafkaRecord(copying: message, topic: self.id.topic)
        }
        return nil
    }

    private func noteEnd(_ event: OpaquePointer) -> Bool {
        guard rd_kafka_event_error(event) == RD_KAFKA_RESP_ERR__PARTITION_EOF else { return false }
        guard let place = rd_kafka_event_topic_partition(event) else { return true }
        if place.pointee.offset >= 0 { self.reachedEnd = place.pointee.offset }
        rd_kafka_topic_partition_destroy(place)
        return true
    }

    /// The offset after the newest record, as far as the last fetch told.
    package var endOffset: Int64? {
        guard !self.isRevoked else { return nil }
        var low = KafkaOffset.unknown
        var high = KafkaOffset.unknown
        let result = rd_kafka_get_watermark_offsets(
            self.handle.client,
            self.id.topic,
            self.id.partition,
            &low,
            &high
        )
        return result == RD_KAFKA_RESP_ERR_NO_ERROR && high >= 0 ? high : nil
    }

    private func count(bytes: Int) {
        self.recordsSinceRefill += 1
        self.bytesSinceRefill += bytes
        guard
            self.recordsSinceRefill >= self.pace.records || self.bytesSinceRefill >= self.pace.bytes
        else { return }
        self.recordsSinceRefill = 0
        self.bytesSinceRefill = 0
        self.consumer.refill(self.id)
    }

    /// No more records come out, while work in progress is finished.
    func revoke() { self.isRevoked = true }

    /// Lets go of the queue and what it holds; the records are still in the topic.
    func release() {
        self.isRevoked = true
        guard let queue = self.queue else { return }
        self.queue = nil
        while let event = rd_kafka_queue_poll(queue, 0) { rd_kafka_event_destroy(event) }
        self.handle.release(queue)
    }
}

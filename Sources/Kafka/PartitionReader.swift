// SPDX-License-Identifier: Apache-2.0

internal import CKafka
internal import EventLoop

/// A partition that is being read without a group; made by ``KafkaReader/read(_:from:)``.
///
/// Used by one task at a time.
///
/// `@unchecked Sendable`: the variables belong to the loop of its reader, but for `topic`, which
/// belongs to the reader's blocking thread.
package final class PartitionReader: @unchecked Sendable {
    /// What comes next.
    package enum Step: Sendable, Equatable {
        /// Records in their order, at least one.
        case records([KafkaRecord])
        /// All records before this offset were read, and there are no more now.
        case end(Int64)
        /// The reader was interrupted.
        case interrupted
    }

    /// Records that are handed over at once, at most.
    static let batchRecordsMax = 64
    /// Bytes of values that are handed over at once; the last record may exceed them.
    static let batchBytesMax = 1024 * 1024
    /// The longest silence of the brokers.
    private static let silenceMax = Duration.seconds(60)

    /// Which partition it is.
    package let id: TopicPartition
    private let reader: KafkaReader
    private let queue: OpaquePointer
    private var topic: OpaquePointer?
    private var waiter: CheckedContinuation<Step, any Error>?
    private var silenceTimer = TimerID.none
    /// What came after records that were handed over.
    private var pending: Result<Step, any Error>?

    init(_ id: TopicPartition, of reader: KafkaReader) throws(KafkaError) {
        let client = reader.handle.client
        guard let queue = rd_kafka_queue_get_partition(client, id.topic, id.partition) else {
            throw KafkaError(RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION, doing: "Reading \(id)")
        }
        reader.handle.watch(queue)
        self.id = id
        self.reader = reader
        self.queue = queue
    }

    /// Begins to fetch; blocks.
    func start(at offset: Int64) throws(KafkaError) {
        let what = "Reading \(self.id)"
        guard let topic = rd_kafka_topic_new(self.reader.handle.client, self.id.topic, nil) else {
            throw KafkaError(rd_kafka_last_error(), doing: what)
        }
        guard rd_kafka_consume_start(topic, self.id.partition, offset) == 0 else {
            let code = rd_kafka_last_error()
            rd_kafka_topic_destroy(topic)
            throw KafkaError(code, doing: what)
        }
        self.topic = topic
    }

    /// Ends fetching; blocks.
    func finish() {
        if let topic = self.topic.take() {
            rd_kafka_consume_stop(topic, self.id.partition)
            rd_kafka_topic_destroy(topic)
        }
        while let event = rd_kafka_queue_poll(self.queue, 0) { rd_kafka_event_destroy(event) }
        self.reader.handle.release(self.queue)
    }

    /// Stops reading; called once, after the last ``next()``.
    package func stop() async { await self.reader.stop(self) }

    /// Waits for records, or for the news that there are none.
    ///
    /// - Throws: ``KafkaError`` when the partition cannot be read, or when no broker says anything
    ///   for a minute.
    package func next() async throws -> Step {
        try await withCheckedThrowingContinuation { continuation in
            self.reader.loop.execute {
                precondition(self.waiter == nil, "one task reads a partition")
                self.waiter = continuation
                self.silenceTimer = self.reader.loop.schedule(after: Self.silenceMax) {
                    let error = KafkaError(
                        code: .timedOut,
                        message: "No broker gave records of \(self.id) for 60 s."
                    )
                    self.answer(.failure(error))
                }
                self.wake()
            }
        }
    }

    /// Looks at the queue when somebody waits; loop only.
    func wake() {
        guard self.waiter != nil else { return }
        guard !self.reader.isInterrupted else { return self.answer(.success(.interrupted)) }
        if let step = self.pending.take() ?? self.poll() { self.answer(step) }
    }

    private func answer(_ step: Result<Step, any Error>) {
        self.reader.loop.cancel(self.silenceTimer)
        self.waiter.take()?.resume(with: step)
    }

    private func poll() -> Result<Step, any Error>? {
        var records: [KafkaRecord] = []
        var bytes = 0
        while records.count < Self.batchRecordsMax, bytes < Self.batchBytesMax,
            let event = rd_kafka_queue_poll(self.queue, 0)
        {
            defer { rd_kafka_event_destroy(event) }
            guard let found = self.read(event) else { continue }
            if case .success(.records(let more)) = found {
                records += more
                bytes += more.reduce(0) { $0 + ($1.value?.count ?? 0) }
            } else if records.isEmpty {
                return found
            } else {
                self.pending = found
                break
            }
        }
        return records.isEmpty ? nil : .success(.records(records))
    }

    private func read(_ event: OpaquePointer) -> Result<Step, any Error>? {
        if rd_kafka_event_type(event) == RD_KAFKA_EVENT_FETCH {
            guard let message = rd_kafka_event_message_next(event) else { return nil }
            let code = message.pointee.err
            guard code == RD_KAFKA_RESP_ERR_NO_ERROR else {
                return .failure(KafkaError(code, doing: "Reading \(self.id)"))
            }
            return .success(.records([KafkaRecord(copying: message, topic: self.id.topic)]))
        }
        let code = rd_kafka_event_error(event)
        if code == RD_KAFKA_RESP_ERR__PARTITION_EOF {
            guard let place = rd_kafka_event_topic_partition(event) else { return nil }
            defer { rd_kafka_topic_partition_destroy(place) }
            return .success(.end(place.pointee.offset))
        }
        let error = KafkaError(code, doing: "Reading \(self.id)")
        // librdkafka connects again, and finds the new leader, by itself.
        if error.isRetriable {
            self.reader.note(error)
            return nil
        }
        return .failure(error)
    }
}

// SPDX-License-Identifier: Apache-2.0

internal import CKafka
internal import EventLoop
internal import Synchronization

/// Reads ranges of a topic without being a member of any group: no offset is stored, and nobody
/// else is disturbed.
///
/// All calls wait for brokers on a thread of their own; any task may call, one at a time.
package final class TopicReader: Sendable {
    /// The longest wait for an answer about offsets, in milliseconds.
    private static let answerMilliseconds: Int32 = 10_000
    /// Most records that one call returns.
    package static let recordsMax = 500

    private let handle: ClientHandle
    private let thread = BlockingThread(name: "kafka-reader")
    private let isClosed = Atomic<Bool>(false)

    /// Makes a reader.
    ///
    /// - Parameters:
    ///   - bootstrapServers: Where the cluster is: `host:port`, several joined by commas.
    ///   - properties: Further properties of librdkafka.
    ///   - log: Takes what librdkafka logs, on its threads.
    /// - Throws: ``KafkaError`` that names the property which was refused.
    package init(
        bootstrapServers: String,
        properties: [KafkaProperty] = [],
        log: @escaping KafkaLog
    ) throws {
        let own: [KafkaProperty] = [
            ("bootstrap.servers", bootstrapServers), ("client.id", "swiftlet-reader"),
            // The library wants a name; nothing is ever joined or stored under it.
            ("group.id", "swiftlet-reader"), ("enable.auto.commit", "false"),
            ("enable.auto.offset.store", "false"), ("isolation.level", "read_committed"),
            ("auto.offset.reset", "error"), ("queued.max.messages.kbytes", "4096"),
        ]
        self.handle = try ClientHandle(
            .consumer,
            properties: properties + own,
            events: 0,
            log: log
        )
        rd_kafka_poll_set_consumer(self.handle.client)
    }

    deinit {
        guard
            self.isClosed.compareExchange(
                expected: false,
                desired: true,
                ordering: .relaxed
            ).exchanged
        else { return }
        let handle = self.handle
        self.thread.finish { handle.destroy() }
    }

    /// Ends the reader.
    package func close() async {
        guard
            self.isClosed.compareExchange(
                expected: false,
                desired: true,
                ordering: .relaxed
            ).exchanged
        else { return }
        await withCheckedContinuation { continuation in
            self.thread.finish { [handle] in
                handle.destroy()
                continuation.resume()
            }
        }
    }

    /// The oldest offset that is there, and the one after the newest, of each partition of a topic.
    ///
    /// - Throws: ``KafkaError``, also when there is no such topic.
    package func ranges(of topic: String) async throws -> [Int32: Range<Int64>] {
        try await self.perform { handle in
            var ranges: [Int32: Range<Int64>] = [:]
            for partition in 0..<(try Self.partitionCount(of: topic, handle)) {
                var low: Int64 = 0
                var high: Int64 = 0
                let result = rd_kafka_query_watermark_offsets(
                    handle.client,
                    topic,
                    partition,
                    &low,
                    &high,
                    Self.answerMilliseconds
                )
                guard result == RD_KAFKA_RESP_ERR_NO_ERROR, low >= 0, high >= low else {
                    throw KafkaError(result, doing: "Reading the ends of \(topic)[\(partition)]")
                }
                ranges[partition] = low..<high
            }
            return ranges
        }
    }

    /// The first offset of each partition whose record is not older than a time; partitions
    /// without such a record are left out.
    package func offsets(
        of topic: String,
        partitions: [Int32],
        atMilliseconds time: Int64
    ) async throws -> [Int32: Int64] {
        try await self.perform { handle in
            var list = PartitionList()
            for partition in partitions {
                list.append(TopicPartition(topic: topic, partition: partition), offset: time)
            }
            let result = list.withRaw {
                rd_kafka_offsets_for_times(handle.client, $0, Self.answerMilliseconds)
            }
            guard result == RD_KAFKA_RESP_ERR_NO_ERROR else {
                throw KafkaError(result, doing: "Looking for a time in \(topic)")
            }
            var offsets: [Int32: Int64] = [:]
            for entry in list.entries where entry.offset >= 0 {
                offsets[entry.partition.partition] = entry.offset
            }
            return offsets
        }
    }

    /// Chooses where to read; what was chosen before is forgotten.
    package func start(_ topic: String, at offsets: [Int32: Int64]) async throws {
        try await self.perform { handle in
            var list = PartitionList()
            for (partition, offset) in offsets {
                list.append(TopicPartition(topic: topic, partition: partition), offset: offset)
            }
            let result = list.withRaw { rd_kafka_assign(handle.client, $0) }
            guard result == RD_KAFKA_RESP_ERR_NO_ERROR else {
                throw KafkaError(result, doing: "Beginning to read \(topic)")
            }
        }
    }

    /// Reads what comes next: one record at least, unless none comes within the time.
    ///
    /// - Throws: ``KafkaError`` that no waiting mends, such as an offset that is gone.
    package func next(waitingMilliseconds wait: Int32) async throws -> [KafkaRecord] {
        try await self.perform { handle in
            var records: [KafkaRecord] = []
            while records.count < Self.recordsMax {
                let timeout = records.isEmpty ? wait : 0
                guard let message = rd_kafka_consumer_poll(handle.client, timeout) else { break }
                defer { rd_kafka_message_destroy(message) }
                guard message.pointee.err == RD_KAFKA_RESP_ERR_NO_ERROR else {
                    let error = KafkaError(message.pointee.err, doing: "Reading")
                    if error.isRetriable { continue }
                    throw error
                }
                guard let topic = message.pointee.rkt, let name = rd_kafka_topic_name(topic) else {
                    continue
                }
                records.append(KafkaRecord(copying: message, topic: String(cString: name)))
            }
            return records
        }
    }

    private static func partitionCount(
        of topic: String,
        _ handle: ClientHandle
    ) throws(KafkaError) -> Int32 {
        guard let name = rd_kafka_topic_new(handle.client, topic, nil) else {
            throw KafkaError(rd_kafka_last_error(), doing: "Looking up the topic \(topic)")
        }
        defer { rd_kafka_topic_destroy(name) }
        var metadata: UnsafePointer<rd_kafka_metadata>?
        let result = rd_kafka_metadata(handle.client, 0, name, &metadata, Self.answerMilliseconds)
        guard result == RD_KAFKA_RESP_ERR_NO_ERROR, let metadata else {
            throw KafkaError(result, doing: "Looking up the topic \(topic)")
        }
        defer { rd_kafka_metadata_destroy(metadata) }
        guard metadata.pointee.topic_cnt > 0, let first = metadata.pointee.topics,
            first.pointee.partition_cnt > 0
        else {
            throw KafkaError(
                code: .unknownTopicOrPartition,
                message: "There is no topic \(topic).",
                isRetriable: false
            )
        }
        return first.pointee.partition_cnt
    }

    private func perform<Value: Sendable>(
        _ body: @escaping @Sendable (ClientHandle) throws -> Value
    ) async throws -> Value {
        guard !self.isClosed.load(ordering: .relaxed) else {
            throw KafkaError(code: .closed, message: "The reader is closed.")
        }
        return try await withCheckedThrowingContinuation { continuation in
            self.thread.run { [handle] in continuation.resume(with: Result { try body(handle) }) }
        }
    }
}

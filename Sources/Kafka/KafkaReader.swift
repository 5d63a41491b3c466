// SPDX-License-Identifier: Apache-2.0

internal import CKafka
package import EventLoop

/// Reads partitions from wherever the caller likes, without a group: nobody's offsets move.
///
/// Any task may call. Close it when all its ``PartitionReader``s are stopped.
///
/// `@unchecked Sendable`: the variables belong to the loop.
package final class KafkaReader: EventHandler, @unchecked Sendable {
    /// The longest wait for an answer about topics and offsets, in milliseconds.
    static let answerMilliseconds: Int32 = 10_000
    /// Records of a partition that are fetched ahead.
    private static let queuedRecordsMax = 5000
    /// Kilobytes of a partition that are fetched ahead; one fetch more may come on top.
    private static let queuedKilobytesMax = 8192

    let loop: EventLoop
    let handle: ClientHandle
    private let thread: BlockingThread
    private let mainQueue: OpaquePointer
    private let log: KafkaLog
    private var readers: [ObjectIdentifier: PartitionReader] = [:]
    private(set) var isInterrupted = false

    /// Makes a reader; brokers are asked when something is wanted of them.
    ///
    /// - Parameters:
    ///   - loop: Where records are taken from librdkafka.
    ///   - bootstrapServers: `host:port`, several joined by commas.
    ///   - properties: Of librdkafka; they win over the defaults.
    ///   - log: Takes what librdkafka logs, on its threads.
    /// - Throws: ``KafkaError`` that names the property which was refused.
    package init(
        loop: EventLoop,
        bootstrapServers: String,
        properties: [KafkaProperty] = [],
        log: @escaping KafkaLog
    ) throws {
        let defaults: [KafkaProperty] = [
            ("client.id", "swiftlet"),
            ("isolation.level", "read_committed"),
            ("queued.min.messages", String(Self.queuedRecordsMax)),
            ("queued.max.messages.kbytes", String(Self.queuedKilobytesMax)),
            ("fetch.wait.max.ms", "100"),
            ("fetch.error.backoff.ms", "100"),
            ("reconnect.backoff.max.ms", "2000"),
            ("socket.nagle.disable", "true"),
            ("log.connection.close", "false"),
        ]
        let fixed: [KafkaProperty] = [
            ("bootstrap.servers", bootstrapServers),
            // Reading looks at topics, and makes none.
            ("allow.auto.create.topics", "false"),
            // Where nothing is any more, reading goes on with the oldest record.
            ("auto.offset.reset", "earliest"),
            ("enable.partition.eof", "true"),
        ]
        let handle = try ClientHandle(
            .consumer,
            properties: defaults + properties + fixed,
            events: RD_KAFKA_EVENT_FETCH | RD_KAFKA_EVENT_ERROR,
            log: log
        )
        guard let mainQueue = rd_kafka_queue_get_main(handle.client) else {
            preconditionFailure("every client has a main queue")
        }
        handle.watch(mainQueue)
        self.loop = loop
        self.handle = handle
        self.log = log
        self.mainQueue = mainQueue
        self.thread = BlockingThread(name: "kafka-reader")
        loop.execute {
            do {
                try loop.register(handle.wakeFD, for: .readable, handler: self)
            } catch {
                log(KafkaLogLine(level: 3, facility: "LOOP", message: "\(error)"))
            }
            // What came before the queue was watched woke nobody.
            self.handleEvents([])
        }
    }

    // MARK: Questions

    /// The partitions of a topic.
    ///
    /// - Throws: ``KafkaError`` when there is no such topic, or no broker answers.
    package func partitions(of topic: String) async throws -> [TopicPartition] {
        try await self.ask { try $0.partitions(of: topic, Self.answerMilliseconds) }
    }

    /// The offset of the oldest record and the one after the newest.
    ///
    /// - Throws: ``KafkaError`` when no broker tells.
    package func bounds(of partition: TopicPartition) async throws -> Range<Int64> {
        try await self.ask { try $0.bounds(of: partition, Self.answerMilliseconds) }
    }

    /// The offset of the first record that is not older than a time; `nil` when there is none.
    ///
    /// - Throws: ``KafkaError`` when no broker tells.
    package func offset(
        in partition: TopicPartition,
        at millisecondsSinceEpoch: Int64
    ) async throws -> Int64? {
        try await self.ask {
            try $0.offset(in: partition, at: millisecondsSinceEpoch, Self.answerMilliseconds)
        }
    }

    /// Begins to read a partition, which nobody else reads with this reader.
    ///
    /// - Throws: ``KafkaError``.
    package func read(
        _ partition: TopicPartition,
        from offset: Int64
    ) async throws -> PartitionReader {
        let reader = try PartitionReader(partition, of: self)
        await self.loop.run { self.readers[ObjectIdentifier(reader)] = reader }
        do {
            try await self.ask { _ in try reader.start(at: offset) }
        } catch {
            await self.stop(reader)
            throw error
        }
        return reader
    }

    /// Asks brokers, on a thread that may wait for them.
    private func ask<Answer: Sendable>(
        _ question: @escaping @Sendable (ClientHandle) throws -> Answer
    ) async throws -> Answer {
        try await withCheckedThrowingContinuation { continuation in
            self.thread.run { [handle] in
                continuation.resume(with: Result { try question(handle) })
            }
        }
    }

    // MARK: Life

    /// Whoever waits for records is told to stop, now and from now on; any thread.
    package func interrupt() {
        self.loop.execute {
            self.isInterrupted = true
            for reader in self.readers.values { reader.wake() }
        }
    }

    func stop(_ reader: PartitionReader) async {
        await self.loop.run { self.readers[ObjectIdentifier(reader)] = nil }
        try? await self.ask { _ in reader.finish() }
    }

    /// Ends the reader; nothing may be asked of it any more.
    package func close() async {
        await self.loop.run {
            self.loop.deregister(self.handle.wakeFD)
            self.handle.release(self.mainQueue)
        }
        await withCheckedContinuation { continuation in
            self.thread.finish { [handle] in
                handle.destroy()
                continuation.resume()
            }
        }
    }

    /// Lets those who wait look at their queues.
    package func handleEvents(_ events: IOEvents) {
        self.handle.acknowledgeWake()
        while let event = rd_kafka_queue_poll(self.mainQueue, 0) {
            self.note(KafkaError(rd_kafka_event_error(event), doing: "Reading"))
            rd_kafka_event_destroy(event)
        }
        for reader in self.readers.values { reader.wake() }
    }

    /// Tells of what librdkafka deals with itself.
    func note(_ error: KafkaError) {
        self.log(KafkaLogLine(level: 4, facility: "READ", message: error.message))
    }
}

// SPDX-License-Identifier: Apache-2.0

internal import CKafka
internal import EventLoop
internal import Synchronization

/// The part of a producer that lives until its last delivery report.
///
/// `@unchecked Sendable`: the counters are in a mutex, the handle is free to use from any thread,
/// and everything else belongs to the loop.
final class ProducerCore: EventHandler, @unchecked Sendable {
    /// Most events that are served before the loop turns to others; each holds many reports.
    private static let eventsPerTurnMax = 64

    typealias Waiter = @Sendable (Result<KafkaPosition, KafkaError>) -> Void

    /// Travels through the library with a message; released by its delivery report.
    private final class Delivery {
        let waiter: Waiter

        init(_ waiter: @escaping Waiter) { self.waiter = waiter }
    }

    private struct Shared: ~Copyable {
        /// Messages whose report has not come.
        var pending = 0
        var isClosed = false
    }

    private let loop: EventLoop
    let handle: ClientHandle
    private let queue: OpaquePointer
    private let log: KafkaLog
    private let shared = Mutex(Shared())
    /// Made when the producer closes; flushing and destroying wait for brokers and threads.
    private lazy var thread = BlockingThread(name: "kafka-close")
    private var closeWaiters: [@Sendable () -> Void] = []
    private var isFinished = false

    init(loop: EventLoop, properties: [KafkaProperty], log: @escaping KafkaLog) throws {
        let defaults: [KafkaProperty] = [
            ("client.id", "swiftlet"),
            // A record leaves at once; what comes while a request is on its way travels together.
            ("linger.ms", "0"),
            ("acks", "all"),
            ("message.timeout.ms", "30000"),
            ("queue.buffering.max.messages", "100000"),
            ("queue.buffering.max.kbytes", "65536"),
            ("reconnect.backoff.max.ms", "2000"),
            ("socket.nagle.disable", "true"),
            ("log.connection.close", "false"),
        ]
        let handle = try ClientHandle(
            .producer,
            properties: defaults + properties,
            events: RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR,
            log: log
        )
        guard let queue = rd_kafka_queue_get_main(handle.client) else {
            preconditionFailure("every client has a main queue")
        }
        handle.watch(queue)
        self.loop = loop
        self.handle = handle
        self.queue = queue
        self.log = log
        loop.execute {
            do {
                try loop.register(handle.wakeFD, for: .readable, handler: self)
            } catch {
                log(KafkaLogLine(level: 3, facility: "LOOP", message: "\(error)"))
            }
            // What came before the queue was watched woke nobody.
            self.serve()
        }
    }

    // MARK: Sending, any thread

    func produce(_ message: OutgoingMessage, _ waiter: @escaping Waiter) {
        guard self.begin() else {
            let error = KafkaError(code: .closed, message: "The Kafka producer is closed.")
            return waiter(.failure(error))
        }
        let delivery = Unmanaged.passRetained(Delivery(waiter))
        guard let error = self.handOver(message, opaque: delivery.toOpaque()) else { return }
        delivery.release()
        waiter(.failure(error))
        self.settle(1)
    }

    private func handOver(
        _ message: OutgoingMessage,
        opaque: UnsafeMutableRawPointer
    ) -> KafkaError? {
        let headers = Self.makeHeaders(message.headers)
        let error = message.topic.withCString { topic in
            withBytes(message.key) { key, keyLength in
                withBytes(message.value) { value, valueLength in
                    var outgoing = swiftlet_kafka_message(
                        topic: topic,
                        partition: message.partition ?? RD_KAFKA_PARTITION_UA,
                        key: key,
                        key_length: keyLength,
                        value: value,
                        value_length: valueLength,
                        timestamp: message.timestampMilliseconds ?? 0,
                        headers: headers,
                        opaque: opaque
                    )
                    return swiftlet_kafka_produceva_message(self.handle.client, &outgoing)
                }
            }
        }
        guard let error else { return nil }
        if let headers { rd_kafka_headers_destroy(headers) }
        let code = KafkaError.Code(rd_kafka_error_code(error))
        var result = KafkaError(taking: error, doing: "Sending to the topic \(message.topic)")
        if code == .queueFull {
            result.message = "Too many Kafka messages wait for a broker; try again later."
        }
        return result
    }

    private static func makeHeaders(_ headers: [KafkaHeader]) -> OpaquePointer? {
        guard !headers.isEmpty, let list = rd_kafka_headers_new(headers.count) else { return nil }
        for header in headers {
            withBytes(header.value) { value, length in
                _ = rd_kafka_header_add(list, header.name, -1, value, length)
            }
        }
        return list
    }

    /// Counts a message that is under way; false when the producer takes none any more.
    func begin() -> Bool {
        self.shared.withLock { shared in
            guard !shared.isClosed else { return false }
            shared.pending += 1
            return true
        }
    }

    /// Counts messages whose fate is known.
    func settle(_ count: Int) {
        let isLast = self.shared.withLock { shared in
            shared.pending -= count
            return shared.isClosed && shared.pending == 0
        }
        if isLast { self.loop.execute { self.finish() } }
    }

    // MARK: Reports, on the loop

    func handleEvents(_ events: IOEvents) {
        self.handle.acknowledgeWake()
        self.serve()
    }

    private func serve() {
        guard !self.isFinished else { return }
        for _ in 0..<Self.eventsPerTurnMax {
            guard let event = rd_kafka_queue_poll(self.queue, 0) else { return }
            switch rd_kafka_event_type(event) {
            case RD_KAFKA_EVENT_DR: self.report(event)
            default:
                let name = rd_kafka_event_name(event).map { String(cString: $0) } ?? "unknown"
                let words = rd_kafka_event_error_string(event).map { String(cString: $0) } ?? ""
                self.log(KafkaLogLine(level: 4, facility: name, message: words))
            }
            rd_kafka_event_destroy(event)
        }
        // A wake-up tells of an empty queue that was filled, and this one is not empty.
        self.loop.execute { self.serve() }
    }

    private func report(_ event: OpaquePointer) {
        var count = 0
        while let message = rd_kafka_event_message_next(event)?.pointee {
            count += 1
            guard let opaque = message._private else { continue }
            let waiter = Unmanaged<Delivery>.fromOpaque(opaque).takeRetainedValue().waiter
            guard message.err == RD_KAFKA_RESP_ERR_NO_ERROR else {
                waiter(.failure(Self.error(of: message.err)))
                continue
            }
            waiter(
                .success(KafkaPosition(partition: message.partition, offset: message.offset))
            )
        }
        self.settle(count)
    }

    private static func error(of code: rd_kafka_resp_err_t) -> KafkaError {
        switch code {
        case RD_KAFKA_RESP_ERR__PURGE_QUEUE, RD_KAFKA_RESP_ERR__PURGE_INFLIGHT:
            KafkaError(code: .purged, message: "The Kafka producer closed before delivery.")
        default: KafkaError(code, doing: "Sending a Kafka message")
        }
    }

    // MARK: Closing

    /// Ends the producer of which nobody holds a reference any more.
    func abandon() {
        // A stopped loop would keep what is queued, and so itself, for ever.
        guard !self.shared.withLock({ $0.isClosed }) else { return }
        self.close(deadline: .zero) {}
    }

    func close(deadline: Duration, _ completion: @escaping @Sendable () -> Void) {
        self.loop.execute {
            guard !self.isFinished else { return completion() }
            self.closeWaiters.append(completion)
            let (isFirst, isIdle) = self.shared.withLock { shared in
                defer { shared.isClosed = true }
                return (!shared.isClosed, shared.pending == 0)
            }
            guard isFirst else { return }
            if isIdle { return self.finish() }
            let milliseconds = Int32(clamping: deadline.nanosecondsClamped / 1_000_000)
            self.thread.run { [handle = self.handle] in
                // Ends lingering, and waits while the loop serves the reports.
                rd_kafka_flush(handle.client, max(0, milliseconds))
                rd_kafka_purge(
                    handle.client,
                    RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT
                )
            }
        }
    }

    private func finish() {
        guard !self.isFinished else { return }
        self.isFinished = true
        self.loop.deregister(self.handle.wakeFD)
        self.handle.release(self.queue)
        let waiters = self.closeWaiters
        self.closeWaiters = []
        self.thread.finish { [handle] in
            handle.destroy()
            for waiter in waiters { waiter() }
        }
    }
}

/// Lends bytes to C; none is a null pointer, and empty is not.
private func withBytes<Result>(
    _ bytes: [UInt8]?,
    _ body: (UnsafeRawPointer?, Int) -> Result
) -> Result {
    guard let bytes else { return body(nil, 0) }
    guard !bytes.isEmpty else {
        return withUnsafeBytes(of: UInt8(0)) { body($0.baseAddress, 0) }
    }
    return bytes.withUnsafeBytes { body($0.baseAddress, $0.count) }
}

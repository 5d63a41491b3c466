// SPDX-License-Identifier: Apache-2.0

internal import CKafka
internal import CLinux
internal import EventLoop
internal import Glibc

/// Owns one `rd_kafka_t` and the descriptor to which its queues report.
///
/// `@unchecked Sendable`: nothing here changes after it was made, and librdkafka's functions may be
/// called from any thread (its INTRODUCTION.md, "Threads and callbacks"). Whoever calls
/// ``destroy()`` made sure that nobody else calls anything any more.
final class ClientHandle: @unchecked Sendable {
    enum Kind {
        case consumer
        case producer
    }

    let client: OpaquePointer
    /// An eventfd that becomes readable when an empty queue gets something.
    let wakeFD: Int32
    private let callbacks: ClientCallbacks

    /// Makes a client.
    ///
    /// - Throws: ``KafkaError`` when a property is refused, `SystemError` without descriptors.
    init(
        _ kind: Kind,
        properties: [KafkaProperty],
        events: Int32,
        log: @escaping KafkaLog
    ) throws {
        let configuration = try KafkaConfiguration(properties)
        configuration.enableEvents(events)
        let callbacks = ClientCallbacks(log: log)
        let wakeFD = swiftlet_eventfd()
        guard wakeFD >= 0 else { throw SystemError.last("eventfd") }
        do {
            self.client = try configuration.makeClient(
                kind == .consumer ? RD_KAFKA_CONSUMER : RD_KAFKA_PRODUCER,
                callbacks: callbacks
            )
        } catch {
            close(wakeFD)
            throw error
        }
        self.callbacks = callbacks
        self.wakeFD = wakeFD
    }

    /// Lets a queue report to ``wakeFD`` when it was empty and is no more.
    func watch(_ queue: OpaquePointer) {
        var one: UInt64 = 1
        rd_kafka_queue_io_event_enable(queue, self.wakeFD, &one, MemoryLayout<UInt64>.size)
    }

    /// Gives a queue back; children go before the client.
    func release(_ queue: OpaquePointer) {
        rd_kafka_queue_io_event_enable(queue, -1, nil, 0)
        rd_kafka_queue_destroy(queue)
    }

    /// Makes ``wakeFD`` quiet, before the queues are looked at.
    func acknowledgeWake() {
        var count: UInt64 = 0
        _ = read(self.wakeFD, &count, MemoryLayout<UInt64>.size)
    }

    /// Ends the client; waits for its threads, so never on an event loop.
    func destroy() {
        rd_kafka_destroy(self.client)
        close(self.wakeFD)
        withExtendedLifetime(self.callbacks) {}
    }
}

// SPDX-License-Identifier: Apache-2.0

package import EventLoop

/// Appends records to topics, and tells where each of them was stored.
///
/// Any thread may send. Delivery reports are served on the loop; nothing waits on it.
package final class KafkaProducer: Sendable {
    let core: ProducerCore

    /// Makes a producer; connections are made when there is something to send.
    ///
    /// - Parameters:
    ///   - loop: Serves the delivery reports.
    ///   - properties: Of librdkafka, at least `bootstrap.servers`; they win over the defaults.
    ///   - log: Takes what librdkafka logs, on its threads.
    /// - Throws: ``KafkaError`` that names the property which was refused.
    package init(
        loop: EventLoop,
        properties: [KafkaProperty],
        log: @escaping KafkaLog = KafkaLogLine.toStandardError
    ) throws {
        self.core = try ProducerCore(loop: loop, properties: properties, log: log)
    }

    deinit { self.core.abandon() }

    /// Appends one record, and comes back when all replicas have it.
    ///
    /// The key chooses the partition. A task that is cancelled still waits: what was sent cannot be
    /// called back.
    ///
    /// - Throws: ``KafkaError``: ``KafkaError/Code/queueFull`` at once when too much is waiting
    ///   (retriable), ``KafkaError/Code/messageTimedOut`` when no broker took it in time.
    package func send(
        topic: String,
        key: [UInt8]?,
        value: [UInt8]?,
        headers: [KafkaHeader] = [],
        timestampMilliseconds: Int64? = nil
    ) async throws -> KafkaPosition {
        let message = OutgoingMessage(
            topic: topic,
            key: key,
            value: value,
            headers: headers,
            timestampMilliseconds: timestampMilliseconds
        )
        return try await withCheckedThrowingContinuation { continuation in
            self.core.produce(message) { continuation.resume(with: $0.mapError { $0 }) }
        }
    }

    /// Appends one record; any thread.
    ///
    /// `completion`: Called once: on the producer's loop, or before this returns when the
    ///   record cannot even be queued.
    package func start(
        topic: String,
        key: [UInt8]?,
        value: [UInt8]?,
        headers: [KafkaHeader] = [],
        timestampMilliseconds: Int64? = nil,
        completion: @escaping @Sendable (Result<KafkaPosition, KafkaError>) -> Void
    ) {
        let message = OutgoingMessage(
            topic: topic,
            key: key,
            value: value,
            headers: headers,
            timestampMilliseconds: timestampMilliseconds
        )
        self.core.produce(message, completion)
    }

    /// Waits until all that was sent is delivered or given up, at most until the deadline, and ends
    /// the producer; what is left then fails with ``KafkaError/Code/purged``.
    package func close(deadline: Duration) async {
        await withCheckedContinuation { continuation in
            self.core.close(deadline: deadline) { continuation.resume() }
        }
    }

    /// As ``close(deadline:)``; any thread, and `completion` on any thread.
    package func close(deadline: Duration, _ completion: @escaping @Sendable () -> Void) {
        self.core.close(deadline: deadline, completion)
    }
}

/// A record on its way to a topic.
struct OutgoingMessage: Sendable {
    var topic: String
    var key: [UInt8]?
    var value: [UInt8]?
    var headers: [KafkaHeader]
    var timestampMilliseconds: Int64?
    /// `nil`: as the key chooses.
    var partition: Int32?
}

// SPDX-License-Identifier: Apache-2.0

package import EventLoop
package import Kafka

/// Appends records to the topic they name, or to another one.
package final class TopicTarget: RedeliveryTarget {
    /// How soon a full queue is tried again.
    private static let fullQueueWait = Duration.milliseconds(50)
    /// How long the end waits for records that are with the brokers.
    private static let closeDeadline = Duration.seconds(30)

    private let producer: KafkaProducer
    private let topic: String?
    private let interruption: Interruption

    /// Makes a target.
    ///
    /// - Parameters:
    ///   - topic: Where all records go, chosen by their key; `nil`: each to its own topic and
    ///     partition.
    ///   - loop: Serves the producer.
    ///   - bootstrapServers: `host:port`, several joined by commas.
    ///   - properties: How to reach the brokers.
    ///   - interruption: Ends waits.
    ///   - log: Takes what librdkafka logs.
    /// - Throws: ``KafkaError`` that names a property which was refused.
    package init(
        topic: String?,
        loop: EventLoop,
        bootstrapServers: String,
        properties: [KafkaProperty],
        interruption: Interruption,
        log: @escaping KafkaLog
    ) throws {
        let own: [KafkaProperty] = [
            ("bootstrap.servers", bootstrapServers),
            // A record that the brokers gave us, they take again; what is too large, they say.
            ("message.max.bytes", "100000000"),
            ("enable.idempotence", "true"),
        ]
        self.producer = try KafkaProducer(loop: loop, properties: properties + own, log: log)
        self.topic = topic
        self.interruption = interruption
    }

    /// Appends a record, and waits until the brokers have it.
    package func deliver(_ record: KafkaRecord) async -> RedeliveryResult {
        while true {
            do {
                _ = try await self.append(record)
                return .delivered
            } catch let error as KafkaError where error.code == .queueFull {
                guard await self.interruption.pause(Self.fullQueueWait) else { return .unfinished }
            } catch {
                return .failed(status: nil, reason: "\(error)")
            }
        }
    }

    private func append(_ record: KafkaRecord) async throws -> KafkaPosition {
        if let topic = self.topic {
            return try await self.producer.send(
                topic: topic,
                key: record.key,
                value: record.value,
                headers: record.headers
            )
        }
        return try await self.producer.send(
            to: TopicPartition(topic: record.topic, partition: record.partition),
            key: record.key,
            value: record.value,
            headers: record.headers
        )
    }

    /// Ends the producer.
    package func close() async { await self.producer.close(deadline: Self.closeDeadline) }
}

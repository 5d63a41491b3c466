// SPDX-License-Identifier: Apache-2.0

import CloudEvents
import EventLoop
import Kafka
import Synchronization

/// Announces exams on a Kafka topic, as CloudEvents in binary mode.
final class KafkaPublisher: EventPublisher {
    private let topic: ExamConfiguration.ResultTopic
    private let loop: EventLoop
    /// Made for the first event: its threads would cost start-up time.
    private let producer = Mutex<KafkaProducer?>(nil)

    /// Makes a publisher that connects when there is something to say.
    init(topic: ExamConfiguration.ResultTopic, loop: EventLoop) {
        self.topic = topic
        self.loop = loop
    }

    func publish(_ event: CloudEvent, key: String) async throws {
        let message = try event.kafkaMessage(mode: .binary)
        _ = try await self.connected().send(
            topic: self.topic.name,
            key: Array(key.utf8),
            value: message.value,
            headers: message.headers.map { KafkaHeader(name: $0.name, value: $0.value) }
        )
    }

    private func connected() throws -> KafkaProducer {
        try self.producer.withLock { producer in
            if let producer { return producer }
            let made = try KafkaProducer(
                loop: self.loop,
                properties: [
                    (name: "bootstrap.servers", value: self.topic.bootstrapServers),
                    // The dispatcher tries again: better soon than after five minutes.
                    (name: "message.timeout.ms", value: "30000"),
                ]
            )
            producer = made
            return made
        }
    }
}

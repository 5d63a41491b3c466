// SPDX-License-Identifier: Apache-2.0

internal import Kafka
internal import ObjectStorage

/// Carries the bucket's notifications to Kafka.
struct KafkaPublisher: NotificationPublisher {
    let producer: KafkaProducer

    func publish(
        topic: String,
        key: [UInt8],
        value: [UInt8]
    ) async throws -> NotificationReceipt? {
        let position = try await self.producer.send(
            topic: topic,
            key: key,
            value: value,
            headers: []
        )
        return NotificationReceipt(partition: position.partition, offset: position.offset)
    }
}

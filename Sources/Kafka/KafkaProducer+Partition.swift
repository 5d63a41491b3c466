// SPDX-License-Identifier: Apache-2.0

extension KafkaProducer {
    /// Appends one record to a partition that the caller chose, and comes back when all replicas
    /// have it.
    ///
    /// For records that belong where they were: another client's partitioner may have put them
    /// there, and its choice need not be ours.
    ///
    /// - Throws: ``KafkaError``, as
    ///   ``send(topic:key:value:headers:timestampMilliseconds:)``; also when the topic has no such
    ///   partition.
    package func send(
        to partition: TopicPartition,
        key: [UInt8]?,
        value: [UInt8]?,
        headers: [KafkaHeader] = []
    ) async throws -> KafkaPosition {
        let message = OutgoingMessage(
            topic: partition.topic,
            key: key,
            value: value,
            headers: headers,
            partition: partition.partition
        )
        return try await withCheckedThrowingContinuation { continuation in
            self.core.produce(message) { continuation.resume(with: $0.mapError { $0 }) }
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

import Telemetry

/// Publishes events to the topics of the rules that match.
struct Notifier: Sendable {
    let rules: [NotificationRule]
    let publisher: (any NotificationPublisher)?
    let milestones: MilestoneRecorder
    let logger: Logger

    /// Publishes an event; returns when every topic has it.
    ///
    /// - Throws: ``BucketError`` `slowDown`, upon which clients send the request again.
    func publish(_ event: ObjectEvent) async throws(BucketError) {
        guard let publisher = self.publisher else { return }
        var topics: Set<String> = []
        for rule in self.rules
        where rule.matches(event.name, bucket: event.bucket, key: event.key) {
            // Two rules for one topic send one record, as MinIO does for one target.
            guard topics.insert(rule.topic).inserted else { continue }
            do {
                let receipt = try await publisher.publish(
                    topic: rule.topic,
                    key: event.recordKey,
                    value: event.recordValue
                )
                self.record(event, topic: rule.topic, receipt)
            } catch {
                self.logger.error(
                    "A notification could not be published; the client is asked to try again.",
                    ["topic": rule.topic, "bucket": event.bucket, "error": "\(error)"]
                )
                throw BucketError(
                    .slowDown,
                    "The notification of this change could not be published to the topic"
                        + " \(rule.topic); send the request again."
                )
            }
        }
    }

    private func record(_ event: ObjectEvent, topic: String, _ receipt: NotificationReceipt?) {
        var attributes = ["topic": topic]
        if let receipt {
            attributes["partition"] = String(receipt.partition)
            attributes["offset"] = String(receipt.offset)
        }
        if let object = event.object { attributes["etag"] = object.eTag }
        self.milestones.record(
            .notified,
            subject: "\(event.bucket)/\(event.key)",
            attributes: attributes
        )
    }

    /// Records that an object lies in its bucket.
    func recordStored(bucket: String, _ metadata: ObjectMetadata) {
        self.milestones.record(
            .stored,
            subject: "\(bucket)/\(metadata.key)",
            attributes: ["etag": metadata.eTag, "bytes": String(metadata.lengthBytes)]
        )
    }
}

// SPDX-License-Identifier: Apache-2.0

internal import CKafka

extension KafkaProducer {
    /// Connects and learns where the topics live, so that the first record need not wait for that.
    ///
    /// Without it librdkafka takes up to a second over the first record. Whatever goes wrong here
    /// is told by the first ``send(topic:key:value:headers:timestampMilliseconds:)``.
    ///
    /// - Parameters:
    ///   - topics: The topics that will be written to.
    ///   - timeout: The longest wait for each.
    package func prepare(topics: [String], timeout: Duration = .seconds(5)) async {
        await withCheckedContinuation { continuation in
            BlockingThread(name: "kafka-prepare").finish {
                self.core.prepare(topics, timeout)
                continuation.resume()
            }
        }
    }
}

extension ProducerCore {
    /// Asks for the metadata of topics; blocks.
    func prepare(_ topics: [String], _ timeout: Duration) {
        // Counts as a message under way, so that closing does not take the client away meanwhile.
        guard self.begin() else { return }
        defer { self.settle(1) }
        let milliseconds = Int32(clamping: timeout.components.seconds * 1000)
        for name in topics {
            guard let topic = rd_kafka_topic_new(self.handle.client, name, nil) else { continue }
            var metadata: UnsafePointer<rd_kafka_metadata>?
            if rd_kafka_metadata(self.handle.client, 0, topic, &metadata, milliseconds)
                == RD_KAFKA_RESP_ERR_NO_ERROR
            {
                rd_kafka_metadata_destroy(metadata)
            }
            rd_kafka_topic_destroy(topic)
        }
    }
}

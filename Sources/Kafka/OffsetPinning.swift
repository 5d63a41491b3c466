// SPDX-License-Identifier: Apache-2.0

internal import CKafka

/// Finds where a group reads on, and where one that starts at the latest record begins.
///
/// Such a beginning is stored at once: else a record that is appended after the first start and
/// before the first commit would be missed when the process starts again. All of it waits for
/// brokers: it runs on a blocking thread.
struct OffsetPinning: Sendable {
    /// The longest wait for each answer, in milliseconds.
    private static let answerMilliseconds: Int32 = 5000

    /// What was found.
    struct Outcome: Sendable, Equatable {
        /// Where to start, for each partition.
        var starts: [TopicPartition: Int64] = [:]
        /// What the group had stored.
        var committed: [TopicPartition: KafkaCommit] = [:]
        /// Starts that were chosen here and could not be committed.
        var uncommitted: [TopicPartition: Int64] = [:]
        /// Why not.
        var commitError: KafkaError?
        /// How many partitions each topic had when this process first saw it.
        var partitionCounts: [String: Int32]
    }

    let handle: ClientHandle
    let partitions: [TopicPartition]
    let partitionCounts: [String: Int32]
    var initialOffset = InitialOffset.latest

    func run() throws(KafkaError) -> Outcome {
        var outcome = Outcome(partitionCounts: self.partitionCounts)
        var chosen: [TopicPartition: Int64] = [:]
        for entry in try self.committed() {
            guard entry.offset < 0 else {
                outcome.starts[entry.partition] = entry.offset
                outcome.committed[entry.partition] = KafkaCommit(
                    offset: entry.offset,
                    metadata: entry.metadata ?? ""
                )
                continue
            }
            guard self.initialOffset == .latest else {
                outcome.starts[entry.partition] = KafkaOffset.beginning
                continue
            }
            let topic = entry.partition.topic
            if outcome.partitionCounts[topic] == nil {
                outcome.partitionCounts[topic] = try self.partitionCount(of: topic)
            }
            let count = outcome.partitionCounts[topic] ?? 0
            let (low, high) = try self.watermarks(of: entry.partition)
            // A partition that was added while we were reading is all new.
            let start = entry.partition.partition < count ? high : low
            chosen[entry.partition] = start
            outcome.starts[entry.partition] = start
        }
        outcome.commitError = self.commit(chosen)
        if outcome.commitError != nil { outcome.uncommitted = chosen }
        return outcome
    }

    private func committed() throws(KafkaError) -> [PartitionList.Entry] {
        let list = PartitionList(self.partitions)
        let result = list.withRaw {
            rd_kafka_committed(self.handle.client, $0, Self.answerMilliseconds)
        }
        let entries = list.entries
        let code = entries.first { $0.error != RD_KAFKA_RESP_ERR_NO_ERROR }?.error ?? result
        guard result == RD_KAFKA_RESP_ERR_NO_ERROR, code == result else {
            throw KafkaError(code, doing: "Reading the group's committed offsets")
        }
        return entries
    }

    private func watermarks(
        of partition: TopicPartition
    ) throws(KafkaError) -> (low: Int64, high: Int64) {
        var low = KafkaOffset.unknown
        var high = KafkaOffset.unknown
        let result = rd_kafka_query_watermark_offsets(
            self.handle.client,
            partition.topic,
            partition.partition,
            &low,
            &high,
            Self.answerMilliseconds
        )
        guard result == RD_KAFKA_RESP_ERR_NO_ERROR, low >= 0, high >= 0 else {
            throw KafkaError(result, doing: "Reading the end of \(partition)")
        }
        return (low, high)
    }

    private func partitionCount(of topic: String) throws(KafkaError) -> Int32 {
        guard let handle = rd_kafka_topic_new(self.handle.client, topic, nil) else {
            throw KafkaError(rd_kafka_last_error(), doing: "Looking up the topic \(topic)")
        }
        defer { rd_kafka_topic_destroy(handle) }
        var metadata: UnsafePointer<rd_kafka_metadata>?
        let result = rd_kafka_metadata(
            self.handle.client,
            0,
            handle,
            &metadata,
            Self.answerMilliseconds
        )
        guard result == RD_KAFKA_RESP_ERR_NO_ERROR, let metadata else {
            throw KafkaError(result, doing: "Looking up the topic \(topic)")
        }
        defer { rd_kafka_metadata_destroy(metadata) }
        guard metadata.pointee.topic_cnt > 0, let first = metadata.pointee.topics else { return 0 }
        return first.pointee.partition_cnt
    }

    private func commit(_ offsets: [TopicPartition: Int64]) -> KafkaError? {
        guard !offsets.isEmpty else { return nil }
        var list = PartitionList()
        for (partition, offset) in offsets { list.append(partition, offset: offset) }
        let result = list.withRaw { rd_kafka_commit(self.handle.client, $0, 0) }
        let refused = list.entries.first { $0.error != RD_KAFKA_RESP_ERR_NO_ERROR }?.error
        let code = result == RD_KAFKA_RESP_ERR_NO_ERROR ? refused ?? result : result
        guard code != RD_KAFKA_RESP_ERR_NO_ERROR else { return nil }
        return KafkaError(code, doing: "Committing where a new group starts")
    }
}

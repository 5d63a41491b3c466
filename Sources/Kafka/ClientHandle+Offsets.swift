// SPDX-License-Identifier: Apache-2.0

internal import CKafka

/// Questions about topics, which wait for a broker: not for an event loop.
extension ClientHandle {
    /// The partitions of a topic, in their order.
    func partitions(
        of topic: String,
        _ milliseconds: Int32
    ) throws(KafkaError) -> [TopicPartition] {
        let what = "Looking up the topic \(topic)"
        guard let handle = rd_kafka_topic_new(self.client, topic, nil) else {
            throw KafkaError(rd_kafka_last_error(), doing: what)
        }
        defer { rd_kafka_topic_destroy(handle) }
        var metadata: UnsafePointer<rd_kafka_metadata>?
        let result = rd_kafka_metadata(self.client, 0, handle, &metadata, milliseconds)
        guard result == RD_KAFKA_RESP_ERR_NO_ERROR, let metadata else {
            throw KafkaError(result, doing: what)
        }
        defer { rd_kafka_metadata_destroy(metadata) }
        guard metadata.pointee.topic_cnt > 0, let found = metadata.pointee.topics?.pointee else {
            throw KafkaError(RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, doing: what)
        }
        guard found.err == RD_KAFKA_RESP_ERR_NO_ERROR, found.partition_cnt > 0 else {
            let code = found.err
            let isFound = code == RD_KAFKA_RESP_ERR_NO_ERROR
            throw KafkaError(isFound ? RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC : code, doing: what)
        }
        return (0..<Int(found.partition_cnt)).map {
            TopicPartition(topic: topic, partition: found.partitions[$0].id)
        }.sorted { $0.partition < $1.partition }
    }

    /// Where a partition begins and ends.
    func bounds(
        of partition: TopicPartition,
        _ milliseconds: Int32
    ) throws(KafkaError) -> Range<Int64> {
        var low = KafkaOffset.unknown
        var high = KafkaOffset.unknown
        let result = rd_kafka_query_watermark_offsets(
            self.client,
            partition.topic,
            partition.partition,
            &low,
            &high,
            milliseconds
        )
        guard result == RD_KAFKA_RESP_ERR_NO_ERROR, low >= 0, high >= low else {
            throw KafkaError(result, doing: "Reading where \(partition) begins and ends")
        }
        return low..<high
    }

    /// The first offset that is not older than a time; `nil` when all are older.
    func offset(
        in partition: TopicPartition,
        at time: Int64,
        _ milliseconds: Int32
    ) throws(KafkaError) -> Int64? {
        var list = PartitionList()
        list.append(partition, offset: max(0, time))
        let result = list.withRaw { rd_kafka_offsets_for_times(self.client, $0, milliseconds) }
        guard let entry = list.entries.first, result == RD_KAFKA_RESP_ERR_NO_ERROR,
            entry.error == result
        else {
            let code = list.entries.first?.error ?? result
            throw KafkaError(
                result == RD_KAFKA_RESP_ERR_NO_ERROR ? code : result,
                doing: "Looking for a time in \(partition)"
            )
        }
        return entry.offset >= 0 ? entry.offset : nil
    }
}

// SPDX-License-Identifier: Apache-2.0

internal import CKafka

/// A partition of a topic.
package struct TopicPartition: Sendable, Hashable, CustomStringConvertible {
    /// The name of the topic.
    package var topic: String
    /// The number of the partition, from 0.
    package var partition: Int32

    /// Names a partition.
    package init(topic: String, partition: Int32) {
        self.topic = topic
        self.partition = partition
    }

    /// For logs: `topic[3]`.
    package var description: String { "\(self.topic)[\(self.partition)]" }
}

/// A header of a record; names may repeat, values may be null and need not be text.
package struct KafkaHeader: Sendable, Hashable {
    /// The name, as sent; letters' case counts.
    package var name: String
    /// The value; `nil` differs from empty.
    package var value: [UInt8]?

    /// Makes a header.
    package init(name: String, value: [UInt8]?) {
        self.name = name
        self.value = value
    }
}

/// A record of a topic, copied out of librdkafka.
package struct KafkaRecord: Sendable, Equatable {
    /// The topic it was read from.
    package var topic: String
    /// The partition it was read from.
    package var partition: Int32
    /// Its position in the partition.
    package var offset: Int64
    /// When it was made or appended, in milliseconds since 1970; `nil` when nobody noted it.
    package var timestampMilliseconds: Int64?
    /// The key; `nil` differs from empty.
    package var key: [UInt8]?
    /// The value; `nil` is a tombstone.
    package var value: [UInt8]?
    /// The headers, in their order.
    package var headers: [KafkaHeader]

    /// Makes a record; tests do.
    package init(
        topic: String,
        partition: Int32,
        offset: Int64,
        timestampMilliseconds: Int64? = nil,
        key: [UInt8]? = nil,
        value: [UInt8]? = nil,
        headers: [KafkaHeader] = []
    ) {
        self.topic = topic
        self.partition = partition
        self.offset = offset
        self.timestampMilliseconds = timestampMilliseconds
        self.key = key
        self.value = value
        self.headers = headers
    }

    /// Copies a message; the topic's name is the caller's, so that it is not made for each record.
    init(copying message: UnsafePointer<rd_kafka_message_t>, topic: String) {
        var timestampType = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE
        let timestamp = rd_kafka_message_timestamp(message, &timestampType)
        let hasTimestamp = timestampType != RD_KAFKA_TIMESTAMP_NOT_AVAILABLE
        self.init(
            topic: topic,
            partition: message.pointee.partition,
            offset: message.pointee.offset,
            timestampMilliseconds: hasTimestamp ? timestamp : nil,
            key: bytes(message.pointee.key, message.pointee.key_len),
            value: bytes(message.pointee.payload, message.pointee.len),
            headers: Self.headers(of: message)
        )
    }

    private static func headers(of message: UnsafePointer<rd_kafka_message_t>) -> [KafkaHeader] {
        var list: OpaquePointer?
        guard rd_kafka_message_headers(message, &list) == RD_KAFKA_RESP_ERR_NO_ERROR, let list
        else { return [] }
        let count = rd_kafka_header_cnt(list)
        var headers: [KafkaHeader] = []
        headers.reserveCapacity(count)
        for index in 0..<count {
            var name: UnsafePointer<CChar>?
            var value: UnsafeRawPointer?
            var length = 0
            let result = rd_kafka_header_get_all(list, index, &name, &value, &length)
            guard result == RD_KAFKA_RESP_ERR_NO_ERROR, let name else { break }
            headers.append(KafkaHeader(name: String(cString: name), value: bytes(value, length)))
        }
        return headers
    }
}

/// What a group stores for a partition.
package struct KafkaCommit: Sendable, Hashable {
    /// Where reading goes on.
    package var offset: Int64
    /// What whoever reads on should know; brokers take 4096 bytes unless told otherwise.
    package var metadata: String

    /// Makes a commit.
    package init(offset: Int64, metadata: String = "") {
        self.offset = offset
        self.metadata = metadata
    }
}

/// Where a record was stored.
package struct KafkaPosition: Sendable, Hashable {
    /// The partition that was chosen.
    package var partition: Int32
    /// The offset in the partition.
    package var offset: Int64

    /// Makes a position.
    package init(partition: Int32, offset: Int64) {
        self.partition = partition
        self.offset = offset
    }
}

/// The bytes at a pointer of C; a null pointer is `nil`, whatever the length.
private func bytes(_ start: UnsafeRawPointer?, _ length: Int) -> [UInt8]? {
    guard let start else { return nil }
    return [UInt8](UnsafeRawBufferPointer(start: start, count: length))
}

// SPDX-License-Identifier: Apache-2.0

internal import CKafka
internal import Glibc

/// Owns one `rd_kafka_topic_partition_list_t`.
struct PartitionList: ~Copyable {
    typealias Raw = UnsafeMutablePointer<rd_kafka_topic_partition_list_t>

    private let raw: Raw

    /// Makes an empty list.
    init() {
        guard let raw = rd_kafka_topic_partition_list_new(8) else {
            preconditionFailure("librdkafka stops the process itself when memory runs out")
        }
        self.raw = raw
    }

    /// Makes a list of partitions without offsets.
    init(_ partitions: some Sequence<TopicPartition>) {
        self.init()
        for partition in partitions { self.append(partition) }
    }

    /// Copies a list that an event lends.
    init(copying other: UnsafePointer<rd_kafka_topic_partition_list_t>) {
        guard let raw = rd_kafka_topic_partition_list_copy(other) else {
            preconditionFailure("librdkafka stops the process itself when memory runs out")
        }
        self.raw = raw
    }

    deinit { rd_kafka_topic_partition_list_destroy(self.raw) }

    var count: Int { Int(self.raw.pointee.cnt) }

    mutating func append(
        _ partition: TopicPartition,
        offset: Int64 = KafkaOffset.unknown,
        metadata: String = ""
    ) {
        let entry = rd_kafka_topic_partition_list_add(
            self.raw,
            partition.topic,
            partition.partition
        )
        entry?.pointee.offset = offset
        // The list frees it with free(3).
        guard !metadata.isEmpty, let copy = strdup(metadata) else { return }
        entry?.pointee.metadata = UnsafeMutableRawPointer(copy)
        entry?.pointee.metadata_size = strlen(copy)
    }

    /// Lends the pointer to a C call; `body` keeps nothing.
    borrowing func withRaw<Result>(_ body: (Raw) -> Result) -> Result { body(self.raw) }

    /// The entries as values.
    var entries: [Entry] { Self.entries(of: self.raw) }

    /// One partition, with its offset and what went wrong with it.
    struct Entry: Equatable {
        var partition: TopicPartition
        var offset: Int64
        var metadata: String?
        var error: rd_kafka_resp_err_t
    }

    /// The entries of a list that an event lends.
    static func entries(of raw: UnsafePointer<rd_kafka_topic_partition_list_t>) -> [Entry] {
        (0..<Int(raw.pointee.cnt)).compactMap { index in
            let entry = raw.pointee.elems[index]
            guard let topic = entry.topic else { return nil }
            return Entry(
                partition: TopicPartition(
                    topic: String(cString: topic),
                    partition: entry.partition
                ),
                offset: entry.offset,
                metadata: Self.metadata(of: entry),
                error: entry.err
            )
        }
    }
}

extension PartitionList {
    private static func metadata(of entry: rd_kafka_topic_partition_t) -> String? {
        guard let start = entry.metadata, entry.metadata_size > 0 else { return nil }
        let bytes = UnsafeRawBufferPointer(start: start, count: entry.metadata_size)
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// Offsets that are words, not positions.
enum KafkaOffset {
    /// Not known, or none was committed.
    static let unknown = Int64(RD_KAFKA_OFFSET_INVALID)
    /// The oldest record that is still there.
    static let beginning = Int64(RD_KAFKA_OFFSET_BEGINNING)
    /// After the newest record.
    static let end = Int64(RD_KAFKA_OFFSET_END)
}

// SPDX-License-Identifier: Apache-2.0

internal import Bytes
package import Kafka
internal import Telemetry

/// Finds the offsets that a person means.
package struct RangeFinder: Sendable {
    private let reader: KafkaReader
    private let from: OffsetBound
    private let to: OffsetBound
    private let now: Timestamp

    /// Makes a finder; times ago are counted from now on.
    package init(_ reader: KafkaReader, from: OffsetBound, to: OffsetBound) {
        self.reader = reader
        self.from = from
        self.to = to
        self.now = Timestamp.realtime()
    }

    /// What there is to read of topics at present.
    ///
    /// - Parameters:
    ///   - topics: Their names.
    ///   - numbers: The partitions that are wanted of each; `nil` for all.
    /// - Returns: The offsets of each partition; records that come later are not among them.
    /// - Throws: ``KafkaError`` or ``KafkaSourceError`` naming the topic.
    package func ranges(
        of topics: [String],
        partitions numbers: Set<Int32>?
    ) async throws -> [TopicPartition: OffsetRanges] {
        var found: [TopicPartition: OffsetRanges] = [:]
        for topic in topics {
            let all = try await self.reader.partitions(of: topic)
            let missing = (numbers ?? []).subtracting(all.map(\.partition)).min()
            if let missing {
                throw KafkaSourceError(
                    message: "The topic \(topic) has no partition \(missing), only 0 to "
                        + "\(all.count - 1)."
                )
            }
            for partition in all where numbers?.contains(partition.partition) ?? true {
                found[partition] = OffsetRanges(try await self.range(of: partition))
            }
        }
        return found
    }

    private func range(of partition: TopicPartition) async throws -> Range<Int64> {
        let bounds = try await self.reader.bounds(of: partition)
        let start = try await self.offset(self.from, partition, bounds)
        let end = try await self.offset(self.to, partition, bounds)
        return start..<max(start, end)
    }

    private func offset(
        _ bound: OffsetBound,
        _ partition: TopicPartition,
        _ bounds: Range<Int64>
    ) async throws -> Int64 {
        switch bound {
        case .beginning: return bounds.lowerBound
        case .end: return bounds.upperBound
        case .offset(let offset):
            return min(max(offset, bounds.lowerBound), bounds.upperBound)
        case .time, .ago:
            let time = bound.milliseconds(now: self.now) ?? 0
            if let offset = try await self.reader.offset(in: partition, at: time) {
                return min(max(offset, bounds.lowerBound), bounds.upperBound)
            }
            return try await self.search(partition, bounds, for: time)
        }
    }

    /// Looks for a time where the broker knows of none: there may be no newer record, and there
    /// are brokers that do not keep times (librdkafka's, which `swiftlet up` has, is one).
    private func search(
        _ partition: TopicPartition,
        _ bounds: Range<Int64>,
        for time: Int64
    ) async throws -> Int64 {
        var low = bounds.lowerBound
        var high = bounds.upperBound
        guard low < high else { return high }
        // The newest record tells which of the two it is.
        var probe = high - 1
        while low < high {
            let record = try await self.record(of: partition, at: probe)
            if let record, (record.timestampMilliseconds ?? 0) < time {
                low = max(low, record.offset + 1)
            } else {
                high = probe
            }
            probe = low + (high - low) / 2
        }
        return low
    }

    /// The first record at an offset or after it; `nil` at the end.
    private func record(
        of partition: TopicPartition,
        at offset: Int64
    ) async throws -> KafkaRecord? {
        let part = try await self.reader.read(partition, from: offset)
        do {
            let step = try await part.next()
            await part.stop()
            guard case .records(let records) = step else { return nil }
            return records.first { $0.offset >= offset }
        } catch {
            await part.stop()
            throw error
        }
    }
}

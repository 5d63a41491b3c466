// SPDX-License-Identifier: Apache-2.0

internal import FoundationEssentials
package import Kafka

/// How far a redelivery came, so that another process can go on.
package struct RedeliveryState: Sendable, Equatable {
    /// The largest state that is read, in bytes.
    package static let bytesMax = 16 * 1024 * 1024
    private static let version = 1

    /// What was asked for, by flag; a state is of use for the same job only.
    package var job: [String: String]
    /// What is left of each partition that was asked for.
    package var remaining: [TopicPartition: OffsetRanges]

    /// The state of a job that did nothing yet.
    package init(job: [String: String], remaining: [TopicPartition: OffsetRanges]) {
        self.job = job
        self.remaining = remaining
    }

    /// The state as JSON, partitions in their order.
    package func json() throws -> [UInt8] {
        let document = Document(
            version: Self.version,
            job: self.job,
            partitions: self.remaining.sorted {
                ($0.key.topic, $0.key.partition) < ($1.key.topic, $1.key.partition)
            }.map { partition, ranges in
                Document.Partition(
                    topic: partition.topic,
                    partition: partition.partition,
                    remaining: ranges.ranges.map { [$0.lowerBound, $0.upperBound] }
                )
            }
        )
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        return Array(try encoder.encode(document)) + [0x0A]
    }

    /// Reads a state.
    ///
    /// - Throws: ``KafkaSourceError`` saying what is wrong with it.
    package init(json: [UInt8]) throws(KafkaSourceError) {
        guard let document = try? JSONDecoder().decode(Document.self, from: Data(json)) else {
            throw KafkaSourceError(message: "it is no state of a redelivery")
        }
        guard document.version == Self.version else {
            throw KafkaSourceError(message: "it was written by another version of swiftlet")
        }
        var remaining: [TopicPartition: OffsetRanges] = [:]
        for entry in document.partitions {
            let id = TopicPartition(topic: entry.topic, partition: entry.partition)
            let pairs = entry.remaining.compactMap { pair -> Range<Int64>? in
                guard pair.count == 2, pair[0] < pair[1] else { return nil }
                return pair[0]..<pair[1]
            }
            guard pairs.count == entry.remaining.count, remaining[id] == nil,
                let ranges = OffsetRanges(checking: pairs)
            else { throw KafkaSourceError(message: "its offsets of \(id) make no sense") }
            remaining[id] = ranges
        }
        self.init(job: document.job, remaining: remaining)
    }

    /// What differs between the job of this state and another one; `nil` when nothing does.
    package func difference(from job: [String: String]) -> String? {
        let names = Set(self.job.keys).union(job.keys).sorted()
        guard let name = names.first(where: { self.job[$0] != job[$0] }) else { return nil }
        func shown(_ value: String?) -> String { value.map { "\"\($0)\"" } ?? "not given" }
        return "\(name) was \(shown(self.job[name])) and is \(shown(job[name]))"
    }
}

extension RedeliveryState {
    /// The state as it is written.
    private struct Document: Codable {
        struct Partition: Codable {
            var topic: String
            var partition: Int32
            /// Pairs: the first offset, and the one after the last.
            var remaining: [[Int64]]
        }

        var version: Int
        var job: [String: String]
        var partitions: [Partition]
    }
}

// SPDX-License-Identifier: Apache-2.0

package import Kafka
internal import Synchronization

/// A record that could not be delivered.
package struct RedeliveryFailure: Sendable, Equatable {
    /// Where it is.
    package var partition: TopicPartition
    /// Its offset.
    package var offset: Int64
    /// The status of the last answer, if there was one.
    package var status: Int?
    /// Why, for a person.
    package var reason: String
}

/// How a redelivery is doing.
package struct RedeliveryCounts: Sendable, Equatable {
    /// Records that were delivered.
    package var delivered = 0
    /// Records that a filter wanted nothing of.
    package var filtered = 0
    /// Records that could not be delivered.
    package var failures: [RedeliveryFailure] = []
    /// Offsets that are left, those of failures included.
    package var remaining: Int64 = 0
    /// What an operator should know besides.
    package var notes: [String] = []
}

/// What is done and what is left; any thread.
final class RedeliveryLedger: Sendable {
    private struct Books {
        var counts = RedeliveryCounts()
        var remaining: [TopicPartition: OffsetRanges]
    }

    private let books: Mutex<Books>

    init(_ remaining: [TopicPartition: OffsetRanges]) {
        self.books = Mutex(Books(remaining: remaining))
    }

    var counts: RedeliveryCounts {
        self.books.withLock { books in
            var counts = books.counts
            counts.remaining = books.remaining.values.reduce(0) { $0 + $1.count }
            return counts
        }
    }

    var remaining: [TopicPartition: OffsetRanges] { self.books.withLock { $0.remaining } }

    /// There are no records at these offsets.
    func passed(_ offsets: Range<Int64>, of partition: TopicPartition) {
        self.books.withLock { $0.remaining[partition]?.remove(offsets) }
    }

    /// Notes what became of a record; how many failed until now.
    func note(_ result: RedeliveryResult, _ record: KafkaRecord) -> Int {
        let partition = TopicPartition(topic: record.topic, partition: record.partition)
        return self.books.withLock { books in
            switch result {
            case .delivered: books.counts.delivered += 1
            case .filtered: books.counts.filtered += 1
            case .failed(let status, let reason):
                books.counts.failures.append(
                    RedeliveryFailure(
                        partition: partition,
                        offset: record.offset,
                        status: status,
                        reason: reason
                    )
                )
                return books.counts.failures.count
            case .unfinished: return books.counts.failures.count
            }
            books.remaining[partition]?.remove(record.offset..<record.offset + 1)
            return books.counts.failures.count
        }
    }

    func note(_ text: String) { self.books.withLock { $0.counts.notes.append(text) } }
}

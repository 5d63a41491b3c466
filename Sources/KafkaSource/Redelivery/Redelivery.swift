// SPDX-License-Identifier: Apache-2.0

package import Kafka

/// Brings ranges of topics to a target once more, without a group.
///
/// Partitions go side by side. In each of them so many records are under way at a time as the
/// caller says; one keeps their order. A record that fails is noted, and the next one goes on.
package final class Redelivery: Sendable {
    private let reader: KafkaReader
    private let target: any RedeliveryTarget
    private let ledger: RedeliveryLedger
    private let pace: RedeliveryPace
    private let interruption: Interruption
    private let underWayMax: Int
    private let failuresMax: Int

    /// Makes a redelivery that stands still.
    ///
    /// - Parameters:
    ///   - remaining: The offsets of each partition.
    ///   - reader: Reads them.
    ///   - target: Gets the records.
    ///   - underWayMax: Most records of a partition that are with the target at a time.
    ///   - rate: Most records in a second, `nil` for any number.
    ///   - failuresMax: So many failures end the work.
    ///   - interruption: Ends the work before its time.
    package init(
        _ remaining: [TopicPartition: OffsetRanges],
        reader: KafkaReader,
        target: any RedeliveryTarget,
        underWayMax: Int,
        rate: Double?,
        failuresMax: Int,
        interruption: Interruption
    ) {
        precondition(underWayMax >= 1 && failuresMax >= 1, "none at a time is never any")
        self.ledger = RedeliveryLedger(remaining)
        self.reader = reader
        self.target = target
        self.pace = RedeliveryPace(rate: rate, interruption: interruption)
        self.interruption = interruption
        self.underWayMax = underWayMax
        self.failuresMax = failuresMax
    }

    /// How it is doing; any thread.
    package var counts: RedeliveryCounts { self.ledger.counts }

    /// What is left, failures included; any thread.
    package var remaining: [TopicPartition: OffsetRanges] { self.ledger.remaining }

    /// Does all of it, or what can be done until an interruption; what is with the target then is
    /// awaited.
    ///
    /// - Throws: ``KafkaError`` when a partition cannot be read; others are interrupted then.
    package func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (partition, ranges) in self.ledger.remaining {
                group.addTask {
                    do {
                        try await self.work(partition, ranges)
                    } catch {
                        self.stop(because: "\(error)")
                        throw error
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    /// Ends the work; any thread.
    package func stop(because reason: String? = nil) {
        self.interruption.set(because: reason)
        self.reader.interrupt()
    }

    private func work(_ partition: TopicPartition, _ ranges: OffsetRanges) async throws {
        for range in ranges.ranges where !self.interruption.isSet {
            let part = try await self.reader.read(partition, from: range.lowerBound)
            do {
                try await self.work(part, range)
            } catch {
                await part.stop()
                throw error
            }
            await part.stop()
        }
    }

    private func work(_ part: PartitionReader, _ range: Range<Int64>) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            var cursor = RangeCursor(range)
            var underWay = 0
            reading: while !cursor.isDone, !self.interruption.isSet {
                switch try await part.next() {
                case .interrupted: break reading
                case .end(let offset):
                    self.ended(part.id, at: offset, range, &cursor)
                    break reading
                case .records(let records):
                    for record in records {
                        let isWanted = try self.take(record, &cursor)
                        guard isWanted, await self.pace.admit() else { break }
                        if underWay == self.underWayMax {
                            try await group.next()
                            underWay -= 1
                        }
                        guard !self.interruption.isSet else { break }
                        group.addTask { await self.deliver(record) }
                        underWay += 1
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    /// Whether the record is one of the range; gaps before it hold nothing.
    private func take(_ record: KafkaRecord, _ cursor: inout RangeCursor) throws -> Bool {
        let partition = TopicPartition(topic: record.topic, partition: record.partition)
        guard let step = cursor.advance(to: record.offset) else {
            throw KafkaSourceError(
                message: "The records of \(partition) begin anew: offset \(record.offset) came "
                    + "after \(cursor.next); was the topic deleted meanwhile?"
            )
        }
        self.ledger.passed(step.gap, of: partition)
        return step.isWanted
    }

    /// Deals with the end of a partition before or at that of the range.
    private func ended(
        _ partition: TopicPartition,
        at offset: Int64,
        _ range: Range<Int64>,
        _ cursor: inout RangeCursor
    ) {
        self.ledger.passed(
            cursor.next..<max(cursor.next, min(offset, range.upperBound)),
            of: partition
        )
        guard offset < range.upperBound else { return }
        self.ledger.note(
            "\(partition) ends at \(offset), before \(range.upperBound): a transaction is open, "
                + "or records were lost"
        )
    }

    private func deliver(_ record: KafkaRecord) async {
        let result = await self.target.deliver(record)
        guard self.ledger.note(result, record) >= self.failuresMax, !self.interruption.isSet
        else { return }
        self.stop(because: "\(self.failuresMax) records failed")
    }
}

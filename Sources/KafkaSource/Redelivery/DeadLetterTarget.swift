// SPDX-License-Identifier: Apache-2.0

internal import CloudEvents
package import Kafka

/// Makes dead letters what they were, and hands on those that a filter admits.
package final class DeadLetterTarget: RedeliveryTarget {
    private let next: any RedeliveryTarget
    private let conversion: RecordConversion
    private let topics: Set<String>?
    private let filter: SourceFilter?

    /// Makes a target.
    ///
    /// - Parameters:
    ///   - spec: Says how a record becomes the event that the filter looks at; its own filter does
    ///     not count.
    ///   - topics: Where letters must come from; the others are filtered out, `nil` takes all.
    ///   - filter: Sees the event with its error extensions; `nil` admits all.
    ///   - next: Gets the records.
    /// - Throws: ``KafkaSourceError`` when `spec` makes no sense.
    package init(
        spec: KafkaSourceSpec,
        topics: Set<String>? = nil,
        filter: SourceFilter?,
        next: any RedeliveryTarget
    ) throws(KafkaSourceError) {
        self.conversion = try RecordConversion(spec)
        self.topics = topics
        self.filter = filter
        self.next = next
    }

    /// Restores a record and hands it on.
    package func deliver(_ record: KafkaRecord) async -> RedeliveryResult {
        do {
            let letter = try DeadLetterRecord(record)
            guard self.admits(letter) else { return .filtered }
            return await self.next.deliver(letter.original)
        } catch {
            return .failed(status: nil, reason: error.message)
        }
    }

    private func admits(_ letter: DeadLetterRecord) -> Bool {
        guard self.topics?.contains(letter.original.topic) ?? true else { return false }
        guard let filter = self.filter else { return true }
        // What is no event of its own kind went as a plain one.
        let found = try? self.conversion.event(of: letter.original)
        var event = found ?? self.conversion.plainEvent(of: letter.original)
        for (name, value) in letter.failure { event.extensions[name] = .string(value) }
        return filter.admits(event)
    }

    /// Ends the next target.
    package func close() async { await self.next.close() }
}

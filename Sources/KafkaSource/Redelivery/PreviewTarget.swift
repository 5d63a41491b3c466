// SPDX-License-Identifier: Apache-2.0

package import CloudEvents
package import Kafka

/// Tells what would be sent, and sends nothing.
package final class PreviewTarget: RedeliveryTarget {
    /// What would be sent for a record.
    package struct Preview: Sendable, Equatable {
        /// The record; that of a dead letter is what it was.
        package var record: KafkaRecord
        /// Its events; none when the record itself goes.
        package var events: [CloudEvent]
    }

    private let conversion: RecordConversion
    private let makesEvents: Bool
    private let show: @Sendable (Preview) -> Void

    /// Makes a target.
    ///
    /// - Parameters:
    ///   - spec: The source that makes events of records.
    ///   - makesEvents: Whether events would be sent, and not the records themselves.
    ///   - show: Gets each preview, on any thread, one at a time for each partition.
    /// - Throws: ``KafkaSourceError`` when `spec` makes no sense.
    package init(
        spec: KafkaSourceSpec,
        makesEvents: Bool,
        show: @escaping @Sendable (Preview) -> Void
    ) throws(KafkaSourceError) {
        self.conversion = try RecordConversion(spec)
        self.makesEvents = makesEvents
        self.show = show
    }

    /// Shows what would be sent.
    package func deliver(_ record: KafkaRecord) async -> RedeliveryResult {
        guard self.makesEvents else {
            self.show(Preview(record: record, events: []))
            return .delivered
        }
        do {
            let events = try self.conversion.deliveredEvents(of: record)
            guard !events.isEmpty else { return .filtered }
            // What cannot be sent fails here as it would there.
            for event in events { _ = try self.conversion.encode(event) }
            self.show(Preview(record: record, events: events))
            return .delivered
        } catch {
            return .failed(status: nil, reason: "it is no event that can be sent: \(error)")
        }
    }
}

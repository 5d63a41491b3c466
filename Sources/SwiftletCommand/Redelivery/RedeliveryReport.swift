// SPDX-License-Identifier: Apache-2.0

internal import Bytes
internal import CloudEvents
internal import EventLoop
internal import Kafka
internal import KafkaSource

/// What a person, or a program, is told about a redelivery.
struct RedeliveryReport: Sendable {
    /// Partitions that are told how to go on with, at most.
    private static let hintsMax = 10
    private static let barLength: Int64 = 20

    /// Offsets at the start.
    var total: Int64
    var began = MonotonicTime.now()

    // MARK: Under way

    /// One line: how much is done, how fast, what failed, and how long it may take.
    func progress(_ counts: RedeliveryCounts, at now: MonotonicTime = .now()) -> String {
        let failed = Int64(counts.failures.count)
        let done = max(0, self.total - counts.remaining + failed)
        let seconds = self.began.duration(to: now) / .seconds(1)
        let speed = seconds > 0 ? Double(done) / seconds : 0
        let filled = Int(self.total > 0 ? done * Self.barLength / self.total : Self.barLength)
        let empty = max(0, Int(Self.barLength) - filled)
        var words = [
            String(repeating: "█", count: filled) + String(repeating: "░", count: empty),
            "\(self.total > 0 ? done * 100 / self.total : 100) %",
            "\(done) of \(self.total)", "\(Int(speed))/s",
        ]
        if failed > 0 { words.append("\(failed) failed") }
        if speed > 0 { words.append("\(Self.time(Double(self.total - done) / speed)) left") }
        return words.joined(separator: "  ")
    }

    private static func time(_ seconds: Double) -> String {
        let seconds = Int(min(seconds, 1e9))
        if seconds < 120 { return "\(seconds) s" }
        if seconds < 7200 { return "\(seconds / 60) min" }
        return "\(seconds / 3600) h"
    }

    // MARK: At the end

    /// The result for a program.
    static func json(_ counts: RedeliveryCounts, reason: String?, isInterrupted: Bool) -> String {
        let failures = counts.failures.map { failure in
            var members = [
                "\"topic\":\(JSONText.escape(failure.partition.topic))",
                "\"partition\":\(failure.partition.partition)", "\"offset\":\(failure.offset)",
            ]
            if let status = failure.status { members.append("\"status\":\(status)") }
            members.append("\"reason\":\(JSONText.escape(failure.reason))")
            return "{\(members.joined(separator: ","))}"
        }
        var members = [
            "\"delivered\":\(counts.delivered)", "\"filtered\":\(counts.filtered)",
            "\"failed\":[\(failures.joined(separator: ","))]", "\"remaining\":\(counts.remaining)",
            "\"interrupted\":\(isInterrupted)",
        ]
        if let reason { members.append("\"reason\":\(JSONText.escape(reason))") }
        return "{\(members.joined(separator: ","))}"
    }

    /// The result for a person.
    static func text(_ counts: RedeliveryCounts) -> String {
        "\(counts.delivered) delivered, \(counts.filtered) filtered out, "
            + "\(counts.failures.count) failed, \(counts.remaining) left"
    }

    /// A line for each record that failed.
    static func failures(_ counts: RedeliveryCounts) -> [String] {
        counts.failures.map { "\($0.partition)@\($0.offset): \($0.reason)" }
    }

    /// How to go on without a file of `--resume`.
    static func hints(_ remaining: [TopicPartition: OffsetRanges]) -> [String] {
        let left = remaining.sorted {
            ($0.key.topic, $0.key.partition) < ($1.key.topic, $1.key.partition)
        }.flatMap { partition, ranges in ranges.ranges.map { (partition, $0) } }
        var lines = left.prefix(Self.hintsMax).map { partition, range in
            "  --topic \(partition.topic) --partitions \(partition.partition) "
                + "--from \(range.lowerBound) --to \(range.upperBound)"
        }
        if left.count > Self.hintsMax { lines.append("  … and \(left.count - Self.hintsMax) more") }
        return lines
    }

    // MARK: What would be sent

    /// The lines of a record: one for each event, or one for the record itself.
    static func preview(
        _ preview: PreviewTarget.Preview,
        to destination: String,
        asJSON: Bool
    ) -> [String] {
        let record = preview.record
        let place = TopicPartition(topic: record.topic, partition: record.partition)
        guard asJSON else {
            let bytes = "\(record.value?.count ?? 0) bytes"
            guard !preview.events.isEmpty else {
                return ["\(place)@\(record.offset)  \(bytes)  to \(destination)"]
            }
            return preview.events.map { event in
                "\(place)@\(record.offset)  \(event.type)  \(event.source)  \(event.id)  \(bytes)"
                    + "  to \(destination)"
            }
        }
        let head =
            "{\"topic\":\(JSONText.escape(record.topic)),\"partition\":\(record.partition),"
            + "\"offset\":\(record.offset),\"to\":\(JSONText.escape(destination))"
        guard !preview.events.isEmpty else { return [head + "}"] }
        return preview.events.map { event in
            let json = try? event.jsonFormat()
            return head + ",\"event\":" + String(decoding: json ?? [], as: UTF8.self) + "}"
        }
    }
}

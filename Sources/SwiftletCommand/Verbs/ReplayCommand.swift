// SPDX-License-Identifier: Apache-2.0

internal import Bytes
internal import Kafka
internal import KafkaSource

/// `swiftlet replay`: a range of a source's topic once more.
enum ReplayCommand: Subcommand {
    static let syntax = CommandSyntax(
        name: "replay",
        summary: "send a range of a source's topic to its sink once more",
        flags: ReplaySession.flags + [
            FlagSyntax("topic", value: "TOPIC", help: "the topic, when the source has several"),
            FlagSyntax("partition", value: "N", help: "one partition (all)"),
            FlagSyntax("from-offset", value: "N", help: "the first record"),
            FlagSyntax("to-offset", value: "N", help: "the record after the last"),
            FlagSyntax("from-time", value: "TIME", help: "no older records (RFC 3339)"),
            FlagSyntax("to-time", value: "TIME", help: "only older records (RFC 3339)"),
        ],
        examples: [
            (
                "swiftlet replay -f source.yaml --from-time 2026-01-02T15:00:00Z",
                "All since then; the group's offsets stay as they are"
            ),
            (
                "swiftlet replay -f source.yaml --partition 0 --from-offset 100 --to-offset 200",
                "A hundred records of one partition"
            ),
        ]
    )

    static func run(_ arguments: CommandArguments) async throws -> SwiftletCommand.Outcome {
        let source = try ReplaySession.source(arguments)
        guard let topic = arguments["topic"] ?? source.topics.first,
            source.topics.contains(topic), arguments["topic"] != nil || source.topics.count == 1
        else { throw UsageError("choose one of the source's topics with --topic") }
        let offsets = 0...Int.max - 1
        let wanted = Wanted(
            topic: topic,
            partition: try arguments.number("partition", in: 0...Int(Int32.max)).map { Int32($0) },
            first: try arguments.number("from-offset", in: offsets).map { Int64($0) },
            end: try arguments.number("to-offset", in: offsets).map { Int64($0) },
            firstTime: try Self.time("from-time", arguments),
            endTime: try Self.time("to-time", arguments)
        )
        let session = ReplaySession(
            arguments: arguments,
            spec: source,
            destination: .sink,
            topic: topic
        )
        try session.check()
        return try await session.run { try await wanted.ranges($0) }
    }

    private static func time(_ name: String, _ arguments: CommandArguments) throws -> Int64? {
        guard let text = arguments[name] else { return nil }
        guard let time = Timestamp(rfc3339: text) else {
            throw UsageError("--\(name) must be a time such as 2026-01-02T15:04:05Z")
        }
        return time.secondsSinceEpoch * 1000 + Int64(time.nanoseconds) / 1_000_000
    }

    /// Which records were asked for.
    struct Wanted {
        let topic: String
        let partition: Int32?
        let first: Int64?
        let end: Int64?
        let firstTime: Int64?
        let endTime: Int64?

        /// The part of each partition that is there and was asked for.
        func ranges(_ reader: TopicReader) async throws -> [Int32: Range<Int64>] {
            let all = try await reader.ranges(of: self.topic)
                .filter { self.partition == nil || $0.key == self.partition }
            guard !all.isEmpty else { throw UsageError("there is no such partition") }
            let partitions = Array(all.keys)
            let firstOfTime = try await self.offsets(self.firstTime, partitions, reader)
            let endOfTime = try await self.offsets(self.endTime, partitions, reader)
            var ranges: [Int32: Range<Int64>] = [:]
            for (partition, range) in all {
                var lower = max(range.lowerBound, self.first ?? 0)
                var upper = min(range.upperBound, self.end ?? .max)
                // Without a record of that time or later there is nothing to begin with.
                if let firstOfTime { lower = max(lower, firstOfTime[partition] ?? upper) }
                if let endOfTime { upper = min(upper, endOfTime[partition] ?? upper) }
                if lower < upper { ranges[partition] = lower..<upper }
            }
            return ranges
        }

        private func offsets(
            _ time: Int64?,
            _ partitions: [Int32],
            _ reader: TopicReader
        ) async throws -> [Int32: Int64]? {
            guard let time else { return nil }
            return try await reader.offsets(
                of: self.topic,
                partitions: partitions,
                atMilliseconds: time
            )
        }
    }
}

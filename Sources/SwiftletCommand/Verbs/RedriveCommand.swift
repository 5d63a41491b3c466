// SPDX-License-Identifier: Apache-2.0

internal import Kafka
internal import KafkaSource

/// `swiftlet redrive`: dead letters once more.
enum RedriveCommand: Subcommand {
    static let syntax = CommandSyntax(
        name: "redrive",
        summary: "send dead letters once more, to the topic they came from or to the sink",
        flags: ReplaySession.flags + [
            FlagSyntax("from", value: "TOPIC", help: "the dead letters (the source's own topic)"),
            FlagSyntax("to", value: "WHERE", help: "origin or sink (origin)"),
        ],
        examples: [
            ("swiftlet redrive -f source.yaml --dry-run", "Count the dead letters"),
            (
                "swiftlet redrive -f source.yaml --filter \"subject LIKE '%.pdf'\" --rate 10 "
                    + "--progress-file place.json",
                "Ten a second back to their topic; the same command again goes on"
            ),
        ]
    )

    static func run(_ arguments: CommandArguments) async throws -> SwiftletCommand.Outcome {
        let source = try ReplaySession.source(arguments)
        guard let topic = arguments["from"] ?? source.delivery?.deadLetterSink?.topic else {
            throw UsageError("the dead letter sink of \(source.name) is no topic; use --from TOPIC")
        }
        let destination: RecordReplay.Destination
        switch arguments["to"] ?? "origin" {
        case "origin": destination = .origin
        case "sink": destination = .sink
        default: throw UsageError("--to must be origin or sink")
        }
        let session = ReplaySession(
            arguments: arguments,
            spec: source,
            destination: destination,
            topic: topic
        )
        try session.check()
        return try await session.run { try await $0.ranges(of: topic) }
    }
}

// SPDX-License-Identifier: Apache-2.0

internal import KafkaSource

/// `swiftlet replay`: a range of a topic once more.
enum ReplayCommand: Subcommand {
    static let syntax = CommandSyntax(
        name: "replay",
        summary: "send a range of a topic to a sink once more, as the source did",
        flags: [
            RedeliveryFlags.file, RedeliveryFlags.source, RedeliveryFlags.kafka,
            RedeliveryFlags.activator,
            FlagSyntax(
                "topic",
                value: "NAME",
                help: "the topic (those of the source); repeatable",
                isRepeatable: true
            ),
            FlagSyntax("sink", value: "URL", help: "where events go (the sink of the source)"),
        ] + RedeliveryFlags.job,
        examples: [
            (
                "swiftlet replay -f source.yaml --from 2h --dry-run",
                "See what the last two hours would bring to the sink of the source"
            ),
            (
                "swiftlet replay -f source.yaml --from 2h --rate 50 --resume replay.json",
                "Send it, 50 a second; after Ctrl-C the same command goes on"
            ),
            (
                "swiftlet replay --kafka localhost:9092 --topic orders --partitions 0 "
                    + "--from 1200 --to 1300 --sink http://localhost:8080/",
                "Send a hundred records to any address; the offsets of groups stay as they are"
            ),
            (
                "swiftlet replay -f source.yaml --filter \"key LIKE 'exams/%'\" -o json",
                "Only some of them; the result as JSON"
            ),
        ]
    )

    static func run(_ arguments: CommandArguments) async throws -> SwiftletCommand.Outcome {
        var options = try RedeliveryOptions(arguments, command: self.syntax.name)
        if let url = arguments["sink"] { options.source.sink = SinkAddress(url: url) }
        guard !options.source.sink.url.isEmpty else {
            throw UsageError("give --sink URL, or -f FILE with a KafkaSource that has one")
        }
        let topics = options.topics.isEmpty ? options.source.topics : options.topics
        guard !topics.isEmpty else { throw UsageError("give --topic NAME") }
        if let filter = options.filter {
            options.source.filter = options.source.filter?.and(filter) ?? filter
        }
        let session = try RedeliverySession(options)
        let target =
            options.isDryRun
            ? try session.preview(to: options.source.sink.url, makesEvents: true)
            : try session.sink()
        return try await session.run(topics, to: target)
    }
}

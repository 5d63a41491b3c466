// SPDX-License-Identifier: Apache-2.0

internal import KafkaSource

/// `swiftlet redrive`: dead letters once more.
enum RedriveCommand: Subcommand {
    static let syntax = CommandSyntax(
        name: "redrive",
        summary: "send the dead letters of a topic back to where they came from, or to a sink",
        flags: [
            RedeliveryFlags.file, RedeliveryFlags.source, RedeliveryFlags.kafka,
            RedeliveryFlags.activator,
            FlagSyntax(
                "topic",
                value: "NAME",
                help: "the topic of dead letters (the kafka: dead letter sink of the source); "
                    + "repeatable",
                isRepeatable: true
            ),
            FlagSyntax(
                "sink",
                value: "URL",
                help: "where they go: http://, https://, or kafka:TOPIC (the topic and partition "
                    + "each came from, without the error extensions)"
            ),
            FlagSyntax("to-sink", help: "to the sink of the source, as events, as it sends them"),
        ] + RedeliveryFlags.job,
        examples: [
            (
                "swiftlet redrive --kafka localhost:9092 --topic orders-dead --dry-run",
                "See which records would go back to which topic"
            ),
            (
                "swiftlet redrive --kafka localhost:9092 --topic orders-dead --rate 20 "
                    + "--resume redrive.json",
                "Send them back, 20 a second; what was sent is not sent again by the next run"
            ),
            (
                "swiftlet redrive -f source.yaml --to-sink --filter \"knativeerrorcode = '503'\"",
                "Bring to the sink what it refused with 503"
            ),
        ]
    )

    static func run(_ arguments: CommandArguments) async throws -> SwiftletCommand.Outcome {
        var options = try RedeliveryOptions(arguments, command: self.syntax.name)
        var topics = options.topics
        if topics.isEmpty, let topic = options.source.delivery?.deadLetterSink?.topic {
            topics = [topic]
        }
        guard !topics.isEmpty else { throw UsageError("give --topic NAME of the dead letters") }
        let destination = try self.destination(arguments, &options)
        // The filter sees dead letters; that of the source let them pass once already.
        options.source.filter = nil
        let session = try RedeliverySession(options)
        let target = try DeadLetterTarget(
            spec: options.source,
            topics: options.isFromManifest ? Set(options.source.topics) : nil,
            filter: options.filter,
            next: self.target(destination, session)
        )
        return try await session.run(topics, to: target)
    }

    /// Where dead letters go.
    private enum Destination {
        case origin
        case topic(String)
        case sink
    }

    private static func destination(
        _ arguments: CommandArguments,
        _ options: inout RedeliveryOptions
    ) throws -> Destination {
        guard let url = arguments["sink"] else {
            guard arguments.isOn("to-sink") else { return .origin }
            guard options.isFromManifest else { throw UsageError("--to-sink needs -f FILE") }
            return .sink
        }
        guard !arguments.isOn("to-sink") else { throw UsageError("--sink and --to-sink differ") }
        let address = SinkAddress(url: url)
        if let problem = address.problem { throw UsageError("--sink: \(problem)") }
        if let topic = address.topic { return .topic(topic) }
        options.source.sink = address
        return .sink
    }

    private static func target(
        _ destination: Destination,
        _ session: RedeliverySession
    ) throws -> any RedeliveryTarget {
        let options = session.options
        switch destination {
        case .sink where options.isDryRun:
            return try session.preview(to: options.source.sink.url, makesEvents: true)
        case .sink: return try session.sink()
        case .origin where options.isDryRun:
            return try session.preview(to: "its topic", makesEvents: false)
        case .topic(let name) where options.isDryRun:
            return try session.preview(to: SinkAddress.topicScheme + name, makesEvents: false)
        case .origin: return try self.topic(nil, session)
        case .topic(let name): return try self.topic(name, session)
        }
    }

    private static func topic(
        _ name: String?,
        _ session: RedeliverySession
    ) throws -> any RedeliveryTarget {
        try TopicTarget(
            topic: name,
            loop: session.loop,
            bootstrapServers: session.bootstrapServers,
            properties: session.options.source.properties,
            interruption: session.interruption,
            log: session.log
        )
    }
}

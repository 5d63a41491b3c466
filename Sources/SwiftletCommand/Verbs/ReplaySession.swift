// SPDX-License-Identifier: Apache-2.0

internal import Bytes
internal import EventLoop
internal import HTTPClient
internal import Kafka
internal import KafkaSource
internal import Manifests
internal import Telemetry

/// What `redrive` and `replay` share: ranges of a topic are read and sent once more.
struct ReplaySession {
    static let flags = [
        PlatformOptions.fileFlag,
        FlagSyntax(
            "source",
            value: "NAME",
            help: "the KafkaSource, when the manifests hold several"
        ),
        FlagSyntax("kafka", value: "HOST:PORT", help: "brokers instead of those of the manifests"),
        FlagSyntax("activator", value: "URL", help: "where functions are reached"),
        FlagSyntax("filter", value: "CESQL", help: "only events for which the expression is true"),
        FlagSyntax("rate", value: "N", help: "most records in a second"),
        FlagSyntax("progress-file", value: "FILE", help: "keeps the place, to go on after a stop"),
        FlagSyntax("dry-run", help: "count what would be sent, and send nothing"),
        FlagSyntax("output", letter: "o", value: "FORMAT", help: "text or json (text)"),
    ]

    /// How long the last records may take to come.
    private static let quietMilliseconds: Int32 = 1000
    /// Quiet times in a row after which a range counts as read: marks of transactions are never
    /// seen.
    private static let quietTimesMax = 10
    /// The place is kept after so many records at most.
    private static let recordsPerSave = 100

    let arguments: CommandArguments
    let spec: KafkaSourceSpec
    let destination: RecordReplay.Destination
    let topic: String

    /// The source that the flags choose.
    static func source(_ arguments: CommandArguments) throws -> KafkaSourceSpec {
        let files = arguments.all("file")
        guard !files.isEmpty else { throw UsageError("-f FILE is missing") }
        let plan = SourcePlan(
            manifests: try ManifestLoader.load(files: files),
            bootstrapServers: arguments["kafka"],
            activator: arguments["activator"]
        )
        let wanted = arguments["source"]
        let sources = try plan.sources().filter { wanted == nil || $0.name == wanted }
        guard var source = sources.first, sources.count == 1 else {
            throw UsageError(
                sources.isEmpty
                    ? "the manifests hold no such KafkaSource"
                    : "choose a KafkaSource with --source"
            )
        }
        if let filter = arguments["filter"] { source.filter = try .cesql(filter, "--filter") }
        return source
    }

    /// Sends the records of these ranges; an interrupt stops after the record under way.
    func run(
        _ choose: (TopicReader) async throws -> [Int32: Range<Int64>]
    ) async throws
        -> SwiftletCommand.Outcome
    {
        let loop = try EventLoop(name: "replay")
        loop.start()
        let interrupts = try await Interrupts.watch(on: loop)
        let client = HTTPClient(loop: loop)
        let logger = Logger(label: "replay")
        let log: KafkaLog = { if $0.level <= 4 { logger.warning($0.message) } }
        let bootstrapServers = self.spec.bootstrapServers.joined(separator: ",")
        let reader = try TopicReader(
            bootstrapServers: bootstrapServers,
            properties: self.spec.properties,
            log: log
        )
        let producer = try KafkaProducer(
            loop: loop,
            properties: self.spec.properties + [("bootstrap.servers", bootstrapServers)],
            log: log
        )
        let replay = try RecordReplay(
            self.spec,
            to: self.destination,
            client: client,
            producer: producer
        )
        var place = try ReplayPlace(
            // A dry run leaves no trace.
            file: self.isDry ? nil : self.arguments["progress-file"],
            topic: self.topic,
            ranges: try await choose(reader)
        )
        let worker = ReplayWorker(
            session: self,
            replay: replay,
            reader: reader,
            loop: loop
        )
        let start = place
        let isComplete =
            try await interrupts.unlessInterrupted {
                try await worker.run(start)
                return true
            } ?? false
        place = await worker.place ?? place
        try place.save()
        await reader.close()
        await producer.close(deadline: .seconds(10))
        await client.close()
        try self.report(await worker.counts, isComplete: isComplete)
        return isComplete ? .ok : .failed
    }

    private func report(_ counts: ReplayWorker.Counts, isComplete: Bool) throws {
        Terminal.endProgress()
        let isDry = self.arguments.isOn("dry-run")
        if try self.arguments.wantsJSON {
            Terminal.result(
                "{\"topic\":\(JSONText.escape(self.topic)),\"sent\":\(isDry ? 0 : counts.sent),"
                    + "\"wouldSend\":\(isDry ? counts.sent : 0),"
                    + "\"passedOver\":\(counts.passedOver),\"complete\":\(isComplete)}"
            )
        } else {
            Terminal.result(
                "\(counts.sent) \(isDry ? "would be sent" : "sent"), "
                    + "\(counts.passedOver) passed over"
                    + (isComplete ? "" : "; stopped before the end")
            )
        }
    }

    fileprivate var rate: Double? { self.arguments["rate"].flatMap { Double($0) } }
    fileprivate var isDry: Bool { self.arguments.isOn("dry-run") }

    /// Says what is wrong with the flags before anything is done.
    func check() throws {
        if let text = self.arguments["rate"] {
            guard let rate = Double(text), rate > 0, rate.isFinite else {
                throw UsageError("--rate must be a number above zero")
            }
        }
    }

    /// Does the work of a session, and knows how far it came when it is stopped.
    actor ReplayWorker {
        /// What became of the records.
        struct Counts: Sendable {
            var sent = 0
            var passedOver = 0
        }

        private let session: ReplaySession
        private let replay: RecordReplay
        private let reader: TopicReader
        private let loop: EventLoop
        private(set) var counts = Counts()
        private(set) var place: ReplayPlace?

        init(
            session: ReplaySession,
            replay: RecordReplay,
            reader: TopicReader,
            loop: EventLoop
        ) {
            self.loop = loop
            self.session = session
            self.replay = replay
            self.reader = reader
        }

        func run(_ start: ReplayPlace) async throws {
            var place = start
            var bucket = self.session.rate.map { TokenBucket(rate: $0, at: .now()) }
            try await self.reader.start(self.session.topic, at: place.open)
            var quietTimes = 0
            while !place.isDone, quietTimes < ReplaySession.quietTimesMax {
                let records = try await self.reader.next(
                    waitingMilliseconds: ReplaySession.quietMilliseconds
                )
                quietTimes = records.isEmpty ? quietTimes + 1 : 0
                for record in records where place.wants(record) {
                    try Task.checkCancellation()
                    await self.wait(&bucket)
                    try await self.handle(record)
                    place.done(record)
                    self.place = place
                    let count = self.counts.sent + self.counts.passedOver
                    if count % ReplaySession.recordsPerSave == 0 { try place.save() }
                    Terminal.progress("\(self.session.topic)  \(place.percent) %  \(count) records")
                }
            }
        }

        private func handle(_ record: KafkaRecord) async throws {
            guard !self.session.isDry else {
                if self.replay.admits(record) {
                    self.counts.sent += 1
                } else {
                    self.counts.passedOver += 1
                }
                return
            }
            switch try await self.replay.send(record) {
            case .sent: self.counts.sent += 1
            case .passedOver: self.counts.passedOver += 1
            }
        }

        private func wait(_ bucket: inout TokenBucket?) async {
            guard var tokens = bucket else { return }
            let now = MonotonicTime.now()
            if !tokens.admits(at: now) {
                await self.loop.wait(for: now.duration(to: tokens.nextAdmission))
            }
            tokens.take(at: .now())
            bucket = tokens
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

internal import EventLoop
internal import HTTPClient
internal import Kafka
internal import KafkaSource
internal import Synchronization
internal import Telemetry

/// From a command line to redelivered records, the same for `replay` and `redrive`.
final class RedeliverySession: Sendable {
    /// How often the line of progress is drawn.
    private static let drawInterval = Duration.milliseconds(100)
    /// How often what is done is written down, in drawings.
    private static let drawingsPerSave = 10

    let options: RedeliveryOptions
    let loop: EventLoop
    let client: HTTPClient
    let interruption: Interruption
    private let logger = Logger(label: "kafka")
    private let lines = Mutex(())

    /// Prepares a session; nothing is asked of anybody yet.
    init(_ options: RedeliveryOptions) throws {
        self.options = options
        self.loop = try EventLoop(name: "redelivery")
        self.loop.start()
        self.client = HTTPClient(loop: self.loop)
        self.interruption = Interruption(loop: self.loop)
    }

    var bootstrapServers: String { self.options.source.bootstrapServers.joined(separator: ",") }

    /// Takes what librdkafka logs.
    var log: KafkaLog {
        let logger = self.logger
        return { line in logger.debug("librdkafka: \(line.message)", ["facility": line.facility]) }
    }

    // MARK: Targets

    /// Posts events to the sink of the source.
    func sink() throws -> any RedeliveryTarget {
        try SinkTarget(
            spec: self.options.source,
            client: self.client,
            interruption: self.interruption
        )
    }

    /// Prints what would be sent.
    func preview(to destination: String, makesEvents: Bool) throws -> any RedeliveryTarget {
        let asJSON = self.options.wantsJSON
        return try PreviewTarget(
            spec: self.options.source,
            makesEvents: makesEvents
        ) { preview in
            let lines = RedeliveryReport.preview(preview, to: destination, asJSON: asJSON)
            self.lines.withLock { _ in for line in lines { Terminal.result(line) } }
        }
    }

    // MARK: Work

    /// Does it, and tells how it went; closes the target.
    func run(
        _ topics: [String],
        to target: any RedeliveryTarget
    ) async throws -> SwiftletCommand.Outcome {
        let reader = try KafkaReader(
            loop: self.loop,
            bootstrapServers: self.bootstrapServers,
            properties: self.options.source.properties,
            log: self.log
        )
        let interrupts = try await Interrupts.watch(on: self.loop)
        let file = self.options.statePath.map { StateFile($0) }
        let remaining = try await self.remaining(topics, reader, file)
        let redelivery = Redelivery(
            remaining,
            reader: reader,
            target: target,
            underWayMax: self.options.isDryRun ? 1 : self.options.underWayMax,
            rate: self.options.rate,
            failuresMax: self.options.failuresMax,
            interruption: self.interruption
        )
        // For as long as the process lives.
        Task {
            await interrupts.wait()
            redelivery.stop()
        }
        let problem = await self.work(redelivery, file)
        await target.close()
        await reader.close()
        await self.client.close()
        Terminal.endProgress()
        return self.tell(redelivery, problem)
    }

    /// What is to be done: what an earlier run left, or what the flags say.
    private func remaining(
        _ topics: [String],
        _ reader: KafkaReader,
        _ file: StateFile?
    ) async throws -> [TopicPartition: OffsetRanges] {
        if let file, let path = self.options.statePath, let state = try await file.load() {
            if let difference = state.difference(from: self.options.job) {
                throw CommandError(
                    "\(path) belongs to another job: \(difference); give the same flags, or "
                        + "another file"
                )
            }
            return state.remaining
        }
        return try await RangeFinder(reader, from: self.options.from, to: self.options.to).ranges(
            of: topics,
            partitions: self.options.partitions
        )
    }

    /// Runs to the end; what went wrong, if anything did.
    private func work(_ redelivery: Redelivery, _ file: StateFile?) async -> (any Error)? {
        do {
            try await self.save(redelivery, file)
        } catch {
            return error
        }
        let ticker = Task { await self.tick(redelivery, file) }
        var problem: (any Error)?
        do {
            try await redelivery.run()
        } catch {
            problem = error
        }
        ticker.cancel()
        await ticker.value
        do {
            try await self.save(redelivery, file)
        } catch {
            problem = problem ?? error
        }
        return problem
    }

    private func tick(_ redelivery: Redelivery, _ file: StateFile?) async {
        let report = RedeliveryReport(total: redelivery.counts.remaining)
        var drawings = 0
        while !Task.isCancelled {
            await self.loop.wait(for: Self.drawInterval)
            if !self.options.isDryRun { Terminal.progress(report.progress(redelivery.counts)) }
            drawings += 1
            guard drawings % Self.drawingsPerSave == 0 else { continue }
            do {
                try await self.save(redelivery, file)
            } catch {
                redelivery.stop(because: "what is done cannot be written down: \(error)")
            }
        }
    }

    private func save(_ redelivery: Redelivery, _ file: StateFile?) async throws {
        guard let file, !self.options.isDryRun else { return }
        try await file.save(
            RedeliveryState(job: self.options.job, remaining: redelivery.remaining)
        )
    }

    // MARK: The end

    private func tell(
        _ redelivery: Redelivery,
        _ problem: (any Error)?
    ) -> SwiftletCommand.Outcome {
        let counts = redelivery.counts
        let reason = problem.map { "\($0)" } ?? self.interruption.reason
        for line in RedeliveryReport.failures(counts) { Terminal.note(line) }
        for note in counts.notes { Terminal.note(note) }
        if self.options.wantsJSON, !self.options.isDryRun {
            Terminal.result(
                RedeliveryReport.json(
                    counts,
                    reason: reason,
                    isInterrupted: self.interruption.isSet
                )
            )
        } else if self.options.isDryRun {
            Terminal.note("Dry run: \(RedeliveryReport.text(counts)).")
        } else {
            Terminal.result(RedeliveryReport.text(counts))
        }
        if let reason { Terminal.note("Stopped: \(reason).") }
        guard problem == nil, counts.remaining == 0 else {
            if !self.options.isDryRun { self.tellHowToGoOn(redelivery.remaining) }
            return .failed
        }
        return .ok
    }

    private func tellHowToGoOn(_ remaining: [TopicPartition: OffsetRanges]) {
        if let path = self.options.statePath {
            Terminal.note("To go on, give the same command again: \(path) has what is left.")
            return
        }
        let hints = RedeliveryReport.hints(remaining)
        guard !hints.isEmpty else { return }
        Terminal.note("To go on, give the same command with these ranges (--resume keeps them):")
        for hint in hints { Terminal.note(hint) }
    }
}

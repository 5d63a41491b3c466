// SPDX-License-Identifier: Apache-2.0

internal import Activator
internal import EventLoop
internal import HTTPClient
internal import ObjectStorage
internal import Telemetry

/// Uploads over the S3 API, waits for what comes of it, and tells the story.
struct Demonstration: Sendable {
    /// How long an exam may take before the demonstration gives up.
    private static let patience = Duration.seconds(60)
    private static let examBytesMax = 4 * 1024 * 1024

    private let bucket: String
    private let log: MilestoneLog
    private let loop: EventLoop
    private let client: HTTPClient
    private let storage: S3Client
    private let activator: Activator?
    private let idleWindow: Duration

    init(
        platform: Platform,
        options: PlatformOptions,
        bucket: String,
        log: MilestoneLog,
        loop: EventLoop
    ) throws {
        guard let endpoint = platform.addresses.bucket else {
            throw CommandError("the manifests name no bucket to upload to")
        }
        self.bucket = bucket
        self.log = log
        self.loop = loop
        self.client = HTTPClient(loop: loop)
        self.activator = platform.activator
        self.idleWindow = options.idleWindow ?? .zero
        self.storage = S3Client(
            client: self.client,
            configuration: try S3Configuration(
                endpoint: endpoint,
                region: options.region,
                accessKey: options.accessKey,
                secretKey: options.secretKey
            )
        )
    }

    func close() async { await self.client.close() }

    /// Uploads one file and shows its timeline and its exam.
    func show(_ file: String) async throws {
        let key = file.split(separator: "/").last.map(String.init) ?? file
        let stem = key.lowercased().hasSuffix(".pdf") ? String(key.dropLast(4)) : key
        let exam = "question_bank/\(stem).json"
        let failure = "question_bank/\(stem).error.json"
        // What an earlier demonstration left would be found to be there already.
        for result in [exam, failure] {
            try await self.storage.deleteObject(bucket: self.bucket, key: result)
        }
        try await self.upload(file, as: key)
        let made = try await self.awaitResult(of: key, among: [exam, failure])
        let uploaded = "\(self.bucket)/\(key)"
        Terminal.result("")
        Terminal.result(Terminal.bold("What happened to \(uploaded)"))
        let timeline = Timeline(of: uploaded, result: made.subject, from: self.log.all)
        for line in timeline.lines { Terminal.result(line) }
        try await self.showResult(made.subject == "\(self.bucket)/\(exam)" ? exam : failure, exam)
    }

    /// Waits until one of the results is stored and the event is acknowledged.
    private func awaitResult(of key: String, among results: [String]) async throws -> Milestone {
        let subjects = Set(results.map { "\(self.bucket)/\($0)" })
        let uploaded = "\(self.bucket)/\(key)"
        Terminal.progress("Waiting for the exam of \(key) …")
        defer { Terminal.endProgress() }
        let made = await self.log.wait(for: Self.patience, on: self.loop) {
            $0.stage == .stored && subjects.contains($0.subject)
        }
        guard let made else { throw await self.explainSilence(key) }
        let notified = self.log.all.last { $0.stage == .notified && $0.subject == uploaded }
        _ = await self.log.wait(for: Self.patience, on: self.loop) {
            $0.stage == .answered && Timeline.samePlace($0, notified)
        }
        return made
    }

    private func upload(_ file: String, as key: String) async throws {
        let (descriptor, length) = try Files.open(file)
        defer { Files.close(descriptor) }
        _ = try await self.storage.putObject(
            bucket: self.bucket,
            key: key,
            file: descriptor,
            length: length,
            contentType: MediaTypes.type(ofFile: file)
        )
    }

    private func showResult(_ key: String, _ exam: String) async throws {
        let object = try await self.storage.getObject(
            bucket: self.bucket,
            key: key,
            bytesMax: Self.examBytesMax
        )
        Terminal.result("")
        guard key == exam else {
            Terminal.result("No exam: \(self.bucket)/\(key) says why.")
            Terminal.writeResult(object.body)
            Terminal.result("")
            return
        }
        let text = try ExamText(json: object.body)
        let size = Terminal.size(object.body.count)
        Terminal.result(
            Terminal.bold("The exam: \(self.bucket)/\(key)") + "  \(text.count) questions, \(size)"
        )
        for line in text.lines { Terminal.result(line) }
    }

    /// Why there is no exam: a function that cannot start says so.
    private func explainSilence(_ key: String) async -> CommandError {
        for status in await self.activator?.status() ?? [] {
            if let reason = status.lastCrash {
                return CommandError("no exam came of \(key): \(status.service) \(reason)")
            }
        }
        return CommandError("no exam came of \(key) within \(Self.patience)")
    }

    /// Waits until no function runs any more.
    func showZero() async throws {
        guard let activator = self.activator else { return }
        Terminal.progress("Waiting for the function to go back to zero …")
        for status in await activator.status() {
            let isIdle = await activator.waitUntilIdle(
                service: status.service,
                namespace: status.namespace,
                deadline: Self.patience
            )
            guard isIdle else {
                throw CommandError("\(status.service) still runs after \(Self.patience)")
            }
        }
        Terminal.endProgress()
        Terminal.result("")
        Terminal.result(
            "Back at zero: after \(self.idleWindow) without a request no process is left."
        )
    }
}

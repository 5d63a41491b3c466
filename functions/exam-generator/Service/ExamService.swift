// SPDX-License-Identifier: Apache-2.0

import Bytes
import CloudEvents
import ObjectStorage
import Swiftlet
import Telemetry

/// Turns uploaded documents into exams.
///
/// Everything that touches the world is handed in, so that a test needs neither bucket nor broker.
struct ExamService: Sendable {
    /// A document that changes more often while it is read is left to its next event.
    static let roundsMax = 5

    let store: any ObjectStore
    let publisher: any EventPublisher
    let extractor: any TextExtractor
    let generator: any ExamGenerator
    let limits: ExtractionLimits
    let scratchDirectory: String
    let now: @Sendable () -> Timestamp

    /// Makes the exams that an event asks for.
    ///
    /// - Returns: What became of the last document; `nil` when there was nothing to do.
    /// - Throws: ``FunctionError``: 400 when the event is no notification, 424 when the generator's
    ///   service refuses us, 503 when the same event can succeed later.
    func handle(_ event: CloudEvent, logger: Logger) async throws -> CloudEvent? {
        let records = try self.records(of: event)
        var reply: CloudEvent?
        for record in records {
            switch RecordDecision(record) {
            case .ignore(let reason):
                logger.info("A notification was ignored.", ["reason": reason])
            case .process(let document):
                reply = try await self.answer(document, logger) ?? reply
            }
        }
        return reply
    }

    private func records(of event: CloudEvent) throws -> [S3EventNotification.Record] {
        guard let data = event.data else {
            throw FunctionError(400, "the event has no data, but a bucket notification is expected")
        }
        do {
            return try RecordDecision.records(in: data.bytes)
        } catch {
            throw FunctionError(400, String(describing: error))
        }
    }

    /// As ``process(_:_:)``, with failures as the answers that make the dispatcher do right.
    private func answer(_ document: SourceDocument, _ logger: Logger) async throws -> CloudEvent? {
        do {
            return try await self.process(document, logger)
        } catch let error as FunctionError {
            throw error
        } catch let error as CancellationError {
            throw error
        } catch let failure as GeneratorFailure {
            throw FunctionError(failure.isRetriable ? 503 : 424, failure.message)
        } catch {
            throw FunctionError(503, "\(document.path) is tried again later: \(error)")
        }
    }

    private func process(_ document: SourceDocument, _ logger: Logger) async throws -> CloudEvent? {
        guard let keys = ResultKeys(documentKey: document.key) else {
            let message =
                "The name of the document is too long for its exam, whose name may have at most"
                + " \(ResultKeys.keyBytesMax) bytes; please rename it and upload it again."
            return try await self.announce(
                .failed(code: "name-too-long", message: message),
                document
            )
        }
        var document = document
        for _ in 0..<Self.roundsMax {
            guard let outcome = try await self.round(&document, keys, logger) else { return nil }
            // Another upload may have come meanwhile, and its exam may have been written before
            // ours: the exam of the last one must stay.
            let current = try await self.store.head(bucket: document.bucket, key: document.key)
            guard let current, current.eTag != document.eTag else {
                return try await self.announce(outcome, document)
            }
            logger.info("The document changed meanwhile.", ["document": document.path])
            document.eTag = current.eTag
        }
        throw FunctionError(503, "\(document.path) changes faster than it can be read")
    }

    /// Brings the results in line with what the bucket holds now; `nil` when the document is gone.
    ///
    /// `document` gets the tag of the content that was read.
    private func round(
        _ document: inout SourceDocument,
        _ keys: ResultKeys,
        _ logger: Logger
    ) async throws -> ExamOutcome? {
        guard let source = try await self.store.head(bucket: document.bucket, key: document.key)
        else {
            logger.info("The document is gone.", ["document": document.path])
            return nil
        }
        document.eTag = source.eTag
        if let questions = try await self.existingExam(for: document, keys) {
            logger.info("The exam is there already.", ["document": document.path])
            try await self.store.delete(bucket: document.bucket, key: keys.error)
            return .generated(examKey: keys.exam, questions: questions)
        }
        do {
            let questions = try await self.generate(&document)
            guard let questions else {
                logger.info("The document is gone.", ["document": document.path])
                return nil
            }
            try await self.write(questions, document, keys)
            logger.info(
                "An exam was written.",
                ["document": document.path, "questions": String(questions.count)]
            )
            return .generated(examKey: keys.exam, questions: questions.count)
        } catch let problem as PDFProblem {
            try await self.write(problem, document, keys)
            logger.info(
                "No exam could be made.",
                ["document": document.path, "problem": problem.code]
            )
            return .failed(code: problem.code, message: problem.message)
        }
    }

    /// How many questions the exam of this very content has, when it was written before.
    private func existingExam(for document: SourceDocument, _ keys: ResultKeys) async throws -> Int?
    {
        let exam = try await self.store.head(bucket: document.bucket, key: keys.exam)
        guard let exam, exam.metadata["source-etag"] == document.eTag,
            exam.metadata["generator"] == self.generator.name
        else { return nil }
        return exam.metadata["questions"].flatMap { Int($0) }
    }

    /// The questions about what the bucket holds now; `nil` when the document is gone.
    private func generate(_ document: inout SourceDocument) async throws -> [Question]? {
        let file = try ScratchFile(in: self.scratchDirectory)
        let source = try await self.store.download(
            bucket: document.bucket,
            key: document.key,
            into: file,
            bytesMax: self.limits.documentBytesMax
        )
        guard let source else { return nil }
        document.eTag = source.eTag
        let text = try await self.extractor.text(of: file)
        do {
            return try await self.generator.questions(about: text)
        } catch let error as TooLittleText {
            throw PDFProblem.tooLittleText(reason: error.reason)
        }
    }

    private func write(
        _ questions: [Question],
        _ document: SourceDocument,
        _ keys: ResultKeys
    ) async throws {
        try await self.store.upload(
            bucket: document.bucket,
            key: keys.exam,
            json: questions.json,
            metadata: [
                "source-etag": document.eTag,
                "generator": self.generator.name,
                "questions": String(questions.count),
            ]
        )
        try await self.store.delete(bucket: document.bucket, key: keys.error)
    }

    private func write(
        _ problem: PDFProblem,
        _ document: SourceDocument,
        _ keys: ResultKeys
    ) async throws {
        try await self.store.upload(
            bucket: document.bucket,
            key: keys.error,
            json: CompletionEvent.errorDocument(problem, for: document),
            metadata: ["source-etag": document.eTag, "generator": self.generator.name]
        )
        try await self.store.delete(bucket: document.bucket, key: keys.exam)
    }

    private func announce(
        _ outcome: ExamOutcome,
        _ document: SourceDocument
    ) async throws -> CloudEvent {
        let event = CompletionEvent.make(outcome, for: document, at: self.now())
        try await self.publisher.publish(event, key: document.path)
        return event
    }
}

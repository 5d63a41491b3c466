// SPDX-License-Identifier: Apache-2.0

import Bytes
import CloudEvents
import Swiftlet
import Synchronization
import Testing

@testable import exam_generator

@Suite("From a notification to an exam")
struct ExamServiceTests {
    let store = MemoryStore()
    let publisher = MemoryPublisher()
    let logger = Logger(label: "test")

    static let source = "exams/maths/algebra.pdf"
    static let exam = "exams/question_bank/maths/algebra.json"
    static let error = "exams/question_bank/maths/algebra.error.json"

    private func service(_ generator: EchoGenerator = EchoGenerator()) -> ExamService {
        var limits = ExtractionLimits()
        limits.documentBytesMax = 20
        return ExamService(
            store: self.store,
            publisher: self.publisher,
            extractor: PlainExtractor(),
            generator: generator,
            limits: limits,
            scratchDirectory: "/tmp",
            now: { Timestamp(secondsSinceEpoch: 0) }
        )
    }

    private static func notification(_ keys: String...) -> CloudEvent {
        let records = keys.map { key in
            #"{"eventName":"s3:ObjectCreated:Put","s3":{"bucket":{"name":"exams"},"#
                + #""object":{"key":"\#(key)","eTag":"v1"}}}"#
        }
        let json = "{\"Records\":[\(records.joined(separator: ","))]}"
        return CloudEvent(
            type: "dev.knative.kafka.event",
            source: "/s",
            id: "1",
            data: .binary(Array(json.utf8))
        )
    }

    private func upload(_ text: String, _ eTag: String, to path: String = Self.source) {
        self.store.objects.withLock {
            $0[path] = MemoryStore.Object(eTag: eTag, bytes: Array(text.utf8))
        }
    }

    private func handle(
        _ generator: EchoGenerator = EchoGenerator(),
        _ event: CloudEvent = Self.notification("maths%2Falgebra.pdf")
    ) async throws -> CloudEvent? {
        try await self.service(generator).handle(event, logger: self.logger)
    }

    private func question(in path: String) -> String? {
        guard let object = self.store[path] else { return nil }
        let json = String(decoding: object.bytes, as: UTF8.self)
        return json.split(separator: "\"").dropFirst(3).first.map(String.init)
    }

    @Test("writes the exam, announces it and replies with the announcement")
    func generates() async throws {
        self.upload("text", "v1")
        let reply = try #require(try await self.handle())
        #expect(self.question(in: Self.exam) == "text")
        #expect(
            self.store[Self.exam]?.metadata
                == ["source-etag": "v1", "generator": "echo", "questions": "1"]
        )
        let announced = self.publisher.events.withLock { $0 }
        #expect(announced.map(\.key) == [Self.source])
        #expect(announced.map(\.event) == [reply])
        #expect(reply.type == CompletionEvent.generatedType)
    }

    @Test("does the same content only once, but announces it again with the same id")
    func idempotent() async throws {
        self.upload("text", "v1")
        let first = try await self.handle()
        self.store.log.withLock { $0 = [] }
        let second = try await self.handle()
        #expect(second == first)
        #expect(
            self.store.log.withLock { $0 }.allSatisfy {
                !$0.hasPrefix("put") && !$0.hasPrefix("get")
            }
        )
        #expect(self.publisher.events.withLock { $0.count } == 2)
    }

    @Test("makes the exam anew for new content, and for another generator")
    func renews() async throws {
        self.upload("text", "v1")
        _ = try await self.handle()
        self.upload("other", "v2")
        _ = try await self.handle()
        #expect(self.question(in: Self.exam) == "other")
        _ = try await self.handle(EchoGenerator(name: "better"))
        #expect(self.store[Self.exam]?.metadata["generator"] == "better")
    }

    @Test("explains what is wrong with a document, and takes the old exam away")
    func problems() async throws {
        self.upload("text", "v1")
        _ = try await self.handle()
        self.upload("encrypted", "v2")
        let reply = try #require(try await self.handle())
        #expect(reply.type == CompletionEvent.failedType)
        #expect(self.store[Self.exam] == nil)
        let error = String(decoding: self.store[Self.error]?.bytes ?? [], as: UTF8.self)
        #expect(error.contains("\"encrypted\""))
        // And the other way round.
        self.upload("text", "v3")
        _ = try await self.handle()
        #expect(self.store[Self.error] == nil)
        #expect(self.question(in: Self.exam) == "text")
    }

    @Test(
        "tells the problems apart",
        arguments: [
            ("poor", "too-little-text"), ("", "empty"), ("123456789012345678901", "too-large"),
        ]
    )
    func codes(_ text: String, _ code: String) async throws {
        self.upload(text, "v1")
        let reply = try #require(try await self.handle())
        let json = try #require(reply.data?.string)
        #expect(json.contains("\"code\":\"\(code)\""), "\(json)")
        #expect(self.store[Self.exam] == nil)
    }

    @Test("the largest document that is allowed is read")
    func largest() async throws {
        self.upload("12345678901234567890", "v1")
        #expect(try await self.handle()?.type == CompletionEvent.generatedType)
    }

    @Test("a document that is gone is done", arguments: ["head", "get"])
    func vanished(_ step: String) async throws {
        self.upload("text", "v1")
        let store = self.store
        store.observer.withLock {
            $0 = { [unowned store] operation in
                if operation == "\(step) \(Self.source)" {
                    store.objects.withLock { $0[Self.source] = nil }
                }
            }
        }
        #expect(try await self.handle() == nil)
        #expect(self.store[Self.exam] == nil)
        #expect(self.publisher.events.withLock { $0.isEmpty })
    }

    @Test("a newer upload is read instead of the one that the event is about")
    func newer() async throws {
        self.upload("newer", "v2")
        let reply = try #require(try await self.handle())
        #expect(self.store[Self.exam]?.metadata["source-etag"] == "v2")
        #expect(reply.data?.string?.contains("\"etag\":\"v2\"") == true)
    }

    @Test("an upload while the exam is written makes it be written again: the last one stays")
    func race() async throws {
        self.upload("text", "v1")
        let store = self.store
        let uploads = Mutex([("second", "v2"), ("encrypted", "v3"), ("last", "v4")])
        store.observer.withLock {
            $0 = { [unowned store] operation in
                guard operation.hasPrefix("put") else { return }
                guard let next = uploads.withLock({ $0.isEmpty ? nil : $0.removeFirst() }) else {
                    return
                }
                store.objects.withLock {
                    $0[Self.source] = MemoryStore.Object(eTag: next.1, bytes: Array(next.0.utf8))
                }
            }
        }
        let reply = try #require(try await self.handle())
        #expect(self.question(in: Self.exam) == "last")
        #expect(self.store[Self.exam]?.metadata["source-etag"] == "v4")
        #expect(self.store[Self.error] == nil)
        #expect(reply.data?.string?.contains("\"etag\":\"v4\"") == true)
        #expect(self.publisher.events.withLock { $0.count } == 1)
    }

    @Test("a document that changes all the time is tried again later")
    func restless() async throws {
        self.upload("text", "v0")
        let store = self.store
        let version = Mutex(0)
        store.observer.withLock {
            $0 = { [unowned store] operation in
                guard operation.hasPrefix("put") else { return }
                let eTag = version.withLock { version in
                    version += 1
                    return "v\(version)"
                }
                store.objects.withLock { $0[Self.source]?.eTag = eTag }
            }
        }
        let error = try await #require(throws: FunctionError.self) { try await self.handle() }
        #expect(error.status == 503)
        #expect(version.withLock { $0 } == ExamService.roundsMax)
    }

    @Test(
        "whatever fails in the bucket is tried again",
        arguments: ["head", "get", "put", "delete"]
    )
    func storeFails(_ step: String) async throws {
        self.upload("text", "v1")
        self.store.observer.withLock {
            $0 = { if $0.hasPrefix(step) { throw MemoryStore.Failure() } }
        }
        let error = try await #require(throws: FunctionError.self) { try await self.handle() }
        #expect(error.status == 503)
        self.store.observer.withLock { $0 = { _ in } }
        #expect(try await self.handle()?.type == CompletionEvent.generatedType)
    }

    @Test("an exam that could not be announced is announced by the next delivery")
    func publisherFails() async throws {
        self.upload("text", "v1")
        self.publisher.isBroken.withLock { $0 = true }
        let error = try await #require(throws: FunctionError.self) { try await self.handle() }
        #expect(error.status == 503)
        self.publisher.isBroken.withLock { $0 = false }
        #expect(try await self.handle()?.type == CompletionEvent.generatedType)
        #expect(self.publisher.events.withLock { $0.count } == 1)
    }

    @Test("a generator that fails writes nothing", arguments: [(true, 503), (false, 424)])
    func generatorFails(_ isRetriable: Bool, _ status: Int) async throws {
        self.upload("text", "v1")
        let failure = GeneratorFailure(message: "the model answered 401", isRetriable: isRetriable)
        let error = try await #require(throws: FunctionError.self) {
            try await self.handle(EchoGenerator(failure: failure))
        }
        #expect(error.status == status)
        #expect(error.message == failure.message)
        #expect(self.store[Self.exam] == nil)
        #expect(self.store[Self.error] == nil)
    }

    @Test("an invocation that was cancelled says so")
    func cancelled() async throws {
        self.upload("text", "v1")
        await #expect(throws: CancellationError.self) {
            try await self.handle(EchoGenerator(failure: CancellationError()))
        }
    }

    @Test("an event that is no notification is refused for good")
    func badEvents() async throws {
        for data in [nil, CloudEventData.text("hello"), .json(Array("{}".utf8))] {
            let event = CloudEvent(type: "t", source: "/s", id: "1", data: data)
            let error = try await #require(throws: FunctionError.self) {
                try await self.handle(EchoGenerator(), event)
            }
            #expect(error.status == 400)
        }
    }

    @Test("a name too long for its exam is announced and left")
    func longName() async throws {
        let key = String(repeating: "a", count: 1010) + ".pdf"
        let reply = try #require(try await self.handle(EchoGenerator(), Self.notification(key)))
        #expect(reply.type == CompletionEvent.failedType)
        #expect(reply.data?.string?.contains("name-too-long") == true)
        #expect(self.store.objects.withLock { $0.isEmpty })
    }

    @Test("every record of a notification is done, and ignored ones are passed over")
    func several() async throws {
        self.upload("one", "v1", to: "exams/one.pdf")
        self.upload("two", "v1", to: "exams/two.pdf")
        let event = Self.notification("one.pdf", "notes.txt", "two.pdf", "notes.md")
        let reply = try #require(try await self.handle(EchoGenerator(), event))
        #expect(reply.subject == "exams/two.pdf")
        #expect(self.question(in: "exams/question_bank/one.json") == "one")
        #expect(self.question(in: "exams/question_bank/two.json") == "two")
        #expect(try await self.handle(EchoGenerator(), Self.notification("x.txt")) == nil)
    }
}

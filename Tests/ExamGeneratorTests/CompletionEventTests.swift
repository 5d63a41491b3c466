// SPDX-License-Identifier: Apache-2.0

import Bytes
import CloudEvents
import FoundationEssentials
import Testing

@testable import exam_generator

@Suite("The event that tells what became of a document")
struct CompletionEventTests {
    static let document = SourceDocument(bucket: "exams", key: "a/b c.pdf", eTag: "e1")
    static let time = Timestamp(secondsSinceEpoch: 1_767_225_600)

    private func event(
        _ outcome: ExamOutcome = .generated(examKey: "question_bank/a/b c.json", questions: 10),
        _ document: SourceDocument = Self.document
    ) -> CloudEvent {
        CompletionEvent.make(outcome, for: document, at: Self.time)
    }

    struct Payload: Decodable, Equatable {
        struct Failure: Decodable, Equatable {
            var code: String
            var message: String
        }
        var bucket: String
        var key: String
        var etag: String
        var exam: String?
        var questions: Int?
        var error: Failure?
    }

    private func payload(_ event: CloudEvent) throws -> Payload {
        try JSONDecoder().decode(Payload.self, from: Data(event.data?.bytes ?? []))
    }

    @Test("names the exam")
    func generated() throws {
        let event = self.event()
        try event.validate()
        #expect(event.type == "dev.swiftlet.exam.generated")
        #expect(event.source == "/exam-generator")
        #expect(event.subject == "exams/a/b c.pdf")
        #expect(event.dataContentType == "application/json")
        let payload = try self.payload(event)
        #expect(
            payload
                == Payload(
                    bucket: "exams",
                    key: "a/b c.pdf",
                    etag: "e1",
                    exam: "question_bank/a/b c.json",
                    questions: 10
                )
        )
    }

    @Test("or says why there is none")
    func failed() throws {
        let event = self.event(.failed(code: "empty", message: "The file is \"empty\"."))
        #expect(event.type == "dev.swiftlet.exam.failed")
        let payload = try self.payload(event)
        #expect(payload.error == .init(code: "empty", message: "The file is \"empty\"."))
        #expect(payload.exam == nil)
    }

    @Test("has the same id for the same content, and another for any other")
    func ids() {
        let id = self.event().id
        #expect(id.count == 32)
        #expect(self.event().id == id)
        var others = [self.event(.failed(code: "empty", message: "")).id]
        for path in [\SourceDocument.bucket, \SourceDocument.key, \SourceDocument.eTag] {
            var document = Self.document
            document[keyPath: path] += "x"
            others.append(self.event(.generated(examKey: "", questions: 1), document).id)
        }
        // The parts are kept apart: "ab" and "c" are not "a" and "bc".
        let shifted = SourceDocument(bucket: "examsa", key: "/b c.pdf", eTag: "e1")
        others.append(self.event(.generated(examKey: "", questions: 1), shifted).id)
        #expect(Set(others + [id]).count == others.count + 1)
    }

    @Test("is valid for any key that S3 takes")
    func strangeKeys() throws {
        let document = SourceDocument(bucket: "b", key: "a\u{1}\n\u{FFFE}\"é%.pdf", eTag: "e")
        let event = self.event(.generated(examKey: "x", questions: 1), document)
        try event.validate()
        #expect(event.subject == "b/a%01%0A%EF%BF%BE\"é%.pdf")
        #expect(try self.payload(event).key == document.key)
    }

    @Test("the explanation for teachers is JSON of its own")
    func errorDocument() throws {
        struct Document: Decodable {
            struct Source: Decodable, Equatable {
                var bucket: String
                var key: String
                var etag: String
            }
            var error: Payload.Failure
            var source: Source
        }
        let json = CompletionEvent.errorDocument(.encrypted, for: Self.document)
        let document = try JSONDecoder().decode(Document.self, from: Data(json))
        #expect(document.error.code == "encrypted")
        #expect(document.error.message == PDFProblem.encrypted.message)
        #expect(document.source == .init(bucket: "exams", key: "a/b c.pdf", etag: "e1"))
    }
}

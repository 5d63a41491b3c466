// SPDX-License-Identifier: Apache-2.0

import ObjectStorage
import Testing

@testable import exam_generator

@Suite("Which notifications ask for an exam")
struct RecordTests {
    private func record(_ eventName: String, _ key: String) throws -> S3EventNotification.Record {
        let json =
            #"{"eventName":"\#(eventName)","s3":{"bucket":{"name":"exams"},"#
            + #""object":{"key":"\#(key)","size":7,"eTag":"abc"}}}"#
        return try #require(try RecordDecision.records(in: Array(json.utf8)).first)
    }

    @Test("MinIO's notification is read, its key decoded")
    func fixture() throws {
        let bytes = try Fixtures.bytes("Tests/Fixtures/minio-event.json")
        let records = try RecordDecision.records(in: bytes)
        let document = SourceDocument(
            bucket: "bkt2",
            key: "syllabus/week 1.pdf",
            eTag: "faff7f82aa55252fa00fee6fc7648f40"
        )
        #expect(records.map(RecordDecision.init) == [.process(document)])
        #expect(document.path == "bkt2/syllabus/week 1.pdf")
    }

    @Test(
        "new content of a PDF does",
        arguments: [
            ("s3:ObjectCreated:Put", "a.pdf"), ("ObjectCreated:Post", "a.PDF"),
            ("s3:ObjectCreated:Copy", "maths/a.Pdf"),
            ("ObjectCreated:CompleteMultipartUpload", "question_bankers.pdf"),
        ]
    )
    func processes(_ eventName: String, _ key: String) throws {
        let decision = RecordDecision(try self.record(eventName, key))
        #expect(decision == .process(SourceDocument(bucket: "exams", key: key, eTag: "abc")))
    }

    @Test(
        "anything else does not",
        arguments: [
            ("s3:ObjectCreated:PutTagging", "a.pdf"), ("s3:ObjectCreated:PutRetention", "a.pdf"),
            ("s3:ObjectRemoved:Delete", "a.pdf"), ("s3:ObjectAccessed:Get", "a.pdf"),
            ("s3:ObjectCreated:Put", "question_bank%2Fa.pdf"),
            ("s3:ObjectCreated:Put", "notes.docx"), ("s3:ObjectCreated:Put", ".pdf"),
            ("s3:ObjectCreated:Put", "pdf"),
        ]
    )
    func ignores(_ eventName: String, _ key: String) throws {
        guard case .ignore(let reason) = RecordDecision(try self.record(eventName, key)) else {
            Issue.record("\(eventName) of \(key) asks for nothing")
            return
        }
        #expect(!reason.isEmpty)
    }

    @Test("Amazon's test event holds no record, other data is refused")
    func otherData() throws {
        let test = #"{"Service":"Amazon S3","Event":"s3:TestEvent","Bucket":"exams"}"#
        #expect(try RecordDecision.records(in: Array(test.utf8)).isEmpty)
        for data in ["", "null", "{}", "[]", "{\"Records\":[{}]}", "not JSON"] {
            #expect(throws: S3EventError.self) {
                try RecordDecision.records(in: Array(data.utf8))
            }
        }
    }

    @Test(
        "results lie in question_bank, under the name of the document",
        arguments: [
            ("a.pdf", "question_bank/a.json"),
            ("maths/algebra 1.PDF", "question_bank/maths/algebra 1.json"),
            ("x.y.pdf", "question_bank/x.y.json"), ("été.pdf", "question_bank/été.json"),
        ]
    )
    func keys(_ key: String, _ exam: String) throws {
        let keys = try #require(ResultKeys(documentKey: key))
        #expect(keys.exam == exam)
        #expect(keys.error == String(exam.dropLast(5)) + ".error.json")
    }

    @Test("a name is refused when its result would have one byte too many")
    func keyLimit() {
        let room = 1024 - "question_bank/.error.json".utf8.count
        let longest = String(repeating: "a", count: room) + ".pdf"
        #expect(ResultKeys(documentKey: longest)?.error.utf8.count == 1024)
        #expect(ResultKeys(documentKey: "a" + longest) == nil)
        let umlauts = String(repeating: "ä", count: room / 2 + 1) + ".pdf"
        #expect(ResultKeys(documentKey: umlauts) == nil)
    }
}

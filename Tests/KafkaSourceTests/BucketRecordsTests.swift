// SPDX-License-Identifier: Apache-2.0

import Bytes
import CloudEvents
import HTTP
import Kafka
import Testing

@testable import KafkaSource

@Suite("Notifications of buckets as events (CloudEvents, Amazon S3 adapter)")
struct BucketRecordsTests {
    private static func notification(
        event: String = "s3:ObjectCreated:Put",
        source: String = "minio:s3",
        keys: [String],
        request: String? = "17A5"
    ) -> [UInt8] {
        let records = keys.map { key in
            let elements =
                request.map { "\"x-amz-request-id\":\"\($0)\",\"x-amz-id-2\":\"h\"" } ?? ""
            return "{\"eventSource\":\"\(source)\",\"awsRegion\":\"\","
                + "\"eventTime\":\"2026-01-02T15:04:05.678Z\",\"eventName\":\"\(event)\","
                + "\"responseElements\":{\(elements)},\"s3\":{\"bucket\":{\"name\":\"exams\"},"
                + "\"object\":{\"key\":\"\(key)\",\"size\":1e3,\"sequencer\":\"17A5B0\"}}}"
        }
        let text =
            "{\"EventName\":\"x\",\"Key\":\"\\\"Records\\\":[{]\", \"Records\" : [ "
            + records.joined(separator: " ,\n") + " ]}"
        return Array(text.utf8)
    }

    private func events(_ value: [UInt8]) throws -> [CloudEvent] {
        let record = KafkaRecord(topic: "t", partition: 3, offset: 9, value: value)
        return try #require(BucketRecords(json: value)).events(of: record)
    }

    static let keys: [(escaped: String, key: String)] = [
        ("maths%2Fterm+1%2F%C3%A9t%C3%A9.pdf", "maths/term 1/été.pdf"),
        ("a%2Bb.pdf", "a+b.pdf"), ("100%25", "100%"), ("%F0%9F%98%80", "😀"),
        ("plain/slash.pdf", "plain/slash.pdf"), ("%4", "%4"), ("%FF", "%FF"),
    ]

    @Test("an object's key is decoded once", arguments: keys)
    func key(_ escaped: String, _ key: String) throws {
        let event = try #require(self.events(Self.notification(keys: [escaped])).first)
        #expect(event.subject == key)
    }

    @Test("type, source, identifier, time and data follow the rules")
    func attributes() throws {
        let event = try #require(self.events(Self.notification(keys: ["k"])).first)
        #expect(event.type == "com.amazonaws.s3.ObjectCreated:Put")
        #expect(event.source == "minio:s3..exams")
        #expect(event.id == "17A5.h")
        #expect(event.time == Timestamp(rfc3339: "2026-01-02T15:04:05.678Z"))
        #expect(event.dataContentType == "application/json")
        guard case .binary(let data)? = event.data else {
            Issue.record("the data is not the record")
            return
        }
        let text = String(decoding: data, as: UTF8.self)
        // As it was written, numbers included.
        #expect(text.hasPrefix("{\"eventSource\"") && text.hasSuffix("}}}"))
        #expect(text.contains("\"size\":1e3"))
    }

    @Test("each thing that happened is an event with an identifier of its own")
    func several() throws {
        let events = try self.events(Self.notification(keys: ["a", "b", "c"]))
        #expect(events.map(\.subject) == ["a", "b", "c"])
        #expect(Set(events.map(\.id)).count == 3)
    }

    @Test("who tells no request is known by the sequence, Amazon by its own name")
    func others() throws {
        let noRequest = try self.events(Self.notification(keys: ["a"], request: nil))
        #expect(noRequest.map(\.id) == ["17A5B0"])
        let amazon = try self.events(
            Self.notification(event: "ObjectRemoved:Delete", source: "aws:s3", keys: ["a"])
        )
        #expect(amazon.map(\.type) == ["com.amazonaws.s3.ObjectRemoved:Delete"])
    }

    @Test(
        "what is no notification stays what it is",
        arguments: ["", "{", "[]", "{}", "{\"Records\":[]}"]
    )
    func none(_ text: String) throws {
        #expect(BucketRecords(json: Array(text.utf8)) == nil)
        var spec = RecordConversionTests.spec()
        spec.normalizer = .s3
        let record = KafkaRecord(topic: "t", partition: 3, offset: 9, value: Array(text.utf8))
        let encoded = try RecordConversion(spec).encode(record)
        #expect(encoded.first?.fields["ce-type"] == "dev.knative.kafka.event")
    }

    @Test("every beginning of a notification is read without harm")
    func prefixes() {
        let whole = Self.notification(keys: ["a%2Fb", "c"])
        for end in 0..<whole.count { #expect(BucketRecords(json: Array(whole[..<end])) == nil) }
        for start in whole.indices {
            _ = JSONElements.ofMember("Records", in: Array(whole[start...]))
        }
    }

    @Test("the events carry what every event of a source carries, and are filtered one by one")
    func conversion() throws {
        var spec = RecordConversionTests.spec(overrides: ["tier": "gold"])
        spec.normalizer = .s3
        spec.filter = SourceFilter("not b") { $0.subject != "b" }
        let conversion = try RecordConversion(spec)
        let value = Self.notification(keys: ["a", "b", "c"])
        let record = KafkaRecord(topic: "t", partition: 3, offset: 9, value: value)
        let encoded = try conversion.encode(record)
        #expect(encoded.first?.fields["ce-subject"] == "a")
        #expect(encoded.first?.fields["ce-tier"] == "gold")
        #expect(encoded.first?.fields["ce-knativekafkaoffset"] == "9")
        #expect(encoded.further.map { $0.fields["ce-subject"] } == ["c"])
        spec.filter = SourceFilter("none") { _ in false }
        #expect(try RecordConversion(spec).encode(record).first == nil)
    }
}

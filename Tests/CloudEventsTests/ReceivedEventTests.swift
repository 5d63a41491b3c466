// SPDX-License-Identifier: Apache-2.0

import Bytes
import HTTP
import TestSupport
import Testing

@testable import CloudEvents

@Suite("An event that keeps its headers is the same as one made of values")
struct ReceivedEventTests {
    static let rounds = 400

    /// Headers as senders write them: well, not so well, and with other lines in between.
    struct HeaderGenerator {
        var random: SeededGenerator

        mutating func fields() -> HTTPFields {
            var lines: [(String, String)] = [
                ("specversion", "1.0"), ("id", self.text()), ("source", self.source()),
                ("type", self.text()),
            ]
            if self.random.chance(60) { lines.append(("subject", self.text())) }
            if self.random.chance(60) { lines.append(("time", self.time())) }
            if self.random.chance(40) { lines.append(("dataschema", self.schema())) }
            for index in 0..<Int.random(in: 0...18, using: &self.random) {
                lines.append(("x\(index)abcdefghijk".prefix(index + 3) + "\(index)", self.text()))
            }
            if self.random.chance(40) { lines.shuffle(using: &self.random) }
            var fields = HTTPFields()
            for (name, value) in lines {
                if self.random.chance(10) { fields.append("x-other", "1") }
                fields.append(self.cased("ce-" + name), value)
            }
            if self.random.chance(70) {
                let types = ["application/json", "text/plain; charset=utf-8", "a/b;c=\"é\""]
                fields.append(self.cased("content-type"), self.random.pick(types))
            }
            return fields
        }

        private mutating func cased(_ name: String) -> String {
            self.random.chance(80)
                ? name
                : String(name.map { self.random.chance(50) ? $0 : Character($0.uppercased()) })
        }

        private mutating func text() -> String {
            let pieces = [
                "a", "partition", "/", ":", "0", "%20", "%25", "%22", "%2e", "%2F", "%", " b", "\"",
                "é", "%C3%A9", "%41", "#", "~",
            ]
            var text = self.random.chance(10) ? "\"q\"" : "x"
            guard self.random.chance(50) else { return text + "plain/text-17:5" }
            for _ in 0..<Int.random(in: 0...9, using: &self.random) {
                text += self.random.chance(60) ? "abc" : self.random.pick(pieces)
            }
            return text
        }

        private mutating func source() -> String {
            self.random.pick([
                "/apis/v1/namespaces/exam/kafkasources/s#t", "urn:a:b", "/", "//h/p", "minio:s3..e",
                "%2541", "/a%20b", "a%25", "/a%2525/long/enough",
            ])
        }

        private mutating func schema() -> String {
            self.random.pick(["https://h/s.json#/a", "urn:x", "https%3A//h/s"])
        }

        private mutating func time() -> String {
            self.random.pick([
                "2026-01-02T15:04:05Z", "2026-01-02T15:04:05.678Z", "2026-01-02T15:04:05.670Z",
                "2026-01-02T15:04:05.000Z", "2026-01-31T15:04:05+01:00", "2026-01-02t15:04:05.5z",
                "2026-01-02T15:04:05.0000000001Z",
            ])
        }
    }

    static func copied(_ event: CloudEvent) -> CloudEvent {
        var extensions = CloudEventExtensions()
        for (name, value) in event.extensions { extensions[name] = value }
        let copy = CloudEvent(
            type: event.type,
            source: event.source,
            id: event.id,
            subject: event.subject,
            dataContentType: event.dataContentType,
            dataSchema: event.dataSchema,
            extensions: extensions,
            data: event.data
        )
        copy.storage.setTime(event.time, text: AttributeText(event.timeText))
        return copy
    }

    private static func sorted(_ fields: HTTPFields) -> [String] {
        fields.lowercasedPairs.map { "\($0.name): \($0.value)" }.sorted()
    }

    private static func extensionNames(_ fields: HTTPFields) -> [String] {
        fields.lowercasedPairs.map(\.name).filter { $0.hasPrefix("ce-x") }
    }

    static func requireSame(
        _ event: CloudEvent,
        _ copy: CloudEvent,
        _ comment: Comment
    ) throws {
        try #require(event == copy, comment)
        try event.validate()
        for coding in CloudEventHeaderCoding.allCases {
            var (fields, expected) = (HTTPFields(), HTTPFields())
            let body = try event.encode(into: &fields, headerCoding: coding)
            #expect(try copy.encode(into: &expected, headerCoding: coding) == body, comment)
            #expect(Self.sorted(fields) == Self.sorted(expected), comment)
            // Those of extensions stand in order; that of other lines means nothing.
            #expect(Self.extensionNames(fields) == Self.extensionNames(expected), comment)
        }
        #expect(try event.jsonFormat() == copy.jsonFormat(), comment)
        #expect(event.withTypeBytes { [UInt8](copying: $0) } == Array(copy.type.utf8), comment)
        #expect(event.withSourceBytes { [UInt8](copying: $0) } == Array(copy.source.utf8), comment)
        let subject = Array((copy.subject ?? "").utf8)
        #expect(event.withSubjectBytes { [UInt8](copying: $0) } == subject, comment)
        let (message, expected) = (try event.kafkaMessage(), try copy.kafkaMessage())
        #expect(message.headers.map(\.name) == expected.headers.map(\.name), comment)
        #expect(message.headers.map(\.value) == expected.headers.map(\.value), comment)
    }

    @Test("as it came", arguments: CloudEventHeaderCoding.allCases)
    func untouched(_ coding: CloudEventHeaderCoding) throws {
        var generator = HeaderGenerator(random: SeededGenerator(defaultSeed: 11))
        var kept = 0
        for round in 0..<Self.rounds {
            let fields = generator.fields()
            guard
                let event = try? CloudEvent(httpFields: fields, body: [1], headerCoding: coding)
            else { continue }
            kept += event.storage.receivedExtensions.count
            let comment: Comment = "seed \(generator.random.seed), round \(round): \(fields)"
            try Self.requireSame(event, Self.copied(event), comment)
        }
        #expect(kept > Self.rounds / 10)
    }

    static let changes: [@Sendable (inout CloudEvent) -> Void] = [
        { $0.id = "new" }, { $0.source = "/new" }, { $0.type = "new.type" }, { $0.subject = nil },
        { $0.subject = "a b" }, { $0.time = nil }, { $0.time = Timestamp(secondsSinceEpoch: 5) },
        { $0.dataContentType = nil }, { $0.dataContentType = "text/xml" }, { $0.dataSchema = nil },
        { $0.dataSchema = "urn:new" }, { $0.data = .text("new") }, { $0.data = nil },
        { $0.extensions["new"] = 5 }, { $0.extensions["x00"] = nil },
        { $0.extensions = ["only": "é"] }, { $0.extensions = [:] },
        { $0.extensions = $0.extensions },
    ]

    @Test("after changes, which no copy sees", arguments: CloudEventHeaderCoding.allCases)
    func changed(_ coding: CloudEventHeaderCoding) throws {
        var generator = HeaderGenerator(random: SeededGenerator(defaultSeed: 12))
        for round in 0..<Self.rounds {
            let fields = generator.fields()
            guard
                let first = try? CloudEvent(httpFields: fields, body: [1], headerCoding: coding)
            else { continue }
            let before = Self.copied(first)
            let extensions = first.extensions
            var (event, copy) = (first, before)
            for _ in 0..<Int.random(in: 1...6, using: &generator.random) {
                let change = generator.random.pick(Self.changes)
                change(&event)
                change(&copy)
            }
            let comment: Comment = "seed \(generator.random.seed), round \(round): \(fields)"
            try Self.requireSame(event, copy, comment)
            try Self.requireSame(first, before, comment)
            #expect(extensions == before.extensions, comment)
        }
    }

    static let required: HTTPFields = [
        "ce-specversion": "1.0", "ce-id": "i", "ce-source": "/s", "ce-type": "t",
    ]

    @Test("extensions: as many as may stay in the headers, and one more")
    func extensions() throws {
        for count in [4, ReceivedExtensions.countMax, ReceivedExtensions.countMax + 1] {
            var fields = Self.required
            for index in 0..<count { fields.append("Ce-X\(index)", "\(index)") }
            let event = try CloudEvent(httpFields: fields, body: [])
            let isKept = count <= ReceivedExtensions.countMax
            #expect(event.storage.receivedExtensions.count == (isKept ? count : 0))
            #expect(event.extensions.map(\.name) == (0..<count).map { "x\($0)" })
            #expect(event.extensions["x\(count - 1)"] == .string("\(count - 1)"))
            #expect(event.extensions["X1"] == nil && event.extensions["x99"] == nil)
            fields.append("ce-x3", "again")
            #expect(throws: CloudEventError.attributeDuplicated("x3")) {
                try CloudEvent(httpFields: fields, body: [])
            }
        }
    }

    @Test("lines: those that 16 bits can count stay in the headers, the next do not")
    func lines() throws {
        var fields = HTTPFields()
        for _ in 0..<Int(UInt16.max) - 2 { fields.append("a", "") }
        fields.append("ce-id", "i")
        fields.append("ce-subject", "kept")
        fields.append("ce-type", "t")
        fields.append("ce-source", "/s")
        fields.append("ce-specversion", "1.0")
        fields.append("ce-x", "1")
        let event = try CloudEvent(httpFields: fields, body: [])
        #expect(event.storage.subject.received.line == Int(UInt16.max) - 1)
        #expect(event.storage.type.own == "t" && event.source == "/s")
        try Self.requireSame(event, Self.copied(event), "many lines")
    }

    @Test("lines that are copied at once: around the last that a word has a bit for")
    func copies() throws {
        for count in [0, 1, 54, 57, 58, 59, 60, 61, 62, 63, 64, 65, 70] {
            var fields = HTTPFields()
            for _ in 0..<count { fields.append("a", "") }
            for (name, value) in Self.required.lowercasedPairs { fields.append(name, value) }
            fields.append("content-type", "text/plain; charset=utf-8")
            fields.append("ce-xa", "1")
            let event = try CloudEvent(httpFields: fields, body: [])
            try Self.requireSame(event, Self.copied(event), "\(count) lines before")
        }
    }

    @Test("the headers are let go when every attribute in them was set")
    func release() throws {
        var fields = Self.required
        fields.append("ce-x", "1")
        var event = try CloudEvent(httpFields: fields, body: [])
        event.id = "1"
        event.source = "2"
        event.type = "3"
        #expect(!event.storage.headers.isEmpty)
        event.extensions["y"] = "4"
        #expect(event.storage.headers.isEmpty)
        #expect(event.extensions == ["x": "1", "y": "4"])
    }

    @Test("a line is sent as it came, without being looked at again")
    func wholeLines() throws {
        let fields: HTTPFields = [
            "Ce-Specversion": "1.0", "Ce-Id": "i", "CE-source": "/s", "ce-type": "t",
            "ce-key": "a%20b",
        ]
        let event = try CloudEvent(httpFields: fields, body: [])
        var (strict, knative) = (HTTPFields(), HTTPFields())
        _ = try event.encode(into: &strict, headerCoding: .strict)
        _ = try event.encode(into: &knative, headerCoding: .knative)
        #expect(strict.block == fields.block)
        #expect(knative["ce-key"] == "a b")
    }
}

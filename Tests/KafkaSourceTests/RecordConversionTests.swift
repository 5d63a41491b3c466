// SPDX-License-Identifier: Apache-2.0

import Bytes
import CloudEvents
import HTTP
import Kafka
import Testing

@testable import KafkaSource

@Suite("Record to event (KafkaSource)")
struct RecordConversionTests {
    static func spec(
        keyType: RecordKeyType = .string,
        overrides: [String: String] = [:]
    ) -> KafkaSourceSpec {
        KafkaSourceSpec(
            namespace: "exam",
            name: "uploads",
            bootstrapServers: ["127.0.0.1:9092"],
            topics: ["t"],
            consumerGroup: "g",
            keyType: keyType,
            ceOverrides: overrides,
            sink: SinkAddress(url: "http://sink/")
        )
    }

    private func event(
        of record: KafkaRecord,
        keyType: RecordKeyType = .string,
        overrides: [String: String] = [:]
    ) throws -> CloudEvent {
        try RecordConversion(Self.spec(keyType: keyType, overrides: overrides)).event(of: record)
    }

    private func headers(_ pairs: [(String, String)]) -> [KafkaHeader] {
        pairs.map { KafkaHeader(name: $0.0, value: Array($0.1.utf8)) }
    }

    @Test("a plain record becomes an event with every attribute that Knative gives it")
    func plain() throws {
        let event = try self.event(
            of: KafkaRecord(
                topic: "exam-generator-topic",
                partition: 3,
                offset: 4_294_967_296,
                timestampMilliseconds: 1_795_170_248_125,
                key: Array("exams/maths/algebra.pdf".utf8),
                value: Array("{}".utf8),
                headers: self.headers([("Content-Encoding", "none"), ("x.y", "1"), ("X-Y", "2")])
            )
        )
        #expect(event.id == "partition:3/offset:4294967296")
        #expect(event.type == "dev.knative.kafka.event")
        #expect(
            event.source
                == "/apis/v1/namespaces/exam/kafkasources/uploads#exam-generator-topic"
        )
        #expect(event.subject == "partition:3#4294967296")
        #expect(event.time?.rfc3339() == "2026-11-20T10:24:08.125Z")
        #expect(event.dataContentType == nil)
        #expect(event.data == .binary(Array("{}".utf8)))
        #expect(
            event.extensions == [
                "key": "exams/maths/algebra.pdf", "partitionkey": "exams/maths/algebra.pdf",
                "kafkaheadercontentencoding": "none", "kafkaheaderxy": "2",
                "knativekafkapartition": "3", "knativekafkaoffset": "4294967296",
            ]
        )
    }

    @Test("a record with nothing in it is an event as well")
    func empty() throws {
        let event = try self.event(of: KafkaRecord(topic: "t", partition: 0, offset: 0))
        #expect(event.time == nil)
        #expect(event.data == nil)
        #expect(
            event.extensions == ["knativekafkapartition": "0", "knativekafkaoffset": "0"]
        )
    }

    static let contentTypes: [(header: [UInt8]?, expected: String?)] = [
        (Array("Application/JSON".utf8), "application/json"),
        (Array("text/plain; charset=UTF-8".utf8), "text/plain; charset=utf-8"),
        (Array("pdf".utf8), nil), ([], nil), (nil, nil), ([0xFF], nil),
        (Array("text/plain\n".utf8), nil),
    ]

    @Test(
        "the content type is in lower case, and left out when it is none",
        arguments: contentTypes
    )
    func contentType(_ header: [UInt8]?, _ expected: String?) throws {
        let record = KafkaRecord(
            topic: "t",
            partition: 0,
            offset: 0,
            headers: [KafkaHeader(name: "content-type", value: header)]
        )
        let event = try self.event(of: record)
        #expect(event.dataContentType == expected)
        var fields = HTTPFields()
        #expect(throws: Never.self) { try event.encode(into: &fields) }
    }

    static let keys: [(type: RecordKeyType, key: [UInt8], expected: CloudEventValue)] = [
        (.string, Array("é".utf8), "é"), (.string, [], ""), (.string, [0x61, 0xFF], "a\u{FFFD}"),
        (.int, [0, 0, 1, 2], 258), (.int, [0xFF, 0xFF, 0xFF, 0xFF], -1),
        (.int, [0x80, 0, 0, 0], .integer(.min)), (.int, Array("abc".utf8), "abc"),
        (.int, Array("abcde".utf8), "abcde"),
        (.float, [0x3F, 0xC0, 0, 0], "1.5"), (.float, [0xBF, 0xC0, 0, 0], "-1.5"),
        (.float, [0x40, 0x09, 0x21, 0xFB, 0x54, 0x44, 0x2D, 0x18], "3.141592653589793"),
        (.float, Array("abc".utf8), "abc"), (.float, [0x7F, 0xC0, 0, 0], "NaN"),
        (.float, [0xFF, 0x80, 0, 0], "-Infinity"),
        (.byteArray, [0xFF, 0x00], .binary([0xFF, 0x00])), (.byteArray, [], .binary([])),
    ]

    @Test("the key is read as the source's label says", arguments: keys)
    func key(_ type: RecordKeyType, _ key: [UInt8], _ expected: CloudEventValue) throws {
        let event = try self.event(
            of: KafkaRecord(topic: "t", partition: 0, offset: 0, key: key),
            keyType: type
        )
        #expect(event.extensions["key"] == expected)
        #expect(event.extensions["partitionkey"] == expected)
    }

    static let numbers: [(number: Double, text: String)] = [
        (0, "0.0"), (-0.0, "-0.0"), (1, "1.0"), (-123.25, "-123.25"), (1e6, "1000000.0"),
        (9_999_999, "9999999.0"), (1e7, "1.0E7"), (12_345_678, "1.2345678E7"), (1e21, "1.0E21"),
        (0.001, "0.001"), (0.00099, "9.9E-4"), (1.5e-300, "1.5E-300"), (0.5, "0.5"),
        (.infinity, "Infinity"), (1.7976931348623157e308, "1.7976931348623157E308"),
    ]

    @Test("numbers are written as Java writes them", arguments: numbers)
    func number(_ number: Double, _ text: String) {
        #expect(RecordKey.text(number) == text)
    }

    @Test("odd headers do not hold up their record: binary, null, doubled, nameless")
    func oddHeaders() throws {
        let event = try self.event(
            of: KafkaRecord(
                topic: "t",
                partition: 0,
                offset: 0,
                headers: [
                    KafkaHeader(name: "binary", value: [0xFF, 0xFE]),
                    KafkaHeader(name: "null", value: nil),
                    KafkaHeader(name: "twice", value: [0x31]),
                    KafkaHeader(name: "twice", value: [0x32]),
                    KafkaHeader(name: "", value: [0x33]),
                    KafkaHeader(name: "ÄÖ-Ü", value: [0x34]),
                    KafkaHeader(name: "line", value: Array("a\r\nb".utf8)),
                ]
            )
        )
        #expect(event.extensions["kafkaheaderbinary"] == .binary([0xFF, 0xFE]))
        #expect(event.extensions["kafkaheadernull"] == nil)
        #expect(event.extensions["kafkaheadertwice"] == "2")
        #expect(event.extensions["kafkaheader"] == "4")
        for coding in CloudEventHeaderCoding.allCases {
            var fields = HTTPFields()
            _ = try event.encode(into: &fields, headerCoding: coding)
            #expect(fields["ce-kafkaheaderbinary"] == "//4=")
            #expect(fields["ce-kafkaheaderline"]?.utf8.contains { $0 < 0x20 } == false)
        }
    }

    @Test("a record that is an event in binary mode stays the event it is")
    func binaryEvent() throws {
        let event = try self.event(
            of: KafkaRecord(
                topic: "t",
                partition: 1,
                offset: 2,
                timestampMilliseconds: 5,
                key: [1],
                value: Array("<a/>".utf8),
                headers: self.headers([
                    ("ce_specversion", "1.0"), ("ce_id", "i"), ("ce_source", "/s"),
                    ("ce_type", "t"), ("ce_color", "red"), ("content-type", "text/XML"),
                    ("other", "dropped"),
                ])
            )
        )
        #expect(event.id == "i" && event.source == "/s" && event.type == "t")
        #expect(event.dataContentType == "text/XML")
        #expect(event.time == nil)
        #expect(
            event.extensions == [
                "color": "red", "knativekafkapartition": "1", "knativekafkaoffset": "2",
            ]
        )
        #expect(event.data?.bytes == Array("<a/>".utf8))
    }

    @Test("a record that is an event in structured mode is opened; a null value has none")
    func structuredEvent() throws {
        let json = #"{"specversion":"1.0","id":"i","source":"/s","type":"t","data":{"a":1}}"#
        let event = try self.event(
            of: KafkaRecord(
                topic: "t",
                partition: 1,
                offset: 2,
                value: Array(json.utf8),
                headers: self.headers([
                    ("content-type", "Application/CloudEvents+JSON; charset=UTF-8")
                ])
            )
        )
        #expect(event.id == "i")
        #expect(event.data?.bytes == Array(#"{"a":1}"#.utf8))
        #expect(event.extensions["knativekafkaoffset"] == "2")
    }

    @Test("a null value in binary mode is an event without data")
    func tombstone() throws {
        let event = try self.event(
            of: KafkaRecord(
                topic: "t",
                partition: 0,
                offset: 0,
                headers: self.headers([
                    ("ce_specversion", "1.0"), ("ce_id", "i"), ("ce_source", "/s"),
                    ("ce_type", "t"),
                ])
            )
        )
        #expect(event.data == nil)
    }

    static let poison: [(name: String, headers: [(String, String)], value: String?)] = [
        ("unknown format", [("content-type", "application/cloudevents+avro")], "x"),
        ("batch", [("content-type", "application/cloudevents-batch+json")], "[]"),
        ("broken JSON", [("content-type", "application/cloudevents+json")], "{"),
        ("no value", [("content-type", "application/cloudevents+json")], nil),
        ("no id", [("ce_specversion", "1.0"), ("ce_source", "/s"), ("ce_type", "t")], "x"),
        (
            "future version",
            [("ce_specversion", "2.0"), ("ce_id", "i"), ("ce_source", "/s"), ("ce_type", "t")], "x"
        ),
    ]

    @Test(
        "a record that claims to be an event and is none is an error, never a trap",
        arguments: poison
    )
    func undecodable(_ name: String, _ headers: [(String, String)], _ value: String?) throws {
        let record = KafkaRecord(
            topic: "t",
            partition: 0,
            offset: 9,
            value: value.map { Array($0.utf8) },
            headers: self.headers(headers)
        )
        let conversion = try RecordConversion(Self.spec())
        #expect(throws: CloudEventError.self) { try conversion.event(of: record) }
        // The way to the dead letter sink is open nevertheless.
        let letter = conversion.plainEvent(of: record)
        var fields = HTTPFields()
        let body = try letter.encode(into: &fields)
        let received = try CloudEvent(httpFields: fields, body: body)
        #expect(received.data?.bytes == record.value)
        #expect(received.id == "partition:0/offset:9")
    }

    @Test("headers that look like an event without its version are a plain record")
    func almostAnEvent() throws {
        let event = try self.event(
            of: KafkaRecord(
                topic: "t",
                partition: 0,
                offset: 0,
                headers: self.headers([("ce_id", "i")])
            )
        )
        #expect(event.type == RecordConversion.eventType)
        #expect(event.extensions["kafkaheaderceid"] == "i")
    }

    @Test("overrides come last and win")
    func overrides() throws {
        let event = try self.event(
            of: KafkaRecord(topic: "t", partition: 0, offset: 0, key: [0x61]),
            overrides: ["key": "mine", "tier": "gold", "knativekafkaoffset": "none"]
        )
        #expect(event.extensions["key"] == "mine")
        #expect(event.extensions["partitionkey"] == "a")
        #expect(event.extensions["tier"] == "gold")
        #expect(event.extensions["knativekafkaoffset"] == "none")
    }

    @Test(
        "an override that cannot be an extension is refused at the start",
        arguments: ["", "Tier", "my-tier", "type", "data", "é"]
    )
    func refusedOverride(_ name: String) {
        let error = #expect(throws: KafkaSourceError.self) {
            try RecordConversion(Self.spec(overrides: [name: "x"]))
        }
        #expect(error?.message.contains("spec.ceOverrides") == true)
    }

    @Test(
        "a time that RFC 3339 cannot write is left out",
        arguments: [
            (Int64(-62_167_219_200_001), false), (-62_167_219_200_000, true), (-1, true),
            (253_402_300_799_999, true), (253_402_300_800_000, false), (Int64.max, false),
            (Int64.min, false),
        ]
    )
    func time(_ milliseconds: Int64, _ isKept: Bool) throws {
        let event = try self.event(
            of: KafkaRecord(
                topic: "t",
                partition: 0,
                offset: 0,
                timestampMilliseconds: milliseconds
            )
        )
        #expect((event.time != nil) == isKept)
    }
}

@Suite("Record to request")
struct RecordEncodingTests {
    private static let key: [UInt8]? = Array("exams/é 100%.pdf".utf8)

    static let records: [KafkaRecord] = [
        KafkaRecord(topic: "t", partition: 0, offset: 0),
        KafkaRecord(
            topic: "t",
            partition: 2_147_483_647,
            offset: .max,
            timestampMilliseconds: 1_795_170_248_125,
            key: key,
            value: [0, 1]
        ),
        KafkaRecord(topic: "t", partition: 1, offset: 2, key: [], value: []),
        KafkaRecord(topic: "t", partition: 1, offset: 2, timestampMilliseconds: .max, key: [0xFF]),
        KafkaRecord(topic: "unlisted", partition: 1, offset: 2, key: [0, 0, 0, 7]),
    ]

    static let overrides: [[String: String]] = [
        [:], ["tier": "gold €", "zone": "a"], ["key": "mine"], ["knativekafkaoffset": ""],
    ]

    @Test("the short way gives what the longer one gives", arguments: records, overrides)
    func sameRequest(_ record: KafkaRecord, _ overrides: [String: String]) throws {
        for keyType in RecordKeyType.allCases {
            for coding in CloudEventHeaderCoding.allCases {
                var spec = RecordConversionTests.spec(keyType: keyType, overrides: overrides)
                spec.headerCoding = coding
                let conversion = try RecordConversion(spec)
                let short = try #require(try conversion.encode(record).first)
                let long = try conversion.encode(conversion.event(of: record))
                #expect(short.id == long.id)
                #expect(short.body == long.body)
                #expect(Self.lines(short.fields) == Self.lines(long.fields))
            }
        }
    }

    private static func lines(_ fields: HTTPFields) -> [String] {
        fields.lowercasedPairs.map { "\($0.name): \($0.value)" }.sorted()
    }
}

@Suite("Dead letters (Knative error extensions)")
struct DeadLetterTests {
    private let event = CloudEvent(type: "t", source: "/s", id: "i", extensions: ["color": "red"])
    private let sink = SinkAddress(url: "http://sink/")

    @Test("an answer is told with its status and the start of its body")
    func answered() {
        let body = [UInt8](repeating: 0x61, count: 2000)
        let letter = DeadLetter.event(
            self.event,
            destination: self.sink,
            failure: DeliveryFailure(
                status: 503,
                answer: body,
                extensions: [("reason", "full")],
                reason: ""
            )
        )
        #expect(letter.extensions["knativeerrordest"] == "http://sink/")
        #expect(letter.extensions["knativeerrorcode"] == "503")
        #expect(letter.extensions["reason"] == "full")
        #expect(letter.extensions["color"] == "red")
        let data = letter.extensions["knativeerrordata"]?.canonicalString
        #expect(data == Base64.encode(Array(body.prefix(1024))))
    }

    @Test("without an answer only the destination is told")
    func unanswered() {
        let failure = DeliveryFailure(reason: "refused")
        let letter = DeadLetter.event(self.event, destination: self.sink, failure: failure)
        #expect(letter.extensions == ["color": "red", "knativeerrordest": "http://sink/"])
    }

    @Test("kne- fields become extensions, others and unusable ones do not")
    func fields() {
        let extensions = DeadLetter.extensions(of: [
            "KNE-Reason": "full", "kne-": "x", "kne-my-key": "x", "kne-type": "x",
            "content-type": "text/plain", "kne-code2": "7",
        ])
        #expect(extensions.map(\.name) == ["reason", "code2"])
        #expect(extensions.map(\.value) == ["full", "7"])
    }
}

// SPDX-License-Identifier: Apache-2.0

import Bytes
import CloudEvents
import HTTP
import Testing

@Suite("Events in HTTP messages (HTTP binding 1.0.2)")
struct HTTPBindingTests {
    static let required: HTTPFields = [
        "ce-specversion": "1.0", "ce-id": "i", "ce-source": "/s", "ce-type": "t",
    ]

    static func fields(adding lines: KeyValuePairs<String, String>) -> HTTPFields {
        var fields = Self.required
        for (name, value) in lines { fields.append(name, value) }
        return fields
    }

    @Test(
        "the mode follows from the content type, case aside (section 3)",
        arguments: [
            ("application/cloudevents+json", CloudEventContentMode.structured),
            ("Application/CloudEvents+JSON; charset=UTF-8", .structured),
            ("application/cloudevents", .structured), ("application/cloudevents+avro", .structured),
            ("application/cloudevents-batch+json", .batch),
            ("APPLICATION/CLOUDEVENTS-BATCH", .batch),
            ("application/json", .binary), ("application/cloudevent", .binary), ("", .binary),
        ]
    )
    func modes(_ contentType: String, _ mode: CloudEventContentMode) {
        let fields = Self.fields(adding: ["Content-Type": contentType])
        #expect(CloudEventContentMode(httpFields: fields) == mode)
    }

    @Test("no content type and no ce-specversion is no event")
    func noMode() {
        #expect(CloudEventContentMode(httpFields: [:]) == nil)
        #expect(CloudEventContentMode(httpFields: ["content-type": "application/json"]) == nil)
        #expect(CloudEventContentMode(httpFields: Self.required) == .binary)
    }

    @Test("binary mode: every attribute, whatever the case of its header")
    func readsBinary() throws {
        let fields: HTTPFields = [
            "CE-SpecVersion": "1.0", "Ce-Id": "partition:0/offset:7", "cE-sOURCE": "/a/b#topic",
            "ce-type": "dev.knative.kafka.event", "Ce-Subject": "partition:0#7",
            "Ce-Time": "2026-01-02T15:04:05.678Z", "Ce-Dataschema": "https://e.com/s",
            "Content-Type": "Application/JSON", "Ce-Knativekafkaoffset": "4294967296",
            "ce-key": "exams/%C3%A9.pdf", "Host": "x", "X-Ce-Other": "no", "ce": "no",
        ]
        let event = try CloudEvent(httpFields: fields, body: Array("[1]".utf8))
        let expected = CloudEvent(
            type: "dev.knative.kafka.event",
            source: "/a/b#topic",
            id: "partition:0/offset:7",
            subject: "partition:0#7",
            time: Timestamp(rfc3339: "2026-01-02T15:04:05.678Z"),
            dataContentType: "Application/JSON",
            dataSchema: "https://e.com/s",
            extensions: ["knativekafkaoffset": "4294967296", "key": "exams/é.pdf"],
            data: .json(Array("[1]".utf8))
        )
        #expect(event == expected)
        #expect(event.extensions.map(\.name) == ["knativekafkaoffset", "key"])
    }

    @Test("binary mode: the body is the data, and an empty one is none")
    func bodies() throws {
        let bare = try CloudEvent(httpFields: Self.required, body: [])
        #expect(bare.data == nil && bare.dataContentType == nil)
        let bytes = try CloudEvent(httpFields: Self.required, body: [0xFF])
        #expect(bytes.data == .binary([0xFF]) && bytes.dataContentType == nil)
        let typed = try CloudEvent(
            httpFields: Self.fields(adding: ["content-type": "application/json"]),
            body: []
        )
        #expect(typed.data == nil && typed.dataContentType == "application/json")
        let untyped = try CloudEvent(
            httpFields: Self.fields(adding: ["content-type": ""]),
            body: [1]
        )
        #expect(untyped.dataContentType == nil)
    }

    @Test(
        "a time goes on as its sender wrote it, by every way",
        arguments: [
            "2018-04-05T17:31:00Z", "2018-04-05T17:31:00.500Z", "2018-04-05T17:31:00.0000000001Z",
            "2018-04-05t17:31:00z", "2018-04-05T17:31:00+02:00", "2016-12-31T23:59:60Z",
        ]
    )
    func timeText(_ text: String) throws {
        let read = try CloudEvent(httpFields: Self.fields(adding: ["ce-time": text]), body: [])
        #expect(read.time == Timestamp(rfc3339: text))
        let json = try CloudEvent(jsonFormat: try read.jsonFormat())
        let message = try json.kafkaMessage(mode: .binary)
        let kafka = try CloudEvent(kafkaHeaders: message.headers, value: message.value)
        for event in [read, json, kafka] {
            #expect(event.timeText == text)
            var fields = HTTPFields()
            _ = try event.encode(into: &fields)
            #expect(fields["ce-time"] == text)
        }
        var changed = read
        changed.time = Timestamp(secondsSinceEpoch: 0)
        #expect(changed.timeText == "1970-01-01T00:00:00Z" && read.timeText == text)
    }

    @Test(
        "a URI whose escapes stand for themselves, from a sender that does not encode",
        arguments: [
            ("a%20b", "a%20b"), ("/a%FFb", "/a%FFb"), ("/a%00b", "/a%00b"), ("/a%2Fb", "/a/b"),
            ("/%7Ejoe", "/~joe"), ("/a%2520b", "/a%20b"),
        ]
    )
    func escapedURI(_ value: String, _ source: String) throws {
        var fields = Self.fields(adding: ["ce-dataschema": "urn:\(value)"])
        fields["ce-source"] = value
        let event = try CloudEvent(httpFields: fields, body: [])
        #expect(event.source == source)
        #expect(event.dataSchema == "urn:\(source)")
        var written = HTTPFields()
        _ = try event.encode(into: &written)
        #expect(try CloudEvent(httpFields: written, body: []) == event)
    }

    @Test("a ce-datacontenttype header is passed over")
    func contentTypeHeader() throws {
        let fields = Self.fields(adding: [
            "ce-datacontenttype": "text/plain", "content-type": "text/xml",
        ])
        let event = try CloudEvent(httpFields: fields, body: [1])
        #expect(event.dataContentType == "text/xml")
        #expect(event.extensions.isEmpty)
    }

    static let refused: [(add: KeyValuePairs<String, String>, error: CloudEventError)] = [
        (["ce-id": "j"], .attributeDuplicated("id")),
        (["ce-x": "1", "Ce-X": "2"], .attributeDuplicated("x")),
        (["content-type": "a/b", "Content-Type": "a/b"], .attributeDuplicated("datacontenttype")),
        (
            ["content-type": "application/cloudevents+json", "Content-Type": "application/json"],
            .attributeDuplicated("datacontenttype")
        ),
        (
            ["content-type": "application/json", "Content-Type": "application/cloudevents+json"],
            .attributeDuplicated("datacontenttype")
        ),
        (
            ["content-type": "text/plain", "Content-Type": "application/cloudevents-batch+json"],
            .attributeDuplicated("datacontenttype")
        ),
        (["ce-Bad_Name": "1"], .attributeInvalid("Bad_Name", .nameInvalid)),
        (["ce-data": "1"], .attributeInvalid("data", .nameInvalid)),
        (["ce-subject": ""], .attributeInvalid("subject", .empty)),
        (["ce-x": "%C0%A0"], .attributeInvalid("x", .notUTF8)),
        (["ce-X": "%0A"], .attributeInvalid("x", .characterNotAllowed)),
        (["ce-time": "yesterday"], .attributeInvalid("time", .notTimestamp)),
        (["ce-dataschema": "s"], .attributeInvalid("dataschema", .notURI)),
        (["content-type": "json"], .attributeInvalid("datacontenttype", .notMediaType)),
        (
            ["content-type": "a/b;\u{85}"],
            .attributeInvalid("datacontenttype", .characterNotAllowed)
        ),
        (
            ["content-type": "application/cloudevents+avro"],
            .formatUnsupported(contentType: "application/cloudevents+avro")
        ),
        (
            ["content-type": "application/cloudevents"],
            .formatUnsupported(contentType: "application/cloudevents")
        ),
        (
            ["content-type": "application/cloudevents+json;charset=utf-16"],
            .formatUnsupported(contentType: "application/cloudevents+json;charset=utf-16")
        ),
        (
            ["content-type": "application/cloudevents-batch+json"],
            .formatUnsupported(contentType: "application/cloudevents-batch+json")
        ),
    ]

    @Test("refuses, and says why", arguments: refused.indices)
    func refuses(_ index: Int) {
        let (lines, error) = Self.refused[index]
        #expect(throws: error) {
            try CloudEvent(httpFields: Self.fields(adding: lines), body: [])
        }
    }

    @Test("a value that is not UTF-8 is refused")
    func refusesBytes() {
        var fields = Self.required
        fields.append("ce-key", bytes: [0xFF])
        #expect(throws: CloudEventError.attributeInvalid("key", .notUTF8)) {
            try CloudEvent(httpFields: fields, body: [])
        }
        fields = Self.required
        fields.append("content-type", bytes: [0xFF])
        #expect(throws: CloudEventError.attributeInvalid("datacontenttype", .notUTF8)) {
            try CloudEvent(httpFields: fields, body: [])
        }
    }

    @Test("each required attribute is missed", arguments: ["specversion", "id", "source", "type"])
    func missing(_ name: String) {
        var fields = Self.required
        fields.remove("ce-" + name)
        #expect(throws: CloudEventError.attributeMissing(name)) {
            try CloudEvent(httpFields: fields, body: [])
        }
        fields.append("ce-" + name, "")
        let error =
            name == "specversion"
            ? CloudEventError.specVersionUnsupported("") : .attributeInvalid(name, .empty)
        #expect(throws: error) { try CloudEvent(httpFields: fields, body: []) }
    }

    @Test("other versions are refused", arguments: ["0.3", "1.1", "2.0", "1.0.2", "1"])
    func version(_ version: String) {
        var fields = Self.required
        fields["ce-specversion"] = version
        #expect(throws: CloudEventError.specVersionUnsupported(version)) {
            try CloudEvent(httpFields: fields, body: [])
        }
    }

    @Test("a message without any sign of an event is told apart")
    func notAnEvent() {
        for type in ["application/json", "nonsense"] {
            #expect(throws: CloudEventError.notCloudEvent) {
                try CloudEvent(httpFields: ["content-type": type], body: [1])
            }
        }
    }

    @Test("attributes: at the limit, and one past it")
    func attributesMax() throws {
        var limits = CloudEventLimits()
        limits.attributesMax = 3
        var fields = Self.fields(adding: ["ce-a": "1", "ce-b": "2", "ce-c": "3"])
        let event = try CloudEvent(httpFields: fields, body: [], limits: limits)
        #expect(event.extensions.count == 3)
        fields.append("ce-d", "4")
        #expect(throws: CloudEventError.attributesTooMany(limit: 3)) {
            try CloudEvent(httpFields: fields, body: [], limits: limits)
        }
    }

    @Test("structured mode: the body wins, bad ce- headers do not matter")
    func structured() throws {
        let fields: HTTPFields = [
            "ce-id": "other", "ce-Bad_Name": "%", "ce-specversion": "0.3",
            "Content-Type": "application/cloudevents+json; charset=\"utf-8\"",
        ]
        let body = #"{"specversion":"1.0","id":"i","source":"s","type":"t"}"#
        let event = try CloudEvent(httpFields: fields, body: Array(body.utf8))
        #expect(event == CloudEvent(type: "t", source: "s", id: "i"))
    }

    @Test("writes binary mode: percent-encoded, no ce-datacontenttype")
    func writesBinary() throws {
        let event = CloudEvent(
            type: "t",
            source: "/s#f",
            id: "a b",
            subject: "Euro € 😀",
            time: Timestamp(secondsSinceEpoch: 0, nanoseconds: 5_000_000),
            dataContentType: "text/plain",
            dataSchema: "urn:x",
            extensions: ["flag": true, "number": -5, "blob": .binary([0xFF])],
            data: .text("hé")
        )
        var fields: HTTPFields = ["X-Other": "kept", "Content-Type": "replaced/type"]
        let body = try event.encode(into: &fields)
        #expect(body == Array("hé".utf8))
        let expected: HTTPFields = [
            "X-Other": "kept", "ce-specversion": "1.0", "ce-id": "a%20b", "ce-source": "/s#f",
            "ce-type": "t", "ce-subject": "Euro%20%E2%82%AC%20%F0%9F%98%80",
            "ce-time": "1970-01-01T00:00:00.005Z", "ce-dataschema": "urn:x", "ce-flag": "true",
            "ce-number": "-5", "ce-blob": "/w==", "content-type": "text/plain",
        ]
        #expect(fields == expected)

        var raw = HTTPFields()
        _ = try event.encode(into: &raw, headerCoding: .knative)
        #expect(raw["ce-subject"] == "Euro € 😀" && raw["ce-id"] == "a b")
    }

    @Test("an old content type does not outlive the event that has none")
    func staleContentType() throws {
        var fields: HTTPFields = ["content-type": "text/plain"]
        _ = try CloudEvent(type: "t", source: "s", id: "i").encode(into: &fields)
        #expect(!fields.contains("content-type"))
    }

    @Test("writes structured and batch mode")
    func writesStructured() throws {
        let event = CloudEvent(type: "t", source: "s", id: "i")
        var fields = HTTPFields()
        let body = try event.encode(into: &fields, mode: .structured)
        #expect(fields == ["content-type": "application/cloudevents+json; charset=UTF-8"])
        #expect(body == (try event.jsonFormat()))

        let batch = try event.encode(into: &fields, mode: .batch)
        #expect(fields == ["content-type": "application/cloudevents-batch+json; charset=UTF-8"])
        #expect(try CloudEvent.batch(httpFields: fields, body: batch) == [event])
        let empty = try CloudEvent.batch(httpFields: fields, body: Array("[]".utf8))
        #expect(empty.isEmpty)
    }

    @Test("a batch needs its own content type")
    func batchType() {
        #expect(throws: CloudEventError.notCloudEvent) {
            try CloudEvent.batch(httpFields: [:], body: Array("[]".utf8))
        }
        let type = "application/cloudevents+json"
        #expect(throws: CloudEventError.formatUnsupported(contentType: type)) {
            try CloudEvent.batch(httpFields: ["content-type": type], body: Array("[]".utf8))
        }
    }

    @Test(
        "a name or source that could break the message is not written",
        arguments: CloudEventContentMode.allCases
    )
    func refusesToWrite(_ mode: CloudEventContentMode) {
        var event = CloudEvent(type: "t", source: "s", id: "i")
        event.extensions["a: b\r\nx"] = "1"
        var fields: HTTPFields = ["x": "y"]
        #expect(throws: CloudEventError.attributeInvalid("a: b\r\nx", .nameInvalid)) {
            try event.encode(into: &fields, mode: mode)
        }
        #expect(fields == ["x": "y"])
        event = CloudEvent(type: "t", source: "", id: "i")
        #expect(throws: CloudEventError.attributeInvalid("source", .empty)) {
            try event.encode(into: &fields, mode: mode)
        }
    }

    @Test("control characters are written escaped, so that the event is not held up")
    func controlCharacters() throws {
        let event = CloudEvent(
            type: "t",
            source: "s",
            id: "i",
            extensions: ["key": "a\r\nb: c\u{0}"]
        )
        for coding in CloudEventHeaderCoding.allCases {
            var fields = HTTPFields()
            _ = try event.encode(into: &fields, headerCoding: coding)
            let value = try #require(fields["ce-key"])
            #expect(value.hasPrefix("a%0D%0Ab:") && value.hasSuffix("c%00"))
        }
    }

    /// Steps of `http-protocol-binding.feature` of the CloudEvents conformance suite.
    @Test(
        "conformance: binary mode with JSON and with XML",
        arguments: [
            ("application/json", #"{"message": "Hello World!"}"#),
            ("application/xml", "<?xml version=\"1.0\"?><message>Hello</message>"),
        ]
    )
    func conformance(_ contentType: String, _ body: String) throws {
        let fields: HTTPFields = [
            "ce-specversion": "1.0", "ce-type": "com.example.someevent",
            "ce-time": "2018-04-05T03:56:24Z", "ce-id": "1234-1234-1234",
            "ce-source": "/mycontext/subcontext", "ce-comexampleextension1": "value",
            "Content-Type": contentType,
        ]
        let event = try CloudEvent(httpFields: fields, body: Array(body.utf8))
        #expect(event.type == "com.example.someevent" && event.id == "1234-1234-1234")
        #expect(event.time == Timestamp(rfc3339: "2018-04-05T03:56:24Z"))
        #expect(event.extensions["comexampleextension1"] == "value")
        #expect(event.dataContentType == contentType)
        #expect(event.data?.bytes == Array(body.utf8))
    }
}

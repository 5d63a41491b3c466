// SPDX-License-Identifier: Apache-2.0

import Bytes
import CloudEvents
import Testing

@Suite("The event and its parts (CloudEvents 1.0.2 section 3)")
struct CloudEventTests {
    static let valid = CloudEvent(
        type: "com.example.exam.graded",
        source: "/exams/maths",
        id: "42",
        subject: "algebra",
        time: Timestamp(secondsSinceEpoch: 0),
        dataContentType: "application/json",
        dataSchema: "https://example.com/schema",
        extensions: ["grade": 5, "passed": true, "course": "cs"],
        data: .json(Array("{}".utf8))
    )

    @Test("a complete event and a minimal one are valid")
    func accepts() throws {
        try Self.valid.validate()
        try CloudEvent(type: "t", source: "s", id: "i").validate()
        #expect(Self.valid.specVersion == "1.0")
    }

    typealias Fault = CloudEventError.AttributeFault

    static let refused:
        [(name: String, fault: Fault, spoil: @Sendable (inout CloudEvent) -> Void)] =
            [
                ("id", .empty, { $0.id = "" }),
                ("id", .characterNotAllowed, { $0.id = "a\u{0}" }),
                ("source", .empty, { $0.source = "" }),
                ("source", .notURIReference, { $0.source = "a b" }),
                ("type", .empty, { $0.type = "" }),
                ("type", .characterNotAllowed, { $0.type = "a\u{85}" }),
                ("subject", .empty, { $0.subject = "" }),
                ("subject", .characterNotAllowed, { $0.subject = "\u{FFFF}" }),
                ("time", .notTimestamp, { $0.time = Timestamp(secondsSinceEpoch: .max) }),
                ("time", .notTimestamp, { $0.time?.nanoseconds = 1_000_000_000 }),
                ("datacontenttype", .notMediaType, { $0.dataContentType = "json" }),
                ("datacontenttype", .notMediaType, { $0.dataContentType = "" }),
                (
                    "datacontenttype", .characterNotAllowed,
                    { $0.dataContentType = "a/b;c=\"\u{80}\"" }
                ),
                ("dataschema", .notURI, { $0.dataSchema = "/schema" }),
                ("dataschema", .notURI, { $0.dataSchema = "" }),
                ("Grade", .nameInvalid, { $0.extensions["Grade"] = 1 }),
                ("a: b\r\nc", .nameInvalid, { $0.extensions["a: b\r\nc"] = 1 }),
                ("", .nameInvalid, { $0.extensions[""] = 1 }),
                ("data", .nameInvalid, { $0.extensions["data"] = 1 }),
                ("specversion", .nameReserved, { $0.extensions["specversion"] = "1.0" }),
                ("time", .nameReserved, { $0.extensions["time"] = "x" }),
                ("x", .characterNotAllowed, { $0.extensions["x"] = "a\nb" }),
                ("x", .notURI, { $0.extensions["x"] = .uri("/a") }),
                ("x", .notURIReference, { $0.extensions["x"] = .uriReference("a b") }),
                (
                    "x", .notTimestamp,
                    {
                        $0.extensions["x"] = .timestamp(Timestamp(secondsSinceEpoch: .min))
                    }
                ),
            ]

    @Test("refuses each broken rule", arguments: refused.indices)
    func refuses(_ index: Int) {
        let (name, fault, spoil) = Self.refused[index]
        var event = Self.valid
        spoil(&event)
        #expect(throws: CloudEventError.attributeInvalid(name, fault)) { try event.validate() }
    }

    @Test("extensions behave as a set that remembers its order")
    func extensions() {
        var extensions: CloudEventExtensions = ["b": 1, "a": true, "b": 2]
        #expect(extensions.map(\.name) == ["b", "a"])
        #expect(extensions["b"] == 2)
        #expect(extensions["c"] == nil)
        #expect(extensions == ["a": true, "b": 2])
        #expect(extensions != ["a": true])
        #expect(extensions != ["a": true, "c": 2])
        extensions["c"] = "x"
        extensions["b"] = nil
        extensions["d"] = nil
        #expect(extensions.map(\.name) == ["a", "c"])
        #expect(extensions.count == 2)
    }

    @Test("values have one canonical form")
    func canonical() {
        #expect(CloudEventValue.boolean(false).canonicalString == "false")
        #expect(CloudEventValue.integer(.min).canonicalString == "-2147483648")
        #expect(CloudEventValue.string("a b").canonicalString == "a b")
        #expect(CloudEventValue.binary([0xFB, 0xFF]).canonicalString == "+/8=")
        #expect(CloudEventValue.uri("x:y").canonicalString == "x:y")
        #expect(CloudEventValue.uriReference("../y").canonicalString == "../y")
        let time = Timestamp(secondsSinceEpoch: 1, nanoseconds: 500_000_000)
        #expect(CloudEventValue.timestamp(time).canonicalString == "1970-01-01T00:00:01.5Z")
        #expect("\(CloudEventValue.integer(7))" == "7")
    }

    @Test("values from binary mode, all strings, read as their types")
    func typed() {
        #expect(CloudEventValue.string("true").asBoolean == true)
        #expect(CloudEventValue.string("false").asBoolean == false)
        #expect(CloudEventValue.string("TRUE").asBoolean == nil)
        #expect(CloudEventValue.boolean(true).asBoolean == true)
        #expect(CloudEventValue.integer(1).asBoolean == nil)
        #expect(CloudEventValue.string("-2147483648").asInteger == .min)
        #expect(CloudEventValue.string("2147483648").asInteger == nil)
        #expect(CloudEventValue.string("1.0").asInteger == nil)
        #expect(CloudEventValue.string("+1").asInteger == nil)
        #expect(CloudEventValue.integer(3).asInteger == 3)
        #expect(CloudEventValue.boolean(true).asInteger == nil)
        #expect(CloudEventValue.string("+/8=").asBinary == [0xFB, 0xFF])
        #expect(CloudEventValue.string("+/8").asBinary == nil)
        #expect(CloudEventValue.binary([1]).asBinary == [1])
        #expect(CloudEventValue.integer(1).asBinary == nil)
        let time = Timestamp(secondsSinceEpoch: 1)
        #expect(CloudEventValue.string("1970-01-01T01:00:01+01:00").asTimestamp == time)
        #expect(CloudEventValue.timestamp(time).asTimestamp == time)
        #expect(CloudEventValue.string("now").asTimestamp == nil)
        #expect(CloudEventValue.boolean(true).asTimestamp == nil)
    }

    @Test("data is compared by its bytes, and by whether it is meant as JSON")
    func data() {
        #expect(CloudEventData.text("é") == .binary([0xC3, 0xA9]))
        #expect(CloudEventData.json([0x31]) != .binary([0x31]))
        #expect(CloudEventData.json([0x31]) == .json([0x31]))
        #expect(CloudEventData.text("a") != .text("b"))
        #expect(CloudEventData.binary([0xC3]).string == nil)
        #expect(CloudEventData.json([0x31]).string == "1")
        #expect(CloudEventData.text("a").string == "a")
        #expect(CloudEventData.text("é").bytes == [0xC3, 0xA9])
        #expect(CloudEventData.json([]).isJSON)
    }
}

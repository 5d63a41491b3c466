// SPDX-License-Identifier: Apache-2.0

import Bytes
import HTTP
import Testing

@testable import CloudEvents

@Suite("Conformance: attributes (CloudEvents 1.0.2 sections 2.1 and 3.1)")
struct AttributeConformanceTests {
    /// An event of each extension value, read from every mode.
    private static func readings(_ name: String, _ text: String) -> [Result<CloudEvent, any Error>]
    {
        let fields = HTTPBindingTests.fields(adding: ["ce-\(name)": text])
        let headers: [CloudEventKafkaMessage.Header] = [
            ("ce_specversion", Array("1.0".utf8)), ("ce_id", Array("i".utf8)),
            ("ce_source", Array("s".utf8)), ("ce_type", Array("t".utf8)),
            ("ce_\(name)", Array(text.utf8)),
        ]
        return [
            Result { try CloudEvent(httpFields: fields, body: []) },
            Result { try CloudEvent(kafkaHeaders: headers, value: nil) },
            Result { try JSONFormatTests.read(#""\#(name)":"\#(text)""#) },
        ]
    }

    @Test(
        "names: letters and digits, of any length, but not data",
        arguments: [
            ("a", true), ("0", true), ("abc123", true), (String(repeating: "x", count: 20), true),
            (String(repeating: "x", count: 21), true), (String(repeating: "x", count: 300), true),
            ("data", false), ("a-b", false), ("a_b", false), ("a.b", false), ("", false),
        ]
    )
    func names(_ name: String, _ isName: Bool) {
        for (index, reading) in Self.readings(name, "v").enumerated() {
            // `ce-` and `ce_` alone are no attributes at all, and so are passed over.
            if name.isEmpty, index < 2 { continue }
            // In JSON it is the name of the payload.
            if name == "data", index == 2 { continue }
            #expect((try? reading.get().extensions[name] == "v") == (isName ? true : nil))
        }
        var event = CloudEvent(type: "t", source: "s", id: "i")
        event.extensions[name] = "v"
        #expect(((try? event.validate()) != nil) == isName)
        for mode in CloudEventContentMode.allCases {
            var fields = HTTPFields()
            #expect(((try? event.encode(into: &fields, mode: mode)) != nil) == isName)
        }
        #expect(((try? event.kafkaMessage()) != nil) == isName)
    }

    @Test("names in capitals: one name in HTTP, an error elsewhere")
    func capitals() throws {
        let readings = Self.readings("courseName", "v")
        #expect(try readings[0].get().extensions["coursename"] == "v")
        for reading in readings.dropFirst() {
            #expect(throws: CloudEventError.attributeInvalid("courseName", .nameInvalid)) {
                try reading.get()
            }
        }
    }

    static let types: [(value: CloudEventValue, canonical: String, json: String)] = [
        (true, "true", "true"), (false, "false", "false"),
        (0, "0", "0"), (.integer(.min), "-2147483648", "-2147483648"),
        (.integer(.max), "2147483647", "2147483647"),
        ("", "", #""""#), ("a é 😀", "a é 😀", #""a é 😀""#), ("true", "true", #""true""#),
        (.binary([]), "", #""""#), (.binary([0, 0xFF, 0xFE]), "AP/+", #""AP/+""#),
        (
            .uri("https://example.com/a?b#c"), "https://example.com/a?b#c",
            #""https://example.com/a?b#c""#
        ),
        (.uriReference("../a"), "../a", #""../a""#),
        (
            .timestamp(Timestamp(secondsSinceEpoch: 0, nanoseconds: 1)),
            "1970-01-01T00:00:00.000000001Z", #""1970-01-01T00:00:00.000000001Z""#
        ),
    ]

    @Test("each type has its form in text and in JSON", arguments: types.indices)
    func typeForms(_ index: Int) throws {
        let (value, canonical, json) = Self.types[index]
        let event = CloudEvent(type: "t", source: "s", id: "i", extensions: ["x": value])
        #expect(value.canonicalString == canonical)
        let text = String(decoding: try event.jsonFormat(), as: UTF8.self)
        #expect(text == #"{"specversion":"1.0","id":"i","source":"s","type":"t","x":\#(json)}"#)
        for coding in CloudEventHeaderCoding.allCases {
            var fields = HTTPFields()
            _ = try event.encode(into: &fields, headerCoding: coding)
            let read = try CloudEvent(httpFields: fields, body: [], headerCoding: coding)
            #expect(read.extensions["x"] == .string(canonical))
        }
        let message = try event.kafkaMessage()
        #expect(message.headers.last?.value == Array(canonical.utf8))
        #expect(try CloudEvent(jsonFormat: Array(text.utf8)).throughJSON == event.throughJSON)
    }

    @Test(
        "text is read as the types it can be",
        arguments: [
            ("true", true, nil), ("TRUE", nil, nil), ("1", nil, 1), ("-2147483648", nil, .min),
            ("2147483647", nil, .max), ("2147483648", nil, nil), ("-2147483649", nil, nil),
            ("+1", nil, nil), ("1.0", nil, nil), ("1e2", nil, nil), ("", nil, nil),
            (" 1", nil, nil),
        ] as [(String, Bool?, Int32?)]
    )
    func readings(_ text: String, _ boolean: Bool?, _ integer: Int32?) {
        #expect(CloudEventValue.string(text).asBoolean == boolean)
        #expect(CloudEventValue.string(text).asInteger == integer)
    }

    @Test(
        "values of the attributes that the specification knows, in every mode",
        arguments: [
            ("subject", "a", true), ("subject", "", false), ("dataschema", "https://e.com/s", true),
            ("dataschema", "urn:x:y", true), ("dataschema", "/s", false), ("dataschema", "", false),
            ("time", "2026-01-02T15:04:05Z", true), ("time", "2026-01-02T15:04:05.123+01:00", true),
            ("time", "2026-01-02t15:04:05z", true), ("time", "2026-01-02 15:04:05", false),
            ("time", "2026-02-30T00:00:00Z", false), ("time", "20260102T150405Z", false),
            ("time", "", false),
        ]
    )
    func knownAttributes(_ name: String, _ value: String, _ isValid: Bool) {
        for reading in Self.readings(name, value) {
            #expect(((try? reading.get()) != nil) == isValid, "\(name): \(value)")
        }
    }

    @Test("a time with an offset is the same instant in UTC")
    func offset() throws {
        for reading in Self.readings("time", "2026-01-02T01:30:00+01:30") {
            let event = try reading.get()
            #expect(event.time == Timestamp(rfc3339: "2026-01-02T00:00:00Z"))
        }
    }

    @Test("attributes that nobody here knows are kept through every mode")
    func unknownAttributes() throws {
        let names = ["traceparent", "sequence", "partitionkey", "correlationid", "x7", "7x"]
        var event = CloudEvent(type: "t", source: "s", id: "i")
        for name in names { event.extensions[name] = .string("v " + name) }
        for mode in CloudEventContentMode.allCases where mode != .batch {
            var fields = HTTPFields()
            let body = try event.encode(into: &fields, mode: mode)
            #expect(try CloudEvent(httpFields: fields, body: body) == event)
            let message = try event.kafkaMessage(mode: mode)
            #expect(try CloudEvent(kafkaHeaders: message.headers, value: message.value) == event)
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

import Bytes
import HTTP
import Testing

@testable import CloudEvents

/// The features of the CloudEvents conformance suite: the same event in every mode of a binding,
/// read from a message that is written out here, and written into one.
@Suite("Conformance: the bindings (HTTP and Kafka bindings 1.0.2)")
struct BindingConformanceTests {
    struct Feature: Sendable, CustomTestStringConvertible {
        var name: String
        var contentType: String
        /// The data as it travels in binary mode.
        var body: String
        /// The `data` member in structured mode.
        var member: String
        var data: CloudEventData

        var testDescription: String { self.name }
    }

    static let features = [
        Feature(
            name: "JSON",
            contentType: "application/json",
            body: #"{"points":[3,4],"passed":true}"#,
            member: #"{"points":[3,4],"passed":true}"#,
            data: .json(Array(#"{"points":[3,4],"passed":true}"#.utf8))
        ),
        Feature(
            name: "JSON, with a charset",
            contentType: "application/json; charset=utf-8",
            body: #""Größe""#,
            member: #""Größe""#,
            data: .json(Array(#""Größe""#.utf8))
        ),
        Feature(
            name: "XML",
            contentType: "application/xml",
            body: #"<exam passed="true"/>"#,
            member: #""<exam passed=\"true\"/>""#,
            data: .text(#"<exam passed="true"/>"#)
        ),
        Feature(
            name: "text",
            contentType: "text/plain",
            body: "passed 😀",
            member: #""passed 😀""#,
            data: .text("passed 😀")
        ),
    ]

    static func event(_ feature: Feature) -> CloudEvent {
        CloudEvent(
            type: "com.example.exam.graded",
            source: "/exams/maths?term=1",
            id: "C-1234-1234",
            subject: "Ana 1",
            time: Timestamp(rfc3339: "2026-01-02T15:04:05Z"),
            dataContentType: feature.contentType,
            dataSchema: "https://example.com/exam.json",
            extensions: ["course": "maths"],
            data: feature.data
        )
    }

    /// The attributes, without content type, in the order in which they are written.
    static let attributes = [
        ("specversion", "1.0"), ("id", "C-1234-1234"), ("source", "/exams/maths?term=1"),
        ("type", "com.example.exam.graded"), ("subject", "Ana 1"), ("time", "2026-01-02T15:04:05Z"),
        ("dataschema", "https://example.com/exam.json"), ("course", "maths"),
    ]

    static func json(_ feature: Feature) -> [UInt8] {
        let members = (self.attributes + [("datacontenttype", feature.contentType)]).map {
            #""\#($0)":"\#($1)""#
        }
        return Array("{\(members.joined(separator: ",")),\"data\":\(feature.member)}".utf8)
    }

    /// What binary mode keeps: all but whether bytes are known to be text.
    static func binaryEvent(_ feature: Feature) -> CloudEvent {
        self.event(feature).throughHeaders(emptyIsNothing: false)
    }

    static func fields(_ feature: Feature) -> HTTPFields {
        var fields = HTTPFields()
        for (name, value) in self.attributes {
            fields.append("ce-\(name)", value == "Ana 1" ? "Ana%201" : value)
        }
        fields.append("content-type", feature.contentType)
        return fields
    }

    @Test("HTTP, binary", arguments: features)
    func httpBinary(_ feature: Feature) throws {
        let fields = Self.fields(feature)
        let event = try CloudEvent(httpFields: fields, body: Array(feature.body.utf8))
        #expect(event == Self.binaryEvent(feature))
        var written = HTTPFields()
        let body = try Self.event(feature).encode(into: &written)
        #expect(written == fields)
        #expect(String(decoding: body, as: UTF8.self) == feature.body)
    }

    @Test("HTTP, structured", arguments: features)
    func httpStructured(_ feature: Feature) throws {
        let fields: HTTPFields = ["content-type": "application/cloudevents+json; charset=UTF-8"]
        let event = try CloudEvent(httpFields: fields, body: Self.json(feature))
        #expect(event == Self.event(feature))
        var written = HTTPFields()
        let body = try Self.event(feature).encode(into: &written, mode: .structured)
        #expect(written == fields)
        #expect(
            String(decoding: body, as: UTF8.self)
                == String(decoding: Self.json(feature), as: UTF8.self)
        )
    }

    @Test("HTTP, batch", arguments: features)
    func httpBatch(_ feature: Feature) throws {
        let fields: HTTPFields = [
            "content-type": "application/cloudevents-batch+json; charset=UTF-8"
        ]
        let body = [0x5B] + Self.json(feature) + [0x2C] + Self.json(feature) + [0x5D]
        let events = try CloudEvent.batch(httpFields: fields, body: body)
        #expect(events == [Self.event(feature), Self.event(feature)])
        #expect(try CloudEvent.jsonFormat(batch: events) == body)
    }

    @Test("Kafka, binary", arguments: features)
    func kafkaBinary(_ feature: Feature) throws {
        var headers = Self.attributes.map { ("ce_\($0)", Array($1.utf8)) }
        headers.append(("content-type", Array(feature.contentType.utf8)))
        let event = try CloudEvent(
            kafkaHeaders: headers.map { ($0, $1) },
            value: Array(feature.body.utf8)
        )
        #expect(event == Self.binaryEvent(feature))
        let message = try Self.event(feature).kafkaMessage()
        #expect(message.headers.map(\.name) == headers.map(\.0))
        #expect(message.headers.map(\.value) == headers.map(\.1))
        #expect(message.value == Array(feature.body.utf8) && message.key == nil)
    }

    @Test("Kafka, structured", arguments: features)
    func kafkaStructured(_ feature: Feature) throws {
        let contentType = Array("application/cloudevents+json; charset=UTF-8".utf8)
        let event = try CloudEvent(
            kafkaHeaders: [("content-type", contentType)],
            value: Self.json(feature)
        )
        #expect(event == Self.event(feature))
        let message = try Self.event(feature).kafkaMessage(mode: .structured)
        #expect(message.headers.map(\.name) == ["content-type"])
        #expect(message.headers.first?.value == contentType)
        #expect(message.value == Self.json(feature))
    }

    @Test(
        "data that is itself an event is never sent in binary mode",
        arguments: [
            "application/cloudevents+json", "Application/CloudEvents-Batch+JSON; charset=utf-8",
            "application/cloudevents",
        ]
    )
    func eventAsData(_ contentType: String) throws {
        let inner = #"{"specversion":"1.0","id":"forged","source":"x","type":"y"}"#
        let event = CloudEvent(
            type: "t",
            source: "s",
            id: "i",
            dataContentType: contentType,
            data: .binary(Array(inner.utf8))
        )
        var fields = HTTPFields()
        let body = try event.encode(into: &fields)
        #expect(fields == ["content-type": "application/cloudevents+json; charset=UTF-8"])
        let received = try CloudEvent(httpFields: fields, body: body)
        #expect(received.id == "i" && received.data?.string == inner)
        let message = try event.kafkaMessage()
        let fromKafka = try CloudEvent(kafkaHeaders: message.headers, value: message.value)
        #expect(fromKafka == received)
    }
}

// SPDX-License-Identifier: Apache-2.0

import Bytes
import CloudEvents
import Testing

@Suite("Events in Kafka records (Kafka binding 1.0.2)")
struct KafkaBindingTests {
    typealias Headers = [CloudEventKafkaMessage.Header]

    static func headers(_ pairs: KeyValuePairs<String, String?>) -> Headers {
        pairs.map { ($0.key, $0.value.map { Array($0.utf8) }) }
    }

    static let required: Headers = Self.headers([
        "ce_specversion": "1.0", "ce_id": "i", "ce_source": "/s", "ce_type": "t",
    ])

    static func texts(_ headers: Headers) -> [String] {
        headers.map { "\($0.name)=\(String(decoding: $0.value ?? [], as: UTF8.self))" }
    }

    @Test("binary mode: ce_ headers in UTF-8, nothing is percent-decoded, others are passed over")
    func readsBinary() throws {
        let headers =
            Self.required
            + Self.headers([
                "ce_subject": "100% €", "ce_time": "2026-01-02T15:04:05Z", "ce_x": "%41",
                "content-type": "application/json", "CE_Y": "no", "other": "no", "ce_z": nil,
                "ce_datacontenttype": "text/plain",
            ])
        let event = try CloudEvent(kafkaHeaders: headers, value: Array("{}".utf8))
        let expected = CloudEvent(
            type: "t",
            source: "/s",
            id: "i",
            subject: "100% €",
            time: Timestamp(rfc3339: "2026-01-02T15:04:05Z"),
            dataContentType: "application/json",
            extensions: ["x": "%41"],
            data: .json(Array("{}".utf8))
        )
        #expect(event == expected)
    }

    @Test("a null value is no data, an empty one is empty data")
    func values() throws {
        #expect(try CloudEvent(kafkaHeaders: Self.required, value: nil).data == nil)
        #expect(try CloudEvent(kafkaHeaders: Self.required, value: []).data == .binary([]))
    }

    @Test("of a header that comes twice the last value counts, and the order stays")
    func duplicates() throws {
        let headers =
            Self.headers(["ce_id": "old", "ce_time": "bad", "ce_a": "1", "content-type": "bad"])
            + Self.required
            + Self.headers([
                "ce_b": "2", "ce_a": "3", "ce_time": "1970-01-01T00:00:00Z", "ce_c": "4",
                "content-type": "text/plain",
            ])
        let event = try CloudEvent(kafkaHeaders: headers, value: nil)
        #expect(event.id == "i")
        #expect(event.time == Timestamp(secondsSinceEpoch: 0))
        #expect(event.dataContentType == "text/plain")
        #expect(event.extensions.map(\.name) == ["b", "a", "c"])
        #expect(event.extensions["a"] == "3")
    }

    static let refused: [(headers: Headers, error: CloudEventError)] = [
        ([], .notCloudEvent),
        (Self.headers(["content-type": "application/json"]), .notCloudEvent),
        (Self.headers(["CE_SPECVERSION": "1.0"]), .notCloudEvent),
        (Self.headers(["ce_id": "i"]), .attributeMissing("specversion")),
        (Self.headers(["ce_specversion": "1.0"]), .attributeMissing("id")),
        (Self.required + [("ce_x", [0xFF])], .attributeInvalid("x", .notUTF8)),
        (
            Self.required + [("content-type", [0xFF])],
            .attributeInvalid("datacontenttype", .notUTF8)
        ),
        (Self.required + [("ce_X", [])], .attributeInvalid("X", .nameInvalid)),
        (Self.required + [("ce_", [])], .attributeInvalid("", .nameInvalid)),
        (Self.required + [("ce_x", [0])], .attributeInvalid("x", .characterNotAllowed)),
        (
            Self.headers(["content-type": "application/cloudevents+avro"]),
            .formatUnsupported(contentType: "application/cloudevents+avro")
        ),
        (
            Self.headers(["content-type": "application/cloudevents-batch+json"]),
            .formatUnsupported(contentType: "application/cloudevents-batch+json")
        ),
    ]

    @Test("refuses, and says why", arguments: refused.indices)
    func refuses(_ index: Int) {
        let (headers, error) = Self.refused[index]
        #expect(throws: error) { try CloudEvent(kafkaHeaders: headers, value: nil) }
    }

    @Test("structured mode, told by the content type, case aside")
    func structured() throws {
        let event = CloudEvent(type: "t", source: "s", id: "i", extensions: ["n": 1])
        let headers = Self.headers(["content-type": "Application/CloudEvents+JSON"])
        #expect(CloudEventContentMode(kafkaHeaders: headers) == .structured)
        #expect(try CloudEvent(kafkaHeaders: headers, value: try event.jsonFormat()) == event)
        #expect(throws: CloudEventError.jsonInvalid(.endUnexpected, offset: 0)) {
            try CloudEvent(kafkaHeaders: headers, value: nil)
        }
    }

    @Test("writes binary mode")
    func writesBinary() throws {
        let event = CloudEvent(
            type: "t",
            source: "s",
            id: "i 1",
            subject: "é",
            time: Timestamp(secondsSinceEpoch: 0),
            dataSchema: "urn:x",
            extensions: ["partitionkey": "k", "n": 1],
            data: .json([0x31])
        )
        let message = try event.kafkaMessage()
        #expect(
            Self.texts(message.headers) == [
                "ce_specversion=1.0", "ce_id=i 1", "ce_source=s", "ce_type=t", "ce_subject=é",
                "ce_time=1970-01-01T00:00:00Z", "ce_dataschema=urn:x", "ce_partitionkey=k",
                "ce_n=1", "content-type=application/json",
            ]
        )
        #expect(message.value == [0x31])
        #expect(message.key == nil)
    }

    @Test("no data is a null value in binary mode, and a record with one in structured mode")
    func writesNothing() throws {
        let event = CloudEvent(type: "t", source: "s", id: "i")
        #expect(try event.kafkaMessage().value == nil)
        let structured = try event.kafkaMessage(mode: .structured)
        #expect(structured.value == (try event.jsonFormat()))
        #expect(
            Self.texts(structured.headers)
                == ["content-type=application/cloudevents+json; charset=UTF-8"]
        )
    }

    @Test("partitionkey becomes the key when asked for, and stays in the event")
    func key() throws {
        var event = CloudEvent(type: "t", source: "s", id: "i")
        #expect(try event.kafkaMessage(key: .partitionKey).key == nil)
        event.extensions["partitionkey"] = 7
        for mode in [CloudEventContentMode.binary, .structured] {
            let message = try event.kafkaMessage(mode: mode, key: .partitionKey)
            #expect(message.key == Array("7".utf8))
            let back = try CloudEvent(kafkaHeaders: message.headers, value: message.value)
            #expect(back.extensions["partitionkey"]?.asInteger == 7)
        }
    }

    @Test(
        "an invalid event is not written",
        arguments: [CloudEventContentMode.binary, .structured]
    )
    func refusesToWrite(_ mode: CloudEventContentMode) {
        let event = CloudEvent(type: "", source: "s", id: "i")
        #expect(throws: CloudEventError.attributeInvalid("type", .empty)) {
            try event.kafkaMessage(mode: mode)
        }
    }

    /// Steps of `kafka-protocol-binding.feature` of the CloudEvents conformance suite.
    @Test("conformance: binary mode")
    func conformance() throws {
        let headers = Self.headers([
            "ce_specversion": "1.0", "ce_type": "com.example.someevent",
            "ce_time": "2018-04-05T03:56:24Z", "ce_id": "1234-1234-1234",
            "ce_source": "/mycontext/subcontext", "content-type": "application/json",
        ])
        let event = try CloudEvent(kafkaHeaders: headers, value: Array(#"{"a":1}"#.utf8))
        #expect(event.source == "/mycontext/subcontext")
        #expect(event.time == Timestamp(rfc3339: "2018-04-05T03:56:24Z"))
        #expect(event.data?.string == #"{"a":1}"#)
    }
}

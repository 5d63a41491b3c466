// SPDX-License-Identifier: Apache-2.0

import HTTP
import Testing

@testable import CloudEvents

@Suite("Conformance: data in the JSON format (JSON format 1.0.2 section 3.1)")
struct JSONDataConformanceTests {
    /// A row of the table, for one content type and one payload.
    struct Row: Sendable {
        var contentType: String?
        /// The member that is written, or read.
        var member: String
        /// The payload that is written; `nil` where the row is for reading only.
        var written: CloudEventData?
        /// The payload that is read.
        var read: CloudEventData
        /// Content type and body of the same event in binary mode.
        var transportType: String?
        var body: String
    }

    private static func json(_ text: String) -> CloudEventData { .json(Array(text.utf8)) }

    private static func row(
        _ contentType: String?,
        _ member: String,
        _ written: CloudEventData?,
        _ read: CloudEventData,
        binary transportType: String?,
        _ body: String
    ) -> Row {
        Row(
            contentType: contentType,
            member: member,
            written: written,
            read: read,
            transportType: transportType,
            body: body
        )
    }

    /// No content type: bytes are `data_base64`, all else is JSON.
    private static let untyped = [
        row(
            nil,
            #""data_base64":"AP8=""#,
            .binary([0, 0xFF]),
            .binary([0, 0xFF]),
            binary: nil,
            "\0\u{FFFD}"
        ),
        row(
            nil,
            #""data":{"a":1}"#,
            json(#"{"a":1}"#),
            json(#"{"a":1}"#),
            binary: "application/json",
            #"{"a":1}"#
        ),
        row(nil, #""data":"a""#, json(#""a""#), json(#""a""#), binary: "application/json", #""a""#),
        row(nil, #""data":12"#, json("12"), json("12"), binary: "application/json", "12"),
        row(
            nil,
            #""data":false"#,
            json("false"),
            json("false"),
            binary: "application/json",
            "false"
        ),
        row(nil, #""data":null"#, json("null"), json("null"), binary: "application/json", "null"),
        row(nil, #""data":[]"#, json("[]"), json("[]"), binary: "application/json", "[]"),
    ]

    /// JSON types: a JSON value where there is one, and else bytes.
    private static let typedAsJSON = [
        "application/json", "application/JSON; charset=utf-8", "text/json", "x/y+json",
    ].flatMap { type in
        [
            row(
                type,
                #""data":{"a":1}"#,
                json(#"{"a":1}"#),
                json(#"{"a":1}"#),
                binary: type,
                #"{"a":1}"#
            ),
            row(
                type,
                #""data":"{\"a\":1}""#,
                json(#""{\"a\":1}""#),
                json(#""{\"a\":1}""#),
                binary: type,
                #""{\"a\":1}""#
            ),
            row(type, #""data":null"#, json("null"), json("null"), binary: type, "null"),
            row(type, #""data":[1]"#, .binary(Array("[1]".utf8)), json("[1]"), binary: type, "[1]"),
            row(type, #""data":"a""#, .text(#""a""#), json(#""a""#), binary: type, #""a""#),
            row(type, #""data_base64":"bm8=""#, json("no"), json("no"), binary: type, "no"),
            row(type, #""data_base64":"WzFd""#, nil, json("[1]"), binary: type, "[1]"),
        ]
    }

    /// All other types: bytes are `data_base64`, text is a string.
    private static let typedOtherwise = [
        "text/plain", "application/xml", "text/xml; charset=utf-8", "application/jsonl",
        "application/octet-stream",
    ].flatMap { type in
        [
            row(
                type,
                #""data_base64":"YQ==""#,
                .binary([0x61]),
                .binary([0x61]),
                binary: type,
                "a"
            ),
            row(
                type,
                #""data":"a\n\"b""#,
                .text("a\n\"b"),
                .text("a\n\"b"),
                binary: type,
                "a\n\"b"
            ),
            row(
                type,
                #""data":"{\"a\":1}""#,
                json(#"{"a":1}"#),
                .text(#"{"a":1}"#),
                binary: type,
                #"{"a":1}"#
            ),
            row(type, #""data":"""#, .text(""), .text(""), binary: type, ""),
        ]
    }

    static let rows = untyped + typedAsJSON + typedOtherwise

    private static func event(_ row: Row, _ data: CloudEventData) -> CloudEvent {
        CloudEvent(type: "t", source: "s", id: "i", dataContentType: row.contentType, data: data)
    }

    private static func text(_ row: Row) -> String {
        let type = row.contentType.map { #","datacontenttype":"\#($0)""# } ?? ""
        return #"{"specversion":"1.0","id":"i","source":"s","type":"t"\#(type),\#(row.member)}"#
    }

    @Test("what is written", arguments: rows.indices)
    func writes(_ index: Int) throws {
        let row = Self.rows[index]
        guard let data = row.written else { return }
        let json = try Self.event(row, data).jsonFormat()
        #expect(String(decoding: json, as: UTF8.self) == Self.text(row))
    }

    @Test("what is read", arguments: rows.indices)
    func reads(_ index: Int) throws {
        let row = Self.rows[index]
        let event = try CloudEvent(jsonFormat: Array(Self.text(row).utf8))
        #expect(event == Self.event(row, row.read))
    }

    @Test("what becomes of it in binary mode", arguments: rows.indices)
    func toBinary(_ index: Int) throws {
        let row = Self.rows[index]
        var fields = HTTPFields()
        let event = try CloudEvent(jsonFormat: Array(Self.text(row).utf8))
        let body = try event.encode(into: &fields)
        #expect(fields["content-type"] == row.transportType)
        #expect(String(decoding: body, as: UTF8.self) == row.body)
    }

    @Test("from JSON to binary mode and back the payload stays", arguments: rows.indices)
    func throughBinary(_ index: Int) throws {
        let row = Self.rows[index]
        var fields = HTTPFields()
        let event = try CloudEvent(jsonFormat: Array(Self.text(row).utf8))
        let body = try event.encode(into: &fields)
        let received = try CloudEvent(httpFields: fields, body: body)
        let again = try CloudEvent(jsonFormat: try received.jsonFormat())
        #expect((again.data?.bytes ?? []) == (event.data?.bytes ?? []))
        #expect(again.dataContentType == row.transportType)
    }

    @Test(
        "what is refused",
        arguments: [
            (#""data":1,"data_base64":"MQ==""#, CloudEventError.DataFault.bothMembers),
            (#""data":null,"data_base64":"MQ==""#, .bothMembers),
            (#""data_base64":"MQ""#, .base64Invalid), (#""data_base64":"M===""#, .base64Invalid),
            (#""data_base64":"M Q=""#, .base64Invalid), (#""data_base64":"_w==""#, .base64Invalid),
            (#""data_base64":[49]"#, .base64Invalid), (#""data_base64":true"#, .base64Invalid),
            (#""datacontenttype":"text/plain","data":1"#, .notString),
            (#""datacontenttype":"text/plain","data":["a"]"#, .notString),
            (#""data":{"a":"b"},"datacontenttype":"application/xml""#, .notString),
        ]
    )
    func refuses(_ members: String, _ fault: CloudEventError.DataFault) {
        #expect(throws: CloudEventError.dataInvalid(fault)) {
            try JSONFormatTests.read(members)
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

import Bytes
import Testing

@testable import CloudEvents

@Suite("Events in the JSON format (JSON format 1.0.2)")
struct JSONFormatTests {
    /// An object with the required attributes and `members`.
    static func json(_ members: String) -> [UInt8] {
        let comma = members.isEmpty ? "" : ","
        return Array(
            #"{"specversion":"1.0","id":"i","source":"s","type":"t"\#(comma)\#(members)}"#.utf8
        )
    }

    static func read(_ members: String) throws -> CloudEvent {
        try CloudEvent(jsonFormat: self.json(members))
    }

    static let values: [(member: String, value: CloudEventValue?)] = [
        (#""x":true"#, true), (#""x":false"#, false), (#""x":0"#, 0), (#""x":-0"#, 0),
        (#""x":-2147483648"#, .integer(.min)), (#""x":2147483647"#, .integer(.max)),
        (#""x":"""#, ""), (#""x":"1""#, "1"), (#""x":null"#, nil), (#""\u0078" : "a" "#, "a"),
        (#""x":"\u00e9\ud83d\ude00""#, "é😀"),
        (#""x":"é😀""#, "é😀"), (#""x":"a\"b\\c\/d""#, #"a"b\c/d"#),
    ]

    @Test("values of attributes have their JSON types (section 2.2)", arguments: values)
    func readsValue(_ member: String, _ value: CloudEventValue?) throws {
        #expect(try Self.read(member).extensions["x"] == value)
    }

    static let attributes: [(member: String, error: CloudEventError)] = [
        (#""x":2147483648"#, .attributeInvalid("x", .notInteger)),
        (#""x":-2147483649"#, .attributeInvalid("x", .notInteger)),
        (#""x":1.0"#, .attributeInvalid("x", .notInteger)),
        (#""x":1e2"#, .attributeInvalid("x", .notInteger)),
        (#""x":{}"#, .attributeInvalid("x", .typeInvalid)),
        (#""x":[1]"#, .attributeInvalid("x", .typeInvalid)),
        (#""subject":1"#, .attributeInvalid("subject", .typeInvalid)),
        (#""time":true"#, .attributeInvalid("time", .typeInvalid)),
        (#""time":"noon""#, .attributeInvalid("time", .notTimestamp)),
        (#""subject":"""#, .attributeInvalid("subject", .empty)),
        (#""subject":"\u0000""#, .attributeInvalid("subject", .characterNotAllowed)),
        (#""dataschema":"x""#, .attributeInvalid("dataschema", .notURI)),
        (#""datacontenttype":"x""#, .attributeInvalid("datacontenttype", .notMediaType)),
        (#""X":"1""#, .attributeInvalid("X", .nameInvalid)),
        (#""ID":"1""#, .attributeInvalid("ID", .nameInvalid)),
        (#""a-b":null"#, .attributeInvalid("a-b", .nameInvalid)),
        (#""":"1""#, .attributeInvalid("", .nameInvalid)),
        (#""id":"2""#, .attributeDuplicated("id")),
        (#""\u0069d":"2""#, .attributeDuplicated("id")),
        (#""id":null"#, .attributeDuplicated("id")),
        (#""x":1,"x":1"#, .attributeDuplicated("x")),
        (#""x":null,"x":1"#, .attributeDuplicated("x")),
        (#""x":1,"x":null"#, .attributeDuplicated("x")),
        (#""subject":null,"subject":null"#, .attributeDuplicated("subject")),
        (#""data":1,"data":1"#, .attributeDuplicated("data")),
        (#""data_base64":null,"data_base64":null"#, .attributeDuplicated("data_base64")),
        (#""data":1,"data_base64":"eA==""#, .dataInvalid(.bothMembers)),
        (#""data_base64":"eA==","data":null"#, .dataInvalid(.bothMembers)),
        (#""data_base64":"eA""#, .dataInvalid(.base64Invalid)),
        (#""data_base64":1"#, .dataInvalid(.base64Invalid)),
        (#""data_base64":{}"#, .dataInvalid(.base64Invalid)),
        (#""datacontenttype":"text/plain","data":{}"#, .dataInvalid(.notString)),
        (#""data":1,"datacontenttype":"text/plain""#, .dataInvalid(.notString)),
        (
            #""datacontenttype":"text/plain","data":"\ud800""#,
            .jsonInvalid(.surrogateUnpaired, offset: 93)
        ),
    ]

    @Test("refuses what the format does not allow", arguments: attributes)
    func refuses(_ member: String, _ error: CloudEventError) {
        #expect(throws: error) { try Self.read(member) }
    }

    @Test("each required attribute is missed", arguments: ["specversion", "id", "source", "type"])
    func missing(_ name: String) throws {
        let all = ["specversion": "1.0", "id": "i", "source": "s", "type": "t"]
        let members = all.filter { $0.key != name }.map { #""\#($0.key)":"\#($0.value)""# }
        for extra in [[], ["\"\(name)\":null"]] {
            let json = "{" + (members + extra).joined(separator: ",") + "}"
            #expect(throws: CloudEventError.attributeMissing(name)) {
                try CloudEvent(jsonFormat: Array(json.utf8))
            }
        }
    }

    static let dataIn: [(members: String, type: String?, data: CloudEventData?)] = [
        ("", nil, nil),
        (#""data":{"a":[1, 2]}"#, nil, .json(Array(#"{"a":[1, 2]}"#.utf8))),
        (#""data":"text""#, nil, .json(Array(#""text""#.utf8))),
        (#""data":null"#, nil, .json(Array("null".utf8))),
        (#""data_base64":"AP8=""#, nil, .binary([0, 0xFF])),
        (#""data_base64":"""#, nil, .binary([])),
        (#""data_base64":null"#, nil, nil),
        (#""data_base64":null,"data":1"#, nil, .json([0x31])),
        (#""datacontenttype":null,"data":1"#, nil, .json([0x31])),
        (
            #""datacontenttype":"application/json","data":"{\"a\":1}""#, "application/json",
            .json(Array(#""{\"a\":1}""#.utf8))
        ),
        (
            #""datacontenttype":"a/b+json;x=y","data":1.5e3"#, "a/b+json;x=y",
            .json(Array("1.5e3".utf8))
        ),
        (#""datacontenttype":"text/json","data_base64":"MQ==""#, "text/json", .json([0x31])),
        (#""data":"\u00e9\n<","datacontenttype":"text/xml""#, "text/xml", .text("é\n<")),
        (#""datacontenttype":"text/xml","data":null"#, "text/xml", nil),
        (#""datacontenttype":"text/xml","data_base64":"/w==""#, "text/xml", .binary([0xFF])),
    ]

    @Test("reading data follows the table of section 3.1", arguments: dataIn.indices)
    func readsData(_ index: Int) throws {
        let (members, type, data) = Self.dataIn[index]
        let event = try Self.read(members)
        #expect(event.data == data)
        #expect(event.dataContentType == type)
    }

    static let dataOut: [(type: String?, data: CloudEventData?, written: String)] = [
        (nil, nil, ""),
        (nil, .json(Array(#"{"a": 1}"#.utf8)), #","data":{"a": 1}"#),
        (nil, .json(Array("nul".utf8)), #","data_base64":"bnVs""#),
        (nil, .binary(Array("1".utf8)), #","data_base64":"MQ==""#),
        (nil, .text("1"), #","data_base64":"MQ==""#),
        ("application/json", .json(Array("null".utf8)), #","data":null"#),
        ("application/json", .binary(Array("[1]".utf8)), #","data":[1]"#),
        ("application/json", .text(#""a""#), #","data":"a""#),
        ("application/json", .binary([0xFF]), #","data_base64":"/w==""#),
        ("application/json", .json(Array("1,\"x\":2".utf8)), #","data_base64":"MSwieCI6Mg==""#),
        (
            "application/json", .json(Array("{\"a\":\"\u{1}\"}".utf8)),
            #","data_base64":"eyJhIjoiASJ9""#
        ),
        ("application/json", .json([]), #","data_base64":"""#),
        ("x/y+json", .json(Array(" 1\n".utf8)), ",\"data\": 1\n"),
        ("text/plain", .text("a\"é\n"), #","data":"a\"é\n""#),
        ("text/plain", .json(Array("{}".utf8)), #","data":"{}""#),
        ("text/plain", .json([0xFF]), #","data_base64":"/w==""#),
        ("text/plain", .binary(Array("a".utf8)), #","data_base64":"YQ==""#),
    ]

    @Test("writing data follows the table of section 3.1", arguments: dataOut.indices)
    func writesData(_ index: Int) throws {
        let (type, data, written) = Self.dataOut[index]
        let event = CloudEvent(
            type: "t",
            source: "s",
            id: "i",
            dataContentType: type,
            data: data
        )
        let typeMember = type.map { #","datacontenttype":"\#($0)""# } ?? ""
        let start = #"{"specversion":"1.0","id":"i","source":"s","type":"t""#
        let json = String(decoding: try event.jsonFormat(), as: UTF8.self)
        #expect(json == start + typeMember + written + "}")
    }

    @Test("writing attributes: types, order and escapes")
    func writesAttributes() throws {
        let event = CloudEvent(
            type: "t\"",
            source: "s",
            id: "i\\",
            subject: "é\u{1}\n",
            time: Timestamp(secondsSinceEpoch: 0),
            dataSchema: "urn:x",
            extensions: ["z": true, "a": -5, "b": .binary([0xFF]), "c": .uri("x:y")]
        )
        let json = String(decoding: try event.jsonFormat(), as: UTF8.self)
        let expected = #"""
            {"specversion":"1.0","id":"i\\","source":"s","type":"t\"","subject":"é\u0001\n",\#
            "time":"1970-01-01T00:00:00Z","dataschema":"urn:x","z":true,"a":-5,"b":"/w==",\#
            "c":"x:y"}
            """#
        #expect(json == expected)
    }

    @Test("JSON data without a type becomes application/json in binary mode (section 3.1)")
    func toBinary() throws {
        #expect(try Self.read(#""data":"a""#).transportContentType == "application/json")
        #expect(try Self.read(#""data":"a""#).data?.string == #""a""#)
        #expect(try Self.read(#""data_base64":"YQ==""#).transportContentType == nil)
    }

    @Test("batches: empty, several, one broken, at the limit and past it (section 4)")
    func batches() throws {
        let one = String(decoding: Self.json(""), as: UTF8.self)
        func batch(_ json: String, _ limits: CloudEventLimits = .init()) throws -> Int {
            try CloudEvent.batch(jsonFormat: Array(json.utf8), limits: limits).count
        }
        #expect(try batch(" [ ] ") == 0)
        #expect(try batch("[\(one) , \(one)]") == 2)
        #expect(throws: CloudEventError.self) { try batch("[\(one),]") }
        #expect(throws: CloudEventError.self) { try batch("[\(one)") }
        #expect(throws: CloudEventError.self) { try batch(one) }
        #expect(throws: CloudEventError.attributeMissing("specversion")) {
            try batch("[\(one),{}]")
        }
        var limits = CloudEventLimits()
        limits.batchEventsMax = 2
        #expect(try batch("[\(one),\(one)]", limits) == 2)
        #expect(throws: CloudEventError.batchTooLong(limit: 2)) {
            try batch("[\(one),\(one),\(one)]", limits)
        }
        #expect(String(decoding: try CloudEvent.jsonFormat(batch: []), as: UTF8.self) == "[]")
    }

    @Test("size, attributes and nulls: at the limit and past it")
    func limits() throws {
        let json = Self.json(#""a":1,"b":null"#)
        var limits = CloudEventLimits()
        limits.formatBytesMax = json.count
        limits.attributesMax = 1
        _ = try CloudEvent(jsonFormat: json, limits: limits)
        limits.formatBytesMax -= 1
        #expect(throws: CloudEventError.formatTooLarge(limitBytes: json.count - 1)) {
            try CloudEvent(jsonFormat: json, limits: limits)
        }
        limits = CloudEventLimits()
        limits.attributesMax = 1
        for members in [#""a":1,"b":1"#, #""a":null,"b":null"#] {
            #expect(throws: CloudEventError.attributesTooMany(limit: 1)) {
                try CloudEvent(jsonFormat: Self.json(members), limits: limits)
            }
        }
    }

    @Test("the notification that MinIO writes is carried byte for byte")
    func minio() throws {
        let bytes = try Fixture.bytes("minio-event.json")
        let event = CloudEvent(
            type: "dev.knative.kafka.event",
            source: "/apis/v1/namespaces/exam/kafkasources/s#t",
            id: "partition:0/offset:0",
            data: .json(bytes)
        )
        let back = try CloudEvent(jsonFormat: try event.jsonFormat())
        #expect(back.data?.string == String(decoding: bytes, as: UTF8.self).trimmed)
    }
}

extension String {
    /// Without spaces and line ends behind the last character.
    fileprivate var trimmed: String {
        var text = Substring(self)
        while text.last?.isWhitespace == true { text.removeLast() }
        return String(text)
    }
}

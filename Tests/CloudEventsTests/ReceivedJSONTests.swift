// SPDX-License-Identifier: Apache-2.0

import HTTP
import TestSupport
import Testing

@testable import CloudEvents

@Suite("An event that came as JSON keeps lines, and is the same as one made of values")
struct ReceivedJSONTests {
    static func read(_ members: String) throws -> CloudEvent {
        try CloudEvent(jsonFormat: JSONFormatTests.json(members))
    }

    @Test("whatever the event")
    func random() throws {
        var generator = EventGenerator(SeededGenerator(defaultSeed: 21))
        var kept = 0
        for round in 0..<400 {
            let event = try CloudEvent(jsonFormat: try generator.event().jsonFormat())
            kept += event.storage.id.received.isPresent ? 1 : 0
            let comment: Comment = "seed \(SeededGenerator.seed), round \(round)"
            try ReceivedEventTests.requireSame(
                event,
                ReceivedEventTests.copied(event),
                comment
            )
        }
        #expect(kept > 20)
    }

    /// Values of `subject`, and whether a line can hold them.
    static let texts: [(json: String, text: String, isKept: Bool)] = [
        ("a", "a", true), ("partition:0#42", "partition:0#42", true), ("100%", "100%", true),
        ("%20", "%20", true), ("a b", "a b", true), (" a", " a", false), ("a ", "a ", false),
        (" ", " ", false), (#"\u0061"#, "a", false), (#"a\"b"#, "a\"b", false),
        ("é", "é", false),
    ]

    @Test("a text goes on as it was, in either coding", arguments: texts)
    func keepsText(_ json: String, _ text: String, _ isKept: Bool) throws {
        let event = try Self.read(#""subject":"\#(json)","x":"\#(json)""#)
        #expect(event.storage.subject.received.isPresent == isKept)
        #expect(event.storage.receivedExtensions.count == (isKept ? 1 : 0))
        #expect(event.subject == text && event.extensions["x"] == .string(text))
        try ReceivedEventTests.requireSame(event, ReceivedEventTests.copied(event), "\(text)")
        #expect(try CloudEvent(jsonFormat: try event.jsonFormat()) == event)
    }

    @Test("the longest text that becomes a line, and one byte more")
    func longTexts() throws {
        for (length, isKept) in [(4096, true), (4097, false)] {
            let text = String(repeating: "a", count: length)
            let event = try Self.read(#""subject":"\#(text)""#)
            #expect(event.storage.subject.received.isPresent == isKept)
            #expect(event.subject == text)
        }
    }

    @Test("every attribute of the specification that is plain")
    func attributes() throws {
        let event = try Self.read(
            #"""
            "subject":"u","time":"2026-01-02T15:04:05.670Z","dataschema":"urn:x",
            "datacontenttype":"text/plain; charset=utf-8","data":"d"
            """#
        )
        let storage = event.storage
        for attribute in [
            storage.id, storage.source, storage.type, storage.subject, storage.timeText,
            storage.dataSchema, storage.dataContentType,
        ] {
            #expect(attribute.received.isPresent)
        }
        var fields = HTTPFields()
        let body = try event.encode(into: &fields)
        #expect(try CloudEvent(httpFields: fields, body: body).timeText == event.timeText)
        #expect(fields["content-type"] == "text/plain; charset=utf-8")
    }

    @Test(
        "an event as data is no header of another event",
        arguments: ["application/cloudevents+json", "Application/CloudEvents-Batch+json"]
    )
    func eventAsData(_ type: String) throws {
        let event = try Self.read(#""datacontenttype":"\#(type)","data":{}"#)
        #expect(!event.storage.dataContentType.received.isPresent && event.hasEventAsData)
        var fields = HTTPFields()
        _ = try event.encode(into: &fields)
        #expect(fields["content-type"] == MediaType.event)
    }

    @Test("extensions: as many as may be lines, one more, and one of another type behind them")
    func extensions() throws {
        let count = ReceivedExtensions.countMax
        let members = (0...count).map { #""x\#($0)":"\#($0)""# }
        let kept = try Self.read(members[..<count].joined(separator: ","))
        #expect(kept.storage.receivedExtensions.count == count)
        for more in [members[count], #""flag":true"#, #""x\#(count)":"é""#] {
            let event = try Self.read((members[..<count] + [more]).joined(separator: ","))
            #expect(event.storage.receivedExtensions.count == 0)
            #expect(event.extensions.count == count + 1)
            #expect(event.extensions["x3"] == "3")
        }
    }

    @Test(
        "a name that was a line is not used twice",
        arguments: [#""x":"1""#, #""x":1"#, #""x":null"#, #""\u0078":"1""#, #""x":"é""#]
    )
    func duplicates(_ again: String) {
        #expect(throws: CloudEventError.attributeDuplicated("x")) {
            try Self.read(#""x":"0","# + again)
        }
    }

    @Test("data that was read as JSON is sent on as it came; what is set later is looked at")
    func data() throws {
        var event = try Self.read(#""data":{"a" : [1 ]}"#)
        #expect(event.storage.isDataKnownJSON)
        let copy = event
        #expect(try Self.text(event).hasSuffix(#","data":{"a" : [1 ]}}"#))
        event.data = .json(Array("nul".utf8))
        #expect(!event.storage.isDataKnownJSON && copy.storage.isDataKnownJSON)
        #expect(try Self.text(event).hasSuffix(#","data_base64":"bnVs"}"#))
        event = copy
        event.subject = "new"
        #expect(event.storage.isDataKnownJSON)
        event.dataContentType = "text/plain"
        #expect(try Self.text(event).hasSuffix(#""data":"{\"a\" : [1 ]}"}"#))
    }

    @Test(
        "data that was not read as JSON is looked at before it is sent as such",
        arguments: [#""data_base64":"bnVs""#, #""data":"nul""#]
    )
    func otherData(_ member: String) throws {
        var event = try Self.read(member + #","datacontenttype":"text/plain""#)
        #expect(!event.storage.isDataKnownJSON)
        event.dataContentType = "application/json"
        #expect(try Self.text(event).hasSuffix(#","data_base64":"bnVs"}"#))
    }

    @Test("in structured mode an event goes on as it came, until it is changed")
    func structured() throws {
        let text = JSONFormatTests.json(#" "y" : "\u0061","data":[1 ]"#)
        var event = try CloudEvent(jsonFormat: text)
        let copy = event
        #expect(try Self.structured(event) == text)
        #expect(try event.jsonFormat() != text)
        event.extensions["y"] = "a"
        #expect(try Self.structured(event) == event.jsonFormat())
        #expect(try Self.structured(copy) == text && copy == event)
        // Nobody else holds this one, so that it is changed in place.
        var alone = try CloudEvent(jsonFormat: text)
        alone.subject = "new"
        #expect(try CloudEvent(jsonFormat: try Self.structured(alone)).subject == "new")
    }

    @Test("a text is kept up to its limit, and only one that is the event and nothing else")
    func keptTexts() throws {
        let max = EventStorage.jsonTextBytesMax
        let start = JSONFormatTests.json(#""data":"""#).count
        for length in [max, max + 1] {
            let data = String(repeating: "d", count: length - start)
            let text = JSONFormatTests.json("\"data\":\"\(data)\"")
            let event = try CloudEvent(jsonFormat: text)
            #expect(event.storage.jsonText.isEmpty == (length > max))
            #expect(try Self.structured(event) == text)
        }
        for null in ["subject", "x", "data_base64"] {
            let event = try CloudEvent(jsonFormat: JSONFormatTests.json("\"\(null)\":null"))
            #expect(try Self.structured(event) == event.jsonFormat())
        }
        let text = JSONFormatTests.json("")
        for (before, after) in [(" ", ""), ("", " "), ("\n", "\n")] {
            let padded = Array(before.utf8) + text + Array(after.utf8)
            let event = try CloudEvent(jsonFormat: padded)
            #expect(try Self.structured(event) == event.jsonFormat())
        }
        for event in try CloudEvent.batch(jsonFormat: Array("[".utf8) + text + Array("]".utf8)) {
            #expect(event.storage.jsonText.isEmpty)
        }
    }

    private static func structured(_ event: CloudEvent) throws -> [UInt8] {
        var fields = HTTPFields()
        return try event.encode(into: &fields, mode: .structured)
    }

    private static func text(_ event: CloudEvent) throws -> String {
        String(decoding: try event.jsonFormat(), as: UTF8.self)
    }
}

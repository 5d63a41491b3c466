// SPDX-License-Identifier: Apache-2.0

import HTTP
import Testing

@testable import CloudEvents

@Suite("Conformance: limits and batches")
struct LimitConformanceTests {
    private static let batchType: HTTPFields = [
        "content-type": "application/cloudevents-batch+json; charset=UTF-8"
    ]

    private static func event(attributes count: Int) -> CloudEvent {
        var event = CloudEvent(type: "t", source: "s", id: "i")
        for index in 0..<count { event.extensions["x\(index)"] = "v" }
        return event
    }

    @Test("an event of 64 KiB passes in every mode (CloudEvents 1.0.2 section 5)")
    func sixtyFourKiB() throws {
        let data = CloudEventData.json(
            Array(#"{"a":"\#(String(repeating: "x", count: 64 * 1024))"}"#.utf8)
        )
        let event = CloudEvent(
            type: "t",
            source: "s",
            id: "i",
            dataContentType: "application/json",
            data: data
        )
        for mode in [CloudEventContentMode.binary, .structured] {
            var fields = HTTPFields()
            let body = try event.encode(into: &fields, mode: mode)
            #expect(try CloudEvent(httpFields: fields, body: body) == event)
            let message = try event.kafkaMessage(mode: mode)
            #expect(try CloudEvent(kafkaHeaders: message.headers, value: message.value) == event)
        }
        let batch = try CloudEvent.jsonFormat(batch: [event, event])
        #expect(try CloudEvent.batch(httpFields: Self.batchType, body: batch) == [event, event])
    }

    @Test("attributes, as many as there may be and one more, in every mode")
    func attributesMax() throws {
        let limit = CloudEventLimits().attributesMax
        for (count, isAllowed) in [(limit, true), (limit + 1, false)] {
            let event = Self.event(attributes: count)
            for mode in [CloudEventContentMode.binary, .structured] {
                var fields = HTTPFields()
                let body = try event.encode(into: &fields, mode: mode)
                let message = try event.kafkaMessage(mode: mode)
                let readings = [
                    Result { try CloudEvent(httpFields: fields, body: body) },
                    Result { try CloudEvent(kafkaHeaders: message.headers, value: message.value) },
                ]
                for reading in readings {
                    if isAllowed {
                        #expect(try reading.get() == event)
                    } else {
                        #expect(throws: CloudEventError.attributesTooMany(limit: limit)) {
                            try reading.get()
                        }
                    }
                }
            }
        }
    }

    @Test("the format, as long as it may be and one byte more")
    func formatBytesMax() throws {
        let limit = CloudEventLimits().formatBytesMax
        var json = JSONFormatTests.json("")
        json.append(contentsOf: repeatElement(0x20, count: limit - json.count))
        #expect(try CloudEvent(jsonFormat: json).id == "i")
        json.append(0x20)
        #expect(throws: CloudEventError.formatTooLarge(limitBytes: limit)) {
            try CloudEvent(jsonFormat: json)
        }
        #expect(throws: CloudEventError.formatTooLarge(limitBytes: limit)) {
            try CloudEvent.batch(httpFields: Self.batchType, body: json)
        }
    }

    @Test(
        "data nested as deep as it may be, and one deeper",
        arguments: [("[", "]"), ("{\"a\":", "}")]
    )
    func nestingMax(_ opening: String, _ closing: String) throws {
        func nested(_ depth: Int) -> String {
            let inner = opening == "[" ? "" : "0"
            return String(repeating: opening, count: depth) + inner
                + String(repeating: closing, count: depth)
        }
        let limit = CloudEventLimits.nestingMax
        let event = try JSONFormatTests.read(#""data":\#(nested(limit))"#)
        #expect(event.data?.string == nested(limit))
        let error = #expect(throws: CloudEventError.self) {
            try JSONFormatTests.read(#""data":\#(nested(limit + 1))"#)
        }
        guard case .jsonInvalid(.nestingTooDeep, _) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        // What cannot be written as JSON is still carried, as bytes.
        let data = CloudEventData.json(Array(nested(limit + 1).utf8))
        let deep = CloudEvent(type: "t", source: "s", id: "i", data: data)
        #expect(try CloudEvent(jsonFormat: try deep.jsonFormat()).data?.bytes == data.bytes)
    }

    @Test("batches of as many events as there may be, and of one more")
    func batchEventsMax() throws {
        let limit = CloudEventLimits().batchEventsMax
        let events = (0..<limit).map { CloudEvent(type: "t", source: "s", id: "\($0)") }
        let body = try CloudEvent.jsonFormat(batch: events)
        #expect(try CloudEvent.batch(httpFields: Self.batchType, body: body) == events)
        let more = try CloudEvent.jsonFormat(
            batch: events + [CloudEvent(type: "t", source: "s", id: "x")]
        )
        let error = CloudEventError.batchTooLong(limit: limit)
        #expect(error.httpStatus == 413)
        #expect(throws: error) { try CloudEvent.batch(httpFields: Self.batchType, body: more) }
    }

    @Test(
        "content types of batches",
        arguments: [
            ("application/cloudevents-batch+json", true),
            ("APPLICATION/CLOUDEVENTS-BATCH+JSON;charset=\"utf-8\"", true),
            ("application/cloudevents-batch+json; charset=utf-16", false),
            ("application/cloudevents-batch", false), ("application/cloudevents-batch+xml", false),
            ("application/cloudevents+json", false), ("application/json", false),
        ]
    )
    func batchTypes(_ type: String, _ isBatch: Bool) {
        let fields: HTTPFields = ["content-type": type]
        let events = try? CloudEvent.batch(httpFields: fields, body: Array("[]".utf8))
        #expect(events == (isBatch ? [] : nil))
    }

    @Test(
        "what is no batch",
        arguments: ["", "{}", "null", "[", "[]]", "[null]", "[1]", "[[]]", "[{}]", "[,]"]
    )
    func badBatches(_ body: String) {
        #expect(throws: CloudEventError.self) {
            try CloudEvent.batch(httpFields: Self.batchType, body: Array(body.utf8))
        }
    }

    @Test("all events of a batch have the same version (JSON format section 4)")
    func batchVersions() throws {
        let json = String(decoding: JSONFormatTests.json(""), as: UTF8.self)
        let other = json.replacing("\"1.0\"", with: "\"0.3\"")
        #expect(throws: CloudEventError.specVersionUnsupported("0.3")) {
            try CloudEvent.batch(
                httpFields: Self.batchType,
                body: Array("[\(json),\(other)]".utf8)
            )
        }
    }

    @Test("every beginning of a batch is refused")
    func batchPrefixes() throws {
        let body = try CloudEvent.jsonFormat(
            batch: [
                CloudEvent(type: "t", source: "s", id: "é", data: .json(Array("[1]".utf8))),
                CloudEvent(type: "t", source: "s", id: "2", data: .binary([1])),
            ]
        )
        for count in body.indices {
            #expect(throws: CloudEventError.self, "\(count) bytes") {
                try CloudEvent.batch(httpFields: Self.batchType, body: Array(body.prefix(count)))
            }
        }
    }

    @Test(
        "every scalar that an attribute may hold comes back from a header",
        arguments: CloudEventHeaderCoding.allCases
    )
    func everyScalar(_ coding: CloudEventHeaderCoding) throws {
        var refusedCount = 0
        for plane: UInt32 in 0...16 {
            for start in stride(from: plane << 16, to: (plane + 1) << 16, by: 256) {
                var text = String.UnicodeScalarView("x".unicodeScalars)
                for value in start..<start + 256 {
                    guard let scalar = Unicode.Scalar(value) else { continue }
                    guard AttributeRulesTests.isAllowed(value) else {
                        refusedCount += 1
                        continue
                    }
                    text.append(scalar)
                }
                text.append("x")
                let value = try #require(HeaderCodingTests.encode(String(text), coding))
                let decoded = try HeaderCodingTests.decode(value.utf8, coding)
                #expect(Array(decoded.utf8) == Array(String(text).utf8), "from \(start)")
                guard coding == .strict else { continue }
                let isPlain = value.utf8.allSatisfy { 0x21...0x7E ~= $0 && $0 != 0x22 }
                #expect(isPlain, "from \(start)")
            }
        }
        // C0, DEL and C1, and 66 noncharacters.
        #expect(refusedCount == 32 + 33 + 66)
    }
}

// SPDX-License-Identifier: Apache-2.0

import Bytes
import CloudEvents
import Testing

@testable import event_display

@Suite("Events in the words of Knative's event_display")
struct EventTextTests {
    private func text(_ event: CloudEvent) -> String {
        String(decoding: EventText.make(event), as: UTF8.self)
    }

    @Test("an event with everything")
    func everything() {
        let event = CloudEvent(
            type: "com.example.order",
            source: "/shop",
            id: "42",
            subject: "tea",
            time: Timestamp(rfc3339: "2026-01-02T16:04:05.123456789+01:00"),
            dataContentType: "application/json; charset=utf-8",
            dataSchema: "https://example.com/order",
            extensions: [
                "traceparent": .string("00-1"), "count": .integer(7), "hot": .boolean(true),
            ],
            data: .json(Array("{\"item\":\"tea\",\"amount\":2}".utf8))
        )
        #expect(
            self.text(event) == """
                ☁️  cloudevents.Event
                Context Attributes,
                  specversion: 1.0
                  type: com.example.order
                  source: /shop
                  subject: tea
                  id: 42
                  time: 2026-01-02T15:04:05.123456789Z
                  dataschema: https://example.com/order
                  datacontenttype: application/json; charset=utf-8
                Extensions,
                  count: 7
                  hot: true
                  traceparent: 00-1
                Data,
                  {
                    "item": "tea",
                    "amount": 2
                  }

                """
        )
    }

    @Test("an event with nothing")
    func minimal() {
        let event = CloudEvent(type: "t", source: "s", id: "i")
        #expect(
            self.text(event) == """
                ☁️  cloudevents.Event
                Context Attributes,
                  specversion: 1.0
                  type: t
                  source: s
                  id: i

                """
        )
    }

    static let payloads: [(CloudEventData, String?, String)] = [
        (.json(Array("{\"a\":1}".utf8)), "application/json", "Data,\n  {\n    \"a\": 1\n  }\n"),
        (.json(Array("{\"a\":1}".utf8)), "APPLICATION/JSON", "Data,\n  {\n    \"a\": 1\n  }\n"),
        (.binary(Array("[1]".utf8)), "application/json", "Data,\n  [\n    1\n  ]\n"),
        (.json(Array("{\"a\":1}".utf8)), "application/vnd.x+json", "Data,\n  {\"a\":1}\n"),
        (.json(Array("{\"a\":1}".utf8)), "text/json", "Data,\n  {\"a\":1}\n"),
        (.json(Array("{broken".utf8)), "application/json", "Data,\n  {broken\n"),
        (.text("hello"), "text/plain", "Data,\n  hello\n"),
        (.binary(Array("<a/>".utf8)), "text/xml", "Data,\n  <a/>\n"),
        (.binary(Array("{\"a\":1}".utf8)), nil, "Data,\n  {\"a\":1}\n"),
        (.binary([]), nil, "Data,\n  \n"),
    ]

    @Test("payloads", arguments: payloads)
    func payload(_ data: CloudEventData, _ type: String?, _ end: String) {
        let event = CloudEvent(type: "t", source: "s", id: "i", dataContentType: type, data: data)
        let text = self.text(event)
        #expect(text.hasSuffix("\n" + end), "\(text)")
    }

    @Test("bytes that are no text are written as they are")
    func bytes() {
        let event = CloudEvent(
            type: "t",
            source: "s",
            id: "i",
            dataContentType: "image/png",
            data: .binary([0x89, 0x50, 0xFF])
        )
        let end = Array("Data (binary),\n  ".utf8) + [0x89, 0x50, 0xFF, 0x0A]
        #expect(EventText.make(event).suffix(end.count).elementsEqual(end))
    }
}

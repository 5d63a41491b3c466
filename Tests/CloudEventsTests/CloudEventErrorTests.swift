// SPDX-License-Identifier: Apache-2.0

import CloudEvents
import Testing

@Suite("Errors speak to the sender")
struct CloudEventErrorTests {
    static let all: [(error: CloudEventError, status: Int, part: String)] = [
        (.notCloudEvent, 415, "ce-specversion"),
        (.formatUnsupported(contentType: "application/cloudevents+avro"), 415, "+avro"),
        (.specVersionUnsupported("0.3"), 400, "\"0.3\""),
        (.attributeMissing("source"), 400, "source is missing"),
        (.attributeDuplicated("id"), 400, "\"id\""),
        (.attributeInvalid("time", .notTimestamp), 400, "RFC 3339"),
        (.attributeInvalid("Bad-Name", .nameInvalid), 400, "a-z"),
        (.attributesTooMany(limit: 128), 400, "128"),
        (.jsonInvalid(.endUnexpected, offset: 17), 400, "at byte 17"),
        (.dataInvalid(.bothMembers), 400, "data_base64"),
        (.formatTooLarge(limitBytes: 9), 413, "9 bytes"),
        (.batchTooLong(limit: 3), 413, "3 events"),
    ]

    @Test("status and sentence", arguments: all)
    func speaks(_ error: CloudEventError, _ status: Int, _ part: String) {
        #expect(error.httpStatus == status)
        #expect(error.description.contains(part))
    }

    @Test("text from outside is cut and made printable")
    func harmless() {
        let nasty = "a\r\nSet-Cookie: x\u{0}é" + String(repeating: "x", count: 1000)
        let errors: [CloudEventError] = [
            .attributeInvalid(nasty, .nameInvalid), .attributeDuplicated(nasty),
            .specVersionUnsupported(nasty), .formatUnsupported(contentType: nasty),
        ]
        for error in errors {
            #expect(error.description.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F })
            #expect(error.description.count < 400)
        }
    }
}

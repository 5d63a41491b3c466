// SPDX-License-Identifier: Apache-2.0

import Bytes
import HTTP
import Testing

@testable import CloudEvents

@Suite("Short cuts give the same answers as the long way")
struct FastPathTests {
    @Test("printable ASCII: all 256 byte values at every place of every length up to 17")
    func printable() {
        for length in 1...17 {
            for place in 0..<length {
                for byte in UInt8.min...UInt8.max {
                    var bytes = [UInt8](repeating: UInt8(ascii: "a"), count: length)
                    bytes[place] = byte
                    let holds = PrintableASCII.holds(
                        bytes.span,
                        without: UInt8(ascii: " "),
                        UInt8(ascii: "%"),
                        UInt8(ascii: "\"")
                    )
                    let expected = 0x20..<0x7F ~= byte && !" %\"".utf8.contains(byte)
                    #expect(holds == expected, "byte \(byte) at \(place) of \(length)")
                }
            }
        }
    }

    @Test("printable ASCII: two odd neighbours do not hide each other")
    func neighbours() {
        let odd: [UInt8] = [
            0, 0x1F, 0x20, 0x21, 0x24, 0x25, 0x26, 0x7E, 0x7F, 0x80, 0x81, 0xA5, 0xFF,
        ]
        for first in odd {
            for second in odd {
                let bytes = [UInt8](repeating: 0x41, count: 3) + [first, second, 0x41, 0x41, 0x41]
                let holds = PrintableASCII.holds(bytes.span, without: 0x25, 0x25, 0x25)
                let expected = [first, second].allSatisfy { 0x20..<0x7F ~= $0 && $0 != 0x25 }
                #expect(holds == expected, "\(first) \(second)")
            }
        }
    }

    @Test("timestamps: whatever the quick way reads, the long way reads as the same")
    func timestamps() {
        let texts = [
            "2026-01-02T15:04:05Z", "2026-01-02T15:04:05.678Z", "1969-12-31T23:59:59.999999999Z",
            "0000-02-28T00:00:00Z", "9999-12-28T23:59:59.1Z", "2024-02-29T00:00:00Z",
        ]
        var quick = 0
        for text in texts {
            for index in text.utf8.indices {
                for byte in "0123456789.:-+TZtz x".utf8 {
                    var bytes = Array(text.utf8)
                    bytes[text.utf8.distance(from: text.startIndex, to: index)] = byte
                    guard let time = AttributeRules.plainTimestamp(bytes.span) else { continue }
                    quick += 1
                    let long = Timestamp(rfc3339: String(decoding: bytes, as: UTF8.self))
                    #expect(time == long, "\(String(decoding: bytes, as: UTF8.self))")
                }
            }
        }
        #expect(quick > 400)
        for text in ["", "Z", "2026-01-02T15:04:05.Z", "2026-01-02T15:04:05.1234567890Z"] {
            #expect(AttributeRules.plainTimestamp(text.utf8.span) == nil)
        }
    }

    @Test("names in headers: frequent, short, long and refused ones")
    func names() {
        let long = String(repeating: "Ab1", count: 11)
        let cases: [(header: String, name: String?)] = [
            ("KnativeKafkaOffset", "knativekafkaoffset"),
            ("knativekafkapartition", "knativekafkapartition"),
            ("PartitionKey", "partitionkey"), ("x", "x"), (long, long.lowercased()),
            (String(long.prefix(32)), long.prefix(32).lowercased()), ("DATA", nil), ("a-b", nil),
            (long + "_", nil), ("a_b", nil), ("é", nil),
        ]
        for (header, name) in cases {
            #expect(AttributeName.lowercased(header.utf8.span) == name, "\(header)")
        }
    }

    @Test(
        "attributes of the specification, by exact name and in any case",
        arguments: CoreAttribute.allCases
    )
    func coreAttributes(_ attribute: CoreAttribute) {
        let name = attribute.rawValue
        #expect(CoreAttribute(name: name) == attribute)
        #expect(CoreAttribute(name: name.uppercased()) == nil)
        #expect(Self.inHeader(name.uppercased()) == attribute)
        #expect(CoreAttribute(name: "x" + name.dropFirst()) == nil)
        #expect(CoreAttribute(name: name.dropLast() + "x") == nil)
        #expect(CoreAttribute(name: name + "x") == nil)
        #expect(Self.inHeader(name.dropLast() + "\u{0}") == nil)
    }

    private static func inHeader(_ name: String) -> CoreAttribute? {
        CoreAttribute(name.utf8.span, 0..<name.utf8.count, ignoringCase: true)
    }

    @Test("a media type that arrives in several forms is one and the same attribute")
    func mediaType() throws {
        for type in ["application/json", "application/jsoN", "application/json "] {
            let fields: HTTPFields = [
                "ce-specversion": "1.0", "ce-id": "i", "ce-source": "//h/s", "ce-type": "t",
                "content-type": type,
            ]
            let event = try CloudEvent(httpFields: fields, body: [0x31])
            #expect(event.dataContentType == type)
            #expect(event.data == .json([0x31]))
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import CloudEvents

@Suite("The JSON scanner (RFC 8259)")
struct JSONScannerTests {
    @Test(
        "accepts",
        arguments: [
            "null", "true", "false", "0", "-0", "10", "-1.5e+3", "1E9", "0.0", "1e-0", #""""#,
            #""\"\\\/\b\f\n\r\t\u0041\uD83D\uDE00""#, #""\ud800""#, "\"\u{7F}é😀\u{2028}\"", "[]",
            "{}", "[ ]", "{ }", " \t\r\n1 \t\r\n", "[1,2]", "[[],[[]],{}]", #"{"a":1,"a":2}"#,
            #"{"":{"":[]}}"#, #"[{"a":[{"b":null}]},-1]"#, "123456789012345678901234567890e999",
        ]
    )
    func accepts(_ text: String) {
        #expect(JSONScanner.isValid(Array(text.utf8)))
    }

    typealias Fault = CloudEventError.JSONFault

    static let refused: [(text: String, fault: Fault, offset: Int)] = [
        ("", .endUnexpected, 0), (" ", .endUnexpected, 1), ("nul", .endUnexpected, 3),
        ("nulx", .characterUnexpected, 3), ("True", .characterUnexpected, 0),
        ("NaN", .characterUnexpected, 0), ("+1", .characterUnexpected, 0),
        (".5", .characterUnexpected, 0), ("-", .endUnexpected, 1), ("-x", .numberInvalid, 1),
        ("01", .numberInvalid, 1), ("-00", .numberInvalid, 2), ("1.", .endUnexpected, 2),
        ("1.x", .numberInvalid, 2), ("1e", .endUnexpected, 2), ("1e+", .endUnexpected, 3),
        ("1ex", .numberInvalid, 2), ("0x1", .trailingCharacters, 1),
        ("1 2", .trailingCharacters, 2),
        ("\"", .endUnexpected, 1), ("\"a\n\"", .controlCharacter, 2), (#""\"#, .endUnexpected, 2),
        ("\"\u{0}\"", .controlCharacter, 1), (#""\x""#, .escapeInvalid, 1),
        (#""\u12g4""#, .escapeInvalid, 1), (#""\u123""#, .escapeInvalid, 1),
        (#""\u12"#, .endUnexpected, 5), (#""\U0041""#, .escapeInvalid, 1),
        ("'a'", .characterUnexpected, 0), ("[", .endUnexpected, 1), ("[1", .endUnexpected, 2),
        ("[1,", .endUnexpected, 3), ("[1,]", .characterUnexpected, 3),
        ("[,1]", .characterUnexpected, 1), ("[1 2]", .characterUnexpected, 3),
        ("[1}", .characterUnexpected, 2), ("]", .characterUnexpected, 0),
        ("{", .endUnexpected, 1), ("{\"a\"", .endUnexpected, 4), ("{\"a\":", .endUnexpected, 5),
        ("{\"a\":1", .endUnexpected, 6), ("{\"a\":1,", .endUnexpected, 7),
        ("{\"a\":1,}", .characterUnexpected, 7), ("{\"a\" 1}", .characterUnexpected, 5),
        ("{a:1}", .characterUnexpected, 1), ("{1:1}", .characterUnexpected, 1),
        ("{\"a\":1]", .characterUnexpected, 6), ("{,}", .characterUnexpected, 1),
        ("[]]", .trailingCharacters, 2), ("{}x", .trailingCharacters, 2),
        ("\u{FEFF}1", .characterUnexpected, 0), ("1 // c", .trailingCharacters, 2),
        ("[1\u{A0}]", .characterUnexpected, 2), ("\u{B}1", .characterUnexpected, 0),
    ]

    @Test("refuses, and says where", arguments: refused)
    func refuses(_ text: String, _ fault: Fault, _ offset: Int) {
        #expect(throws: CloudEventError.jsonInvalid(fault, offset: offset)) {
            var scanner = try JSONScanner(Array(text.utf8))
            _ = try scanner.skipValue()
            try scanner.expectEnd()
        }
    }

    @Test("bytes that are not UTF-8 are refused, and their place is told")
    func refusesBytes() {
        #expect(throws: CloudEventError.jsonInvalid(.notUTF8, offset: 2)) {
            try JSONScanner(Array("\"a".utf8) + [0xC0, 0xA0] + Array("\"".utf8))
        }
    }

    @Test("nesting: at the limit and one past it, for arrays, objects and both")
    func nesting() throws {
        for (open, close) in [("[", "]"), ("{\"a\":", "}"), ("[{\"a\":", "}]")] {
            let levels = open.hasPrefix("[{") ? 2 : 1
            func text(_ depth: Int) -> [UInt8] {
                let count = depth / levels
                let opened = String(repeating: open, count: count)
                return Array((opened + "1" + String(repeating: close, count: count)).utf8)
            }
            #expect(JSONScanner.isValid(text(CloudEventLimits.nestingMax)))
            var scanner = try JSONScanner(text(CloudEventLimits.nestingMax + levels))
            let error = #expect(throws: CloudEventError.self) { try scanner.skipValue() }
            guard case .jsonInvalid(.nestingTooDeep, _) = error else {
                Issue.record("\(String(describing: error))")
                continue
            }
        }
        #expect(!JSONScanner.isValid([UInt8](repeating: UInt8(ascii: "["), count: 1_000_000)))
    }

    @Test(
        "surrogates: pairs are joined, halves are refused",
        arguments: [
            (#""\uD83D\uDE00""#, "😀"), (#""\ud800\udc00""#, "\u{10000}"),
            (#""\udbff\udfff""#, "\u{10FFFF}"), (#""\uD83D""#, nil), (#""\uDE00""#, nil),
            (#""\uDE00\uD83D""#, nil), (#""\uD83Dx""#, nil), (#""\uD83D\n""#, nil),
            (#""\uD83D\u0041""#, nil), (#""\uD83D\uD83D\uDE00""#, nil),
        ] as [(String, String?)]
    )
    func surrogates(_ literal: String, _ text: String?) throws {
        var scanner = try JSONScanner(Array(literal.utf8))
        #expect((try? scanner.string()) == text)
    }

    /// An event with something of everything that the format has.
    static let rich = Array(
        #"""
        {"specversion":"1.0", "id":"a\u00e9\ud83d\ude00\"","source":"/s","type":"t",
         "subject":null,"time":"2026-01-02T15:04:05.5+01:00","flag":true,"other":false,
         "number":-12,"blob":"AP8=","datacontenttype":"application/json",
         "data":{"a":[1,-2.5e+3,{"b":null}],"c":"x\\y\u0041","d":{},"e":[]}}
        """#.utf8
    )

    @Test("every proper prefix of an event is refused as cut off")
    func prefixes() throws {
        _ = try CloudEvent(jsonFormat: Self.rich)
        for length in Self.rich.indices {
            let error = #expect(throws: CloudEventError.self, "\(length) bytes") {
                try CloudEvent(jsonFormat: Array(Self.rich[..<length]))
            }
            switch error {
            case .jsonInvalid(.endUnexpected, length), .jsonInvalid(.notUTF8, _): break
            default: Issue.record("\(length) bytes: \(String(describing: error))")
            }
        }
    }

    @Test("whatever stands in the place of a byte: a valid event or an error, never a trap")
    func mutations() {
        let replacements = Array("\"\\{}[]:,0-1eEtfnu \n\u{0}a".utf8) + [0x80, 0xC3, 0xFF]
        for index in Self.rich.indices {
            for byte in replacements {
                var bytes = Self.rich
                bytes[index] = byte
                Self.checkDecodes(bytes, "byte \(byte) at \(index)")
            }
        }
    }

    @Test("random cuts, doublings and joins: a valid event or an error, never a trap")
    func splices() {
        var random = SeededGenerator(defaultSeed: 5)
        for round in 0..<3000 {
            var bytes = Self.rich
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let from = Int.random(in: 0...bytes.count, using: &random)
                let to = Int.random(in: from...bytes.count, using: &random)
                if random.chance(50) {
                    bytes.removeSubrange(from..<min(to, from + 8))
                } else {
                    bytes.insert(contentsOf: bytes[from..<min(to, from + 8)], at: from)
                }
            }
            Self.checkDecodes(bytes, "seed \(random.seed), round \(round)")
        }
    }

    /// Whatever is accepted must be valid, and come back when it is written and read.
    private static func checkDecodes(_ bytes: [UInt8], _ comment: String) {
        guard let event = try? CloudEvent(jsonFormat: bytes) else { return }
        #expect(throws: Never.self, "\(comment)") {
            try event.validate()
            let again = try CloudEvent(jsonFormat: try event.jsonFormat())
            #expect(again == event, "\(comment)")
        }
    }
}

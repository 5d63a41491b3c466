// SPDX-License-Identifier: Apache-2.0

import Bytes
import Testing

@testable import Telemetry

@Suite("Log lines")
struct LogRecordTests {
    static func record(
        message: String = "It happened.",
        level: LogLevel = .info,
        metadata: [(String, String)] = []
    ) -> LogRecord {
        LogRecord(
            time: Timestamp(
                year: 2026,
                month: 1,
                day: 2,
                hour: 15,
                minute: 4,
                second: 5,
                nanoseconds: 678_912_345
            ),
            level: level,
            label: "dispatcher",
            message: message,
            metadata: metadata.map { (key: $0.0, value: $0.1) }
        )
    }

    static func line(_ record: LogRecord, _ format: LogFormat = .text) -> String {
        String(decoding: record.line(format), as: UTF8.self)
    }

    @Test("text: time, level, label, message, metadata")
    func text() {
        let record = Self.record(metadata: [("offset", "17"), ("topic", "exam topic")])
        #expect(
            Self.line(record)
                == "2026-01-02T15:04:05.678Z info  dispatcher  It happened. "
                + "offset=17 topic=\"exam topic\"\n"
        )
    }

    @Test(
        "levels line up",
        arguments: [
            (LogLevel.debug, "debug dispatcher"), (.info, "info  dispatcher"),
            (.warning, "warn  dispatcher"), (.error, "error dispatcher"),
        ]
    )
    func levels(_ level: LogLevel, _ expected: String) {
        #expect(Self.line(Self.record(level: level)).contains("Z \(expected)  It"))
    }

    @Test("terminal: local time of day, no day, no zone")
    func terminal() {
        let record = Self.record(metadata: [("a", "b")])
        let plain = LogFormat.terminal(isColoured: false, secondsEastOfUTC: 3600)
        #expect(Self.line(record, plain) == "16:04:05.678 info  dispatcher  It happened. a=b\n")
        let coloured = LogFormat.terminal(isColoured: true, secondsEastOfUTC: 0)
        #expect(Self.line(record, coloured).hasPrefix("15:04:05.678 \u{1B}[32minfo \u{1B}[0m "))
    }

    @Test("JSON: one object, metadata apart")
    func json() {
        let record = Self.record(level: .warning, metadata: [("level", "a\"b"), ("x", "1")])
        #expect(
            Self.line(record, .json)
                == #"{"time":"2026-01-02T15:04:05.678Z","level":"warning","label":"dispatcher","#
                + #""message":"It happened.","metadata":{"level":"a\"b","x":"1"}}"# + "\n"
        )
        #expect(Self.line(Self.record(), .json).hasSuffix(#""message":"It happened."}"# + "\n"))
    }

    static let values: [(value: String, written: String)] = [
        ("plain-1.2:3/4", "plain-1.2:3/4"),
        ("", "\"\""),
        ("two words", "\"two words\""),
        ("a=b", "\"a=b\""),
        ("say \"hi\"", #""say \"hi\"""#),
        (#"back\slash"#, #""back\\slash""#),
        ("line\nfeed", #""line\nfeed""#),
        ("carriage\rreturn\r\n", #""carriage\rreturn\r\n""#),
        ("tab\t", #""tab\t""#),
        ("nul\u{0}", #""nul\u{0}""#),
        ("\u{1B}[2J", #""\u{1b}[2J""#),
        ("c1\u{9B}2J", #""c1\u{9b}2J""#),
        ("\u{2028}", #""\u{2028}""#),
        ("\u{202E}evil", #""\u{202e}evil""#),
        ("Grüße", "\"Grüße\""),
    ]

    @Test("values are quoted and escaped", arguments: values)
    func escapes(_ value: String, _ written: String) {
        #expect(Self.line(Self.record(metadata: [("k", value)])).hasSuffix(" k=\(written)\n"))
    }

    @Test(
        "nothing that a stranger chooses makes a second line",
        arguments: [
            "\n2026-01-02T15:04:05.678Z error forged", "\r\n", "\u{85}", "\u{B}\u{C}", "\u{2029}",
            "\" forged=\"yes", #"\" forged=yes"#,
        ]
    )
    func forging(_ value: String) {
        let formats: [LogFormat] = [
            .text, .json, .terminal(isColoured: true, secondsEastOfUTC: 0),
        ]
        for format in formats {
            let honest = Self.line(Self.record(message: "m", metadata: [("k", "v")]), format)
            for record in [
                Self.record(message: "m", metadata: [("k", value)]),
                Self.record(message: "m", metadata: [(value, "v")]),
                Self.record(message: value, metadata: [("k", "v")]),
            ] {
                let line = Self.line(record, format)
                #expect(line.utf8.filter { $0 == UInt8(ascii: "\n") }.count == 1)
                #expect(line.utf8.last == UInt8(ascii: "\n"))
                #expect(
                    line.utf8.filter { $0 == 0x1B }.count
                        == honest.utf8.filter { $0 == 0x1B }.count
                )
                #expect(!line.contains("\r"))
            }
        }
    }

    @Test("all control characters are escaped, in every place")
    func controls() {
        for value in (0...0x9F).filter({ $0 < 0x20 || $0 >= 0x7F }) {
            let text = Unicode.Scalar(UInt8(value)).description
            let record = Self.record(message: text, metadata: [(text, text)])
            let line = Self.line(record).dropLast()
            #expect(!line.unicodeScalars.contains { $0.value == UInt32(value) }, "U+\(value)")
        }
    }

    @Test("a long value is shortened: at the limit it is whole, one past it is not")
    func shortened() {
        let fits = String(repeating: "x", count: LogRecord.textBytesMax)
        #expect(Self.line(Self.record(metadata: [("k", fits)])).hasSuffix("k=\(fits)\n"))
        #expect(Self.line(Self.record(metadata: [("k", fits + "y")])).hasSuffix("k=\"\(fits)…\"\n"))
        // Cut in the middle of a character.
        let wide = String(repeating: "x", count: LogRecord.textBytesMax - 1) + "ü"
        #expect(Self.line(Self.record(metadata: [("k", wide)])).hasSuffix("\u{FFFD}…\"\n"))
    }
}

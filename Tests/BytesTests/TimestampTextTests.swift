// SPDX-License-Identifier: Apache-2.0

import Bytes
import TestSupport
import Testing

@Suite("Timestamps: text (RFC 3339, RFC 9110 section 5.6.7)")
struct TimestampTextTests {
    /// The examples of RFC 3339 section 5.8, and what surrounds them.
    static let read: [(text: String, seconds: Int64, nanoseconds: Int32)] = [
        ("1985-04-12T23:20:50.52Z", 482_196_050, 520_000_000),
        ("1996-12-19T16:39:57-08:00", 851_042_397, 0),
        ("1990-12-31T23:59:60Z", 662_688_000, 0),
        ("1990-12-31T15:59:60-08:00", 662_688_000, 0),
        ("1937-01-01T12:00:27.87+00:20", -1_041_337_173, 870_000_000),
        ("1970-01-01T00:00:00Z", 0, 0), ("1970-01-01t00:00:00z", 0, 0),
        ("1970-01-01 00:00:00Z", 0, 0), ("1970-01-01T00:00:00-00:00", 0, 0),
        ("1969-12-31T23:59:59.999999999Z", -1, 999_999_999),
        ("1970-01-01T00:00:00.9999999999999999999999Z", 0, 999_999_999),
        ("1970-01-01T00:00:00.000000001Z", 0, 1), ("1970-01-01T23:59:00+23:59", 0, 0),
        ("0000-01-01T00:00:00Z", -62_167_219_200, 0),
        ("0000-01-01T00:00:00+23:59", -62_167_305_540, 0),
        ("9999-12-31T23:59:59Z", 253_402_300_799, 0), ("2000-02-29T00:00:00Z", 951_782_400, 0),
        ("2024-02-29T12:00:00.5+05:30", 1_709_188_200, 500_000_000),
    ]

    @Test("reads RFC 3339", arguments: read)
    func reads(_ text: String, _ seconds: Int64, _ nanoseconds: Int32) throws {
        let timestamp = try #require(Timestamp(rfc3339: text))
        #expect(timestamp.secondsSinceEpoch == seconds)
        #expect(timestamp.nanoseconds == nanoseconds)
    }

    @Test(
        "refuses what is not RFC 3339",
        arguments: [
            "", "1970", "1970-01-01", "1970-01-01T00:00Z", "1970-01-01T00:00:00",
            "1970-01-01T00:00:00.Z", "1970-01-01T00:00:00,5Z", "1970-1-01T00:00:00Z",
            "70-01-01T00:00:00Z", "1970-13-01T00:00:00Z", "1970-00-01T00:00:00Z",
            "1970-01-00T00:00:00Z", "1970-01-32T00:00:00Z", "1970-04-31T00:00:00Z",
            "1970-02-29T00:00:00Z", "1900-02-29T00:00:00Z", "2100-02-29T00:00:00Z",
            "2000-02-30T00:00:00Z", "1970-01-01T24:00:00Z", "1970-01-01T00:60:00Z",
            "1990-12-31T23:58:60Z", "1990-12-31T22:59:60Z", "1990-12-31T23:59:60-08:00",
            "1970-01-01T00:00:61Z", "1970-01-01T00:00:00+24:00", "1970-01-01T00:00:00+00:60",
            "1970-01-01T00:00:00+0000", "1970-01-01T00:00:00+00", "1970-01-01T00:00:00Z ",
            " 1970-01-01T00:00:00Z", "1970-01-01T00:00:00ZZ", "1970-01-01_00:00:00Z",
            "+970-01-01T00:00:00Z", "-970-01-01T00:00:00Z", "12026-01-01T00:00:00Z",
            "1970-01-01T-1:00:00Z", "1970-01-01T00:00:00.-5Z", "१९७०-01-01T00:00:00Z",
            "1970-01-01T00:00:00\u{0}",
        ]
    )
    func refuses(_ text: String) { #expect(Timestamp(rfc3339: text) == nil) }

    @Test("every proper prefix is refused")
    func prefixes() {
        let text = "2026-01-02T15:04:05.123+01:00"
        #expect(Timestamp(rfc3339: text) != nil)
        for length in 0..<text.count { #expect(Timestamp(rfc3339: text.prefix(length)) == nil) }
    }

    @Test(
        "writes as many digits as asked for, cut off",
        arguments: [
            (nil, "2026-01-02T15:04:05.12345Z"), (0, "2026-01-02T15:04:05Z"),
            (1, "2026-01-02T15:04:05.1Z"), (3, "2026-01-02T15:04:05.123Z"),
            (6, "2026-01-02T15:04:05.123450Z"), (9, "2026-01-02T15:04:05.123450000Z"),
            (12, "2026-01-02T15:04:05.123450000Z"), (-1, "2026-01-02T15:04:05Z"),
        ] as [(Int?, String)]
    )
    func writes(_ digits: Int?, _ text: String) throws {
        let timestamp = try #require(Timestamp(rfc3339: "2026-01-02T15:04:05.12345Z"))
        #expect(timestamp.rfc3339(fractionDigits: digits) == text)
    }

    @Test("without a fraction there is no point")
    func noFraction() {
        #expect(Timestamp(secondsSinceEpoch: 0).rfc3339() == "1970-01-01T00:00:00Z")
        let last = Timestamp(secondsSinceEpoch: 0, nanoseconds: 999_999_999)
        #expect(last.rfc3339() == "1970-01-01T00:00:00.999999999Z")
        #expect(last.rfc3339(fractionDigits: 3) == "1970-01-01T00:00:00.999Z")
    }

    @Test(
        "HTTP dates and the dates of AWS signatures",
        arguments: [
            (Int64(784_111_777), "Sun, 06 Nov 1994 08:49:37 GMT", "19941106T084937Z"),
            (1_795_169_848, "Fri, 20 Nov 2026 10:17:28 GMT", "20261120T101728Z"),
            (0, "Thu, 01 Jan 1970 00:00:00 GMT", "19700101T000000Z"),
            (-1, "Wed, 31 Dec 1969 23:59:59 GMT", "19691231T235959Z"),
            (951_782_399, "Mon, 28 Feb 2000 23:59:59 GMT", "20000228T235959Z"),
            (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT", "20000229T000000Z"),
        ]
    )
    func dates(_ seconds: Int64, _ http: String, _ amazon: String) {
        let timestamp = Timestamp(secondsSinceEpoch: seconds)
        #expect(timestamp.httpDate == http)
        #expect(timestamp.amzDate == amazon)
        #expect(Timestamp(amzDate: amazon) == timestamp)
    }

    @Test(
        "refuses what is no AWS date",
        arguments: [
            "", "20261120T101728", "20261120t101728Z", "20261120T101728z", "20261120 101728Z",
            "20261120T101728ZZ", "2026112T1101728Z", "20261320T101728Z", "20260229T000000Z",
            "20261120T241728Z", "2026-1-0T101728Z", "20261120T10:728Z", "éééééééé",
            "20261120T1017.5Z",
        ]
    )
    func refusesAmazonDate(_ text: String) { #expect(Timestamp(amzDate: text) == nil) }

    @Test("instants that four digits of a year cannot name are held at the borders")
    func borders() {
        for seconds in [Int64.min, -62_167_219_201] {
            let early = Timestamp(secondsSinceEpoch: seconds, nanoseconds: 5)
            #expect(early.rfc3339() == "0000-01-01T00:00:00Z")
            #expect(early.httpDate == "Sat, 01 Jan 0000 00:00:00 GMT")
            #expect(early.amzDate == "00000101T000000Z")
        }
        for seconds in [253_402_300_800, Int64.max] {
            let late = Timestamp(secondsSinceEpoch: seconds)
            #expect(late.rfc3339() == "9999-12-31T23:59:59.999999999Z")
            #expect(late.httpDate == "Fri, 31 Dec 9999 23:59:59 GMT")
            #expect(late.amzDate == "99991231T235959Z")
        }
        for milliseconds in [Int64.min, .max] {
            #expect(Timestamp(millisecondsSinceEpoch: milliseconds).rfc3339().count >= 20)
        }
    }

    @Test("what is written is read back")
    func roundTrip() {
        var random = SeededGenerator()
        for _ in 0..<2000 {
            let timestamp = Timestamp(
                secondsSinceEpoch: .random(in: -62_167_219_200...253_402_300_799, using: &random),
                nanoseconds: .random(in: 0...999_999_999, using: &random)
            )
            #expect(
                Timestamp(rfc3339: timestamp.rfc3339()) == timestamp,
                "seed \(SeededGenerator.seed)"
            )
            #expect(
                Timestamp(amzDate: timestamp.amzDate)?.secondsSinceEpoch
                    == timestamp.secondsSinceEpoch
            )
        }
    }

    @Test("lent as bytes it is the same text, to the longest")
    func lent() {
        for nanoseconds: Int32 in [0, 1, 120_000_000, 999_999_999] {
            for seconds in [-62_167_219_200, -1, 0, 1_795_170_000, 253_402_300_799] {
                let time = Timestamp(secondsSinceEpoch: Int64(seconds), nanoseconds: nanoseconds)
                let text = time.withRFC3339 { bytes in
                    String(decoding: bytes.indices.map { bytes[$0] }, as: UTF8.self)
                }
                #expect(text == time.rfc3339())
            }
        }
    }
}

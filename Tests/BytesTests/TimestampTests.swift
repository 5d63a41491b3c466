// SPDX-License-Identifier: Apache-2.0

import Bytes
import Glibc
import TestSupport
import Testing

@Suite("Timestamps: the calendar")
struct TimestampTests {
    @Test(
        "days of old and odd years",
        arguments: [
            (1970, 1, 1, 0), (1969, 12, 31, -1), (2000, 2, 29, 11_016), (2000, 3, 1, 11_017),
            (1900, 2, 28, -25_509), (1900, 3, 1, -25_508), (2024, 2, 29, 19_782),
            (2100, 2, 28, 47_540), (2100, 3, 1, 47_541), (1, 1, 1, -719_162), (0, 1, 1, -719_528),
            (9999, 12, 31, 2_932_896),
        ]
    )
    func days(_ year: Int64, _ month: Int, _ day: Int, _ days: Int64) {
        let timestamp = Timestamp(year: year, month: month, day: day)
        #expect(timestamp.secondsSinceEpoch == days * 86_400)
        let components = timestamp.components
        #expect(components.year == year)
        #expect(components.month == month)
        #expect(components.day == day)
        #expect(components.weekday == Int(((days + 4) % 7 + 7) % 7))
    }

    @Test("agrees with the C library at any second of ±10 000 years")
    func agreesWithSystem() {
        var random = SeededGenerator()
        for _ in 0..<5000 {
            let seconds = Int64.random(in: -380_000_000_000...380_000_000_000, using: &random)
            var time = time_t(seconds)
            var expected = tm()
            gmtime_r(&time, &expected)
            let timestamp = Timestamp(secondsSinceEpoch: seconds)
            let found = timestamp.components
            #expect(found.year == Int64(expected.tm_year) + 1900, "\(seconds)")
            #expect(found.month == Int(expected.tm_mon) + 1, "\(seconds)")
            #expect(found.day == Int(expected.tm_mday), "\(seconds)")
            #expect(found.hour == Int(expected.tm_hour), "\(seconds)")
            #expect(found.minute == Int(expected.tm_min), "\(seconds)")
            #expect(found.second == Int(expected.tm_sec), "\(seconds)")
            #expect(found.weekday == Int(expected.tm_wday), "\(seconds)")
            let back = Timestamp(
                year: found.year,
                month: found.month,
                day: found.day,
                hour: found.hour,
                minute: found.minute,
                second: found.second
            )
            #expect(back == timestamp, "seed \(SeededGenerator.seed)")
        }
    }

    @Test("no second that 64 bits can name traps")
    func extremes() {
        for seconds in [Int64.min, .min + 1, .max - 1, .max] {
            let timestamp = Timestamp(secondsSinceEpoch: seconds)
            let components = timestamp.components
            #expect(1...12 ~= components.month)
            #expect(0..<24 ~= components.hour)
            #expect(0..<7 ~= components.weekday)
        }
    }

    @Test(
        "nanoseconds beyond a second are carried",
        arguments: [
            (Int64(5), Int32(0), Int64(5), Int32(0)), (5, 999_999_999, 5, 999_999_999),
            (5, 1_000_000_000, 6, 0), (5, .max, 7, 147_483_647), (5, -1, 4, 999_999_999),
            (5, -1_000_000_000, 4, 0), (5, -1_000_000_001, 3, 999_999_999),
            (5, .min, 2, 852_516_352), (0, -1, -1, 999_999_999),
        ]
    )
    func carries(_ seconds: Int64, _ nanoseconds: Int32, _ whole: Int64, _ rest: Int32) {
        let timestamp = Timestamp(secondsSinceEpoch: seconds, nanoseconds: nanoseconds)
        #expect(timestamp.secondsSinceEpoch == whole)
        #expect(timestamp.nanoseconds == rest)
    }

    @Test(
        "milliseconds before 1970 round down",
        arguments: [
            (Int64(0), Int64(0), Int32(0)), (1, 0, 1_000_000), (-1, -1, 999_000_000),
            (-1000, -1, 0), (-1001, -2, 999_000_000),
            (1_790_000_000_123, 1_790_000_000, 123_000_000),
        ]
    )
    func milliseconds(_ milliseconds: Int64, _ seconds: Int64, _ nanoseconds: Int32) {
        let timestamp = Timestamp(millisecondsSinceEpoch: milliseconds)
        #expect(timestamp.secondsSinceEpoch == seconds)
        #expect(timestamp.nanoseconds == nanoseconds)
    }

    @Test("nanoseconds since 1970 up to the largest")
    func nanoseconds() {
        let timestamp = Timestamp(nanosecondsSinceEpoch: .max)
        #expect(timestamp.secondsSinceEpoch == 18_446_744_073)
        #expect(timestamp.nanoseconds == 709_551_615)
    }

    @Test("orders by time")
    func orders() {
        let ordered = [
            Timestamp(secondsSinceEpoch: -1), Timestamp(secondsSinceEpoch: -1, nanoseconds: 1),
            Timestamp(secondsSinceEpoch: 0), Timestamp(secondsSinceEpoch: 0, nanoseconds: 1),
            Timestamp(secondsSinceEpoch: 1),
        ]
        #expect(ordered.reversed().sorted() == ordered)
        #expect(Set(ordered + ordered).count == ordered.count)
    }
}

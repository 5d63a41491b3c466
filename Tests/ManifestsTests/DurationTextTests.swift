// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Manifests

@Suite("Lengths of time")
struct DurationTextTests {
    static let iso: [(String, Duration)] = [
        ("PT0.5S", .milliseconds(500)), ("PT0,5S", .milliseconds(500)), ("PT5S", .seconds(5)),
        ("PT600S", .seconds(600)), ("PT1M30S", .seconds(90)), ("PT2H", .seconds(7200)),
        ("P1D", .seconds(86_400)), ("P1W", .seconds(604_800)), ("P1DT1S", .seconds(86_401)),
        ("PT0S", .zero), ("PT0.0000000019S", .nanoseconds(1)), ("PT1.5H", .seconds(5400)),
        ("PT.5S", .milliseconds(500)), ("P366D", .seconds(366 * 86_400)),
    ]

    @Test("ISO 8601", arguments: iso)
    func readsISO(_ text: String, _ duration: Duration) throws {
        #expect(try DurationText.iso8601(text) == duration)
    }

    static let isoRefused: [(String, DurationText.Failure)] = [
        ("", .malformed), ("P", .malformed), ("PT", .malformed), ("P1DT", .malformed),
        ("5S", .malformed), ("PT5", .malformed), ("P5S", .malformed), ("P1H", .malformed),
        ("PT1S1M", .malformed), ("PT1S1S", .malformed), ("PT1.5M1S", .malformed),
        ("PT-1S", .malformed), ("-PT1S", .malformed), ("pt1s", .malformed), ("PTS", .malformed),
        ("PT.S", .malformed), ("PT1..5S", .malformed), ("PTT1S", .malformed),
        ("PT1S ", .malformed), ("PT٣S", .malformed), ("P1Y", .calendarUnit),
        ("P1M", .calendarUnit), ("P367D", .tooLong), ("PT99999999999999999999S", .tooLong),
        ("P9223372036854775807W", .tooLong), ("P366DT0.000000001S", .tooLong),
    ]

    @Test("what is no length in ISO 8601 is refused", arguments: isoRefused)
    func refusesISO(_ text: String, _ failure: DurationText.Failure) {
        #expect(throws: failure) { try DurationText.iso8601(text) }
    }

    static let go: [(String, Duration)] = [
        ("0", .zero), ("6s", .seconds(6)), ("1m30s", .seconds(90)), ("1.5h", .seconds(5400)),
        ("250ms", .milliseconds(250)), ("1h0m0s", .seconds(3600)), ("+5s", .seconds(5)),
        ("1us", .microseconds(1)), ("1µs", .microseconds(1)), ("7ns", .nanoseconds(7)),
        (".5s", .milliseconds(500)),
    ]

    @Test("Go's form", arguments: go)
    func readsGo(_ text: String, _ duration: Duration) throws {
        #expect(try DurationText.go(text) == duration)
    }

    static let goRefused = ["", "6", "s", "6 s", "-6s", "6x", "1d", ".s", "1s2", "+"]

    @Test("what is no length in Go's form is refused", arguments: goRefused)
    func refusesGo(_ text: String) {
        #expect(throws: DurationText.Failure.malformed) { try DurationText.go(text) }
    }
}

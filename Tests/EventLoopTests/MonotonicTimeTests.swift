// SPDX-License-Identifier: Apache-2.0

import EventLoop
import Testing

@Suite("Monotonic time")
struct MonotonicTimeTests {
    @Test(
        "moves, and stays within its range",
        arguments: [
            (UInt64(10), Duration.nanoseconds(5), UInt64(15)), (10, .zero, 10),
            (10, .nanoseconds(-3), 7), (10, .nanoseconds(-10), 0), (10, .nanoseconds(-11), 0),
            (10, .seconds(-1), 0), (.max, .nanoseconds(1), .max), (.max - 1, .nanoseconds(1), .max),
            (.max - 1, .nanoseconds(2), .max), (0, .seconds(Int64.min), 0),
            (0, .seconds(Int64.max), UInt64(Int64.max)), (1, .milliseconds(2), 2_000_001),
        ]
    )
    func advances(_ start: UInt64, _ duration: Duration, _ end: UInt64) {
        let moved = MonotonicTime(nanoseconds: start).advanced(by: duration)
        #expect(moved == MonotonicTime(nanoseconds: end))
    }

    @Test(
        "a span moves as its duration does, and never back",
        arguments: [
            (UInt64(10), Duration.nanoseconds(5), UInt64(15)), (10, .zero, 10),
            (10, .nanoseconds(-3), 10), (.max - 1, .nanoseconds(1), .max),
            (.max - 1, .nanoseconds(2), .max), (0, .seconds(Int64.max), UInt64(Int64.max)),
        ]
    )
    func advancesBySpan(_ start: UInt64, _ duration: Duration, _ end: UInt64) {
        let moved = MonotonicTime(nanoseconds: start).advanced(by: TimeSpan(duration))
        #expect(moved == MonotonicTime(nanoseconds: end))
    }

    @Test(
        "measures both ways",
        arguments: [
            (UInt64(0), UInt64(0), Int64(0)), (5, 8, 3), (8, 5, -3), (0, .max, .max),
            (.max, 0, -.max),
        ]
    )
    func measures(_ start: UInt64, _ end: UInt64, _ nanoseconds: Int64) {
        let from = MonotonicTime(nanoseconds: start)
        #expect(from.duration(to: MonotonicTime(nanoseconds: end)) == .nanoseconds(nanoseconds))
    }

    @Test("never goes back")
    func now() {
        var last = MonotonicTime.now()
        for _ in 0..<1000 {
            let now = MonotonicTime.now()
            #expect(now >= last)
            last = now
        }
    }

    @Test("durations beyond 64 bits of nanoseconds are held")
    func clamps() {
        #expect(Duration.seconds(Int64.max).nanosecondsClamped == .max)
        #expect(Duration.seconds(Int64.min).nanosecondsClamped == .min)
        #expect(Duration.nanoseconds(-7).nanosecondsClamped == -7)
        #expect(
            Duration(secondsComponent: 1, attosecondsComponent: 1).nanosecondsClamped
                == 1_000_000_000
        )
        #expect(Duration.microseconds(1500).milliseconds == 1.5)
    }
}

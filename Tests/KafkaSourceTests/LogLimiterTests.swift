// SPDX-License-Identifier: Apache-2.0

import EventLoop
import Testing

@testable import KafkaSource

@Suite("Lines of a log that repeat")
struct LogLimiterTests {
    private func time(_ seconds: UInt64) -> MonotonicTime {
        MonotonicTime(nanoseconds: seconds * 1_000_000_000)
    }

    @Test("one line of a kind passes in each interval, and tells how many did not")
    func interval() {
        var limiter = LogLimiter<String>(interval: .seconds(10))
        #expect(limiter.admit("a", at: self.time(0)) == 0)
        #expect(limiter.admit("a", at: self.time(1)) == nil)
        #expect(limiter.admit("a", at: self.time(9)) == nil)
        #expect(limiter.admit("b", at: self.time(9)) == 0)
        #expect(limiter.admit("a", at: self.time(10)) == 2)
        #expect(limiter.admit("a", at: self.time(11)) == nil)
        limiter.forget("a")
        #expect(limiter.admit("a", at: self.time(11)) == 0)
    }

    @Test("beyond its limit it forgets the oldest kind, and nothing else")
    func limit() {
        var limiter = LogLimiter<Int>(interval: .seconds(3600))
        for key in 0..<LogLimiter<Int>.keysMax {
            #expect(limiter.admit(key, at: self.time(UInt64(key))) == 0)
        }
        let now = self.time(UInt64(LogLimiter<Int>.keysMax))
        #expect(limiter.admit(-1, at: now) == 0)
        #expect(limiter.admit(1, at: now) == nil)
        #expect(limiter.admit(0, at: now) == 0)
    }
}

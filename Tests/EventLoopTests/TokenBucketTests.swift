// SPDX-License-Identifier: Apache-2.0

import EventLoop
import TestSupport
import Testing

@Suite("Token buckets")
struct TokenBucketTests {
    private static func time(_ seconds: Double) -> MonotonicTime {
        MonotonicTime(nanoseconds: UInt64(seconds * 1_000_000_000))
    }

    /// Takes one after the other at a time, and tells how many there were.
    private static func drain(_ bucket: inout TokenBucket, at seconds: Double) -> Int {
        var count = 0
        while count < 1000, bucket.takeIfAdmitted(at: Self.time(seconds)) { count += 1 }
        return count
    }

    @Test("hold their capacity, at any time, and what comes back is no more", arguments: [0, 1, 5])
    func capacity(_ capacity: Int) {
        for start in [0, 0.5, 1_000_000] {
            var bucket = TokenBucket(capacity: capacity, interval: .seconds(2))
            let counts = [0, 0, 1.9, 2, 4, 6, 1e6].map {
                Self.drain(&bucket, at: start + $0)
            }
            let most = capacity == 0 ? [0, 0, 0, 0, 0, 0, 0] : [capacity, 0, 0, 1, 1, 1, capacity]
            #expect(counts == most)
        }
    }

    @Test("give several at once, or none of them")
    func several() {
        var bucket = TokenBucket(capacity: 10, interval: .seconds(1))
        let counts = [(11, 5.0), (7, 5), (4, 5), (3, 5), (0, 5), (1, 5), (4, 8.9), (4, 9)]
        let taken = counts.map { bucket.takeIfAdmitted($0.0, at: Self.time($0.1)) }
        #expect(taken == [false, true, false, true, true, false, false, true])
    }

    @Test("say when there will be one, also behind those that were promised")
    func promises() {
        var bucket = TokenBucket(capacity: 2, interval: .seconds(30))
        let now = Self.time(100)
        let admissions = (0..<4).map { _ in
            defer { bucket.take(at: now) }
            return max(now, bucket.admission(at: now))
        }
        #expect(admissions == [100, 100, 130, 160].map(Self.time))
        #expect(bucket.admission(at: Self.time(9999)) <= Self.time(9999))
    }

    @Test("let a rate pass: a second's worth, then one by one", arguments: [0.5, 1, 1.5, 10, 1000])
    func rate(_ rate: Double) {
        let start = MonotonicTime(nanoseconds: 1_000_000_000_000)
        var bucket = TokenBucket(rate: rate)
        var passed = 0
        let seconds = 20
        for millisecond in 0..<seconds * 1000 {
            let now = start.advanced(by: .milliseconds(millisecond))
            while bucket.takeIfAdmitted(at: now) { passed += 1 }
        }
        let most = rate * Double(seconds) + max(1, rate)
        #expect(Double(passed) <= most && Double(passed) >= rate * Double(seconds) - 1)
    }

    @Test("take any numbers")
    func extremes() {
        let end = MonotonicTime(nanoseconds: .max)
        for capacity in [Int.min, -1, 0, 1, .max] {
            for interval in [Duration.seconds(-1), .zero, .nanoseconds(1), .seconds(Int64.max)] {
                var bucket = TokenBucket(capacity: capacity, interval: interval)
                let first = bucket.takeIfAdmitted(at: Self.time(1))
                #expect(first == (capacity > 0))
                for count in [Int.min, 0, .max] { bucket.take(count, at: end) }
                #expect(bucket.admits(0, at: end))
            }
        }
        for rate in [Double.leastNonzeroMagnitude, 1e-9, 1e300, .infinity] {
            #expect(TokenBucket(rate: rate).admits(at: end))
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

import EventLoop
import TestSupport
import Testing

@testable import KafkaSource

@Suite("How much a sink gets at a time")
struct ConcurrencyLimitTests {
    private func at(_ seconds: Int) -> MonotonicTime {
        MonotonicTime(nanoseconds: UInt64(1_000_000_000_000 + seconds * 1_000_000_000))
    }

    @Test("overload halves it, never below one, and never above the most again")
    func bounds() {
        var limit = ConcurrencyLimit(most: 100)
        #expect(limit.current == 100)
        for (second, expected) in [(0, 50), (10, 25), (20, 12), (30, 6), (40, 3), (50, 1), (60, 1)]
        {
            limit.overloaded(at: self.at(second))
            #expect(limit.current == expected)
        }
        for _ in 0..<100_000 { limit.succeeded() }
        #expect(limit.current == 100)
    }

    @Test("finds most of what a sink can do", arguments: [1, 4, 30])
    func capacity(_ capacity: Int) {
        var limit = ConcurrencyLimit(most: 100)
        var served = 0
        let rounds = 3000
        for round in 0..<rounds {
            // A round takes a tenth of a second; what is above the capacity is refused.
            let now = MonotonicTime(nanoseconds: UInt64(1_000_000_000 + round * 100_000_000))
            let asked = limit.current
            if asked > capacity { limit.overloaded(at: now) }
            for _ in 0..<min(asked, capacity) { limit.succeeded() }
            served += min(asked, capacity)
        }
        #expect(Double(served) >= 0.7 * Double(capacity * rounds))
    }
}

@Suite("Deadlines")
struct DeadlineHeapTests {
    @Test("come out in their order", arguments: SeededGenerator.seeds)
    func order(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var heap = DeadlineHeap<UInt64>()
        var model: [UInt64] = []
        for _ in 0..<2000 {
            if random.chance(60) {
                let deadline = random.next() % 100
                heap.insert(deadline, at: MonotonicTime(nanoseconds: deadline))
                model.append(deadline)
            } else {
                let least = model.min()
                #expect(heap.first?.deadline.nanoseconds == least)
                let popped = heap.popFirst()
                #expect(popped == least)
                if let least, let index = model.firstIndex(of: least) { model.remove(at: index) }
            }
            #expect(heap.count == model.count)
        }
    }
}

@Suite("Progress")
struct ProgressWatchTests {
    @Test("only lag without work and without progress is a stall")
    func stalled() {
        let start = MonotonicTime(nanoseconds: 1)
        var watch = ProgressWatch(at: start)
        let limit = start.advanced(by: ProgressWatch.stalledAfter)
        let late = limit.advanced(by: .nanoseconds(1))
        #expect(!watch.isStalled(lag: 1, jobsCount: 0, at: limit))
        #expect(watch.isStalled(lag: 1, jobsCount: 0, at: late))
        #expect(!watch.isStalled(lag: 0, jobsCount: 0, at: late))
        #expect(!watch.isStalled(lag: 1, jobsCount: 1, at: late))
        watch.advanced(at: late)
        #expect(!watch.isStalled(lag: 1, jobsCount: 0, at: late))
    }
}

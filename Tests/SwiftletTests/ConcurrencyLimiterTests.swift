// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import Swiftlet

@Suite("Concurrency (the breaker of queue-proxy)")
struct ConcurrencyLimiterTests {
    @Test("so many run, so many wait, one more is refused")
    func limits() {
        var limiter = ConcurrencyLimiter<Int>(runningMax: 2, queueMax: 3)
        for id in 0..<2 { #expect(limiter.admit(id) == .run) }
        for id in 2..<5 {
            guard case .wait = limiter.admit(id) else {
                Issue.record("\(id) does not wait")
                return
            }
        }
        #expect(limiter.admit(5) == .refuse)
        #expect(limiter.running == 2)
        #expect(limiter.waiting == 3)
        #expect(limiter.finish() == 2)
        guard case .wait(let late) = limiter.admit(6) else {
            Issue.record("there is room in the queue again")
            return
        }
        let withdrawals = [limiter.withdraw(late), limiter.withdraw(late)]
        #expect(withdrawals == [true, false])
        #expect(limiter.finish() == 3)
        #expect(limiter.finish() == 4)
        #expect(limiter.finish() == nil)
        #expect(limiter.finish() == nil)
        #expect(limiter.running == 0)
    }

    @Test("without a queue what cannot run is refused")
    func noQueue() {
        var limiter = ConcurrencyLimiter<Int>(runningMax: 1, queueMax: 0)
        #expect(limiter.admit(0) == .run)
        #expect(limiter.admit(1) == .refuse)
    }

    @Test("no slot is lost, nobody is overtaken", arguments: SeededGenerator.seeds)
    func randomWalk(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let (runningMax, queueMax) = (3, 7)
        var limiter = ConcurrencyLimiter<Int>(runningMax: runningMax, queueMax: queueMax)
        var running = 0
        var queue: [(id: Int, slot: SlotID)] = []
        for id in 0..<5000 {
            switch Int.random(in: 0..<5, using: &random) {
            case 0, 1:
                switch limiter.admit(id) {
                case .run:
                    #expect(queue.isEmpty)
                    running += 1
                case .wait(let slot): queue.append((id, slot))
                case .refuse: #expect(running == runningMax && queue.count == queueMax)
                }
            case 2 where !queue.isEmpty:
                let gone = queue.remove(at: Int.random(in: queue.indices, using: &random))
                let isWithdrawn = limiter.withdraw(gone.slot)
                #expect(isWithdrawn)
            default:
                guard running > 0 else { continue }
                let next = limiter.finish()
                #expect(next == (queue.isEmpty ? nil : queue.removeFirst().id))
                if next == nil { running -= 1 }
            }
            #expect(limiter.running == running)
            #expect(limiter.waiting == queue.count)
            #expect(queue.isEmpty || running == runningMax)
        }
    }
}

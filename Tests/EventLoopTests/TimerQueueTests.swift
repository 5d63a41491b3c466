// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import EventLoop

@Suite("Timer queue")
struct TimerQueueTests {
    private final class Log { var names: [Int] = [] }

    private static func time(_ nanoseconds: UInt64) -> MonotonicTime {
        MonotonicTime(nanoseconds: nanoseconds)
    }

    /// Runs all that is due, as a loop does.
    private static func run(_ queue: inout TimerQueue, at now: UInt64) {
        while let body = queue.popDue(at: self.time(now)) { body() }
    }

    @Test("fires by deadline, and at the same deadline by age")
    func order() {
        var queue = TimerQueue()
        let log = Log()
        for (name, deadline) in [5, 3, 9, 3, 1, 5, 3].enumerated() {
            _ = queue.schedule(at: Self.time(UInt64(deadline))) { log.names.append(name) }
        }
        #expect(queue.nextDeadline() == Self.time(1))
        Self.run(&queue, at: 5)
        #expect(log.names == [4, 1, 3, 6, 0, 5])
        #expect(queue.nextDeadline() == Self.time(9))
        Self.run(&queue, at: 8)
        #expect(queue.count == 1)
        Self.run(&queue, at: 9)
        #expect(log.names.last == 2)
        #expect(queue.nextDeadline() == nil)
        #expect(queue.entryCount == 0)
    }

    @Test("a cancelled timer never fires, and its name harms no later one")
    func cancel() {
        var queue = TimerQueue()
        let log = Log()
        let first = queue.schedule(at: Self.time(1)) { log.names.append(1) }
        queue.cancel(first)
        queue.cancel(first)
        queue.cancel(.none)
        #expect(queue.nextDeadline() == nil)
        let second = queue.schedule(at: Self.time(1)) { log.names.append(2) }
        queue.cancel(first)
        #expect(queue.count == 1)
        Self.run(&queue, at: 1)
        #expect(log.names == [2])
        _ = queue.schedule(at: Self.time(2)) { log.names.append(3) }
        queue.cancel(second)
        Self.run(&queue, at: 2)
        #expect(log.names == [2, 3])
    }

    @Test("all can be taken at once, cancelled ones not, and their names stay harmless")
    func takeAll() {
        var queue = TimerQueue()
        let log = Log()
        let first = queue.schedule(at: Self.time(1)) { log.names.append(1) }
        let second = queue.schedule(at: Self.time(2)) { log.names.append(2) }
        queue.cancel(first)
        for body in queue.takeAll() { body() }
        #expect(log.names == [2])
        #expect(queue.count == 0 && queue.nextDeadline() == nil)
        queue.cancel(second)
        _ = queue.schedule(at: Self.time(3)) { log.names.append(3) }
        #expect(queue.count == 1 && queue.takeAll().count == 1)
    }

    @Test("lets go of what a timer holds when it is cancelled, not when it would have fired")
    func releases() {
        var queue = TimerQueue()
        var held: Log? = Log()
        weak let observed = held
        let timer = queue.schedule(at: Self.time(100)) { [held] in held?.names.append(1) }
        held = nil
        #expect(observed != nil)
        queue.cancel(timer)
        #expect(observed == nil)
    }

    @Test("stale entries are dropped when they outnumber live ones")
    func compaction() {
        var queue = TimerQueue()
        let kept = queue.schedule(at: Self.time(50)) {}
        for round in 0..<10_000 {
            queue.cancel(queue.schedule(at: Self.time(UInt64(100 + round))) {})
            #expect(queue.entryCount <= 66)
        }
        #expect(queue.count == 1)
        #expect(queue.nextDeadline() == Self.time(50))
        queue.cancel(kept)
        #expect(queue.nextDeadline() == nil)
    }

    @Test("a random walk does as a sorted list does")
    func randomWalk() {
        var random = SeededGenerator()
        var queue = TimerQueue()
        var model: [(deadline: UInt64, name: Int, id: TimerID)] = []
        let log = Log()
        var expected: [Int] = []
        var now: UInt64 = 0
        for name in 0..<20_000 {
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<5:
                let deadline = now + UInt64.random(in: 0..<1000, using: &random)
                let id = queue.schedule(at: Self.time(deadline)) { log.names.append(name) }
                model.append((deadline, name, id))
            case 5..<9:
                guard let index = model.indices.randomElement(using: &random) else { continue }
                queue.cancel(model.remove(at: index).id)
                #expect(queue.entryCount <= max(64, model.count * 2))
            default:
                now += UInt64.random(in: 0..<100, using: &random)
                Self.run(&queue, at: now)
                let due = model.filter { $0.deadline <= now }
                    .sorted { ($0.deadline, $0.name) < ($1.deadline, $1.name) }
                expected += due.map(\.name)
                model.removeAll { $0.deadline <= now }
            }
            #expect(queue.count == model.count, "seed \(SeededGenerator.seed)")
            let next = model.map(\.deadline).min().map { Self.time($0) }
            #expect(queue.nextDeadline() == next)
        }
        #expect(log.names == expected, "seed \(SeededGenerator.seed)")
    }
}

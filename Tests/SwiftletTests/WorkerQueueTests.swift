// SPDX-License-Identifier: Apache-2.0

import Synchronization
import TestSupport
import Testing

@testable import Swiftlet

@Suite("Worker queue", .timeLimit(.minutes(10)))
struct WorkerQueueTests {
    private typealias Advice = WorkerQueue<Int>.Advice

    private func queue(_ workersWanted: Int, max workersMax: Int = 8) -> WorkerQueue<Int> {
        let queue = WorkerQueue<Int>(workersMax: workersMax, idleSeconds: 1)
        queue.want(workersWanted)
        return queue
    }

    @Test("as many workers are started as are wanted, and no more than there are jobs")
    func startsWanted() {
        let queue = self.queue(3)
        #expect(queue.add([1]) == Advice(startCount: 1, isBehind: true))
        #expect(queue.add([2, 3, 4]) == Advice(startCount: 2, isBehind: true))
        #expect(queue.add([5]) == Advice(startCount: 0, isBehind: true))
        queue.startFailed()
        #expect(queue.tick() == Advice(startCount: 1, isBehind: true))
    }

    @Test("jobs are taken in order, those of a closed queue too; then the worker ends")
    func order() {
        let queue = self.queue(1)
        var waits = 0
        _ = queue.add(Array(0..<10_000))
        let worker = queue.enter()
        queue.close()
        _ = queue.add([10_000])
        var taken: [Int] = []
        while let job = queue.next(worker, willWait: { waits += 1 }) { taken.append(job) }
        #expect(taken == Array(0...10_000))
        #expect(waits == 1)
        #expect(queue.add([1]) == Advice(startCount: 1, isBehind: true))
    }

    @Test("a worker at the same job for a whole tick is joined by two more, up to the most")
    func blocked() {
        let queue = self.queue(1, max: 4)
        #expect(queue.add(Array(0..<10)).startCount == 1)
        let first = queue.enter()
        #expect(queue.next(first, willWait: {}) == 0)
        #expect(queue.tick() == Advice(startCount: 0, isBehind: true))
        #expect(queue.tick() == Advice(startCount: 2, isBehind: true))
        #expect(queue.tick() == Advice(startCount: 0, isBehind: true))
        // Whoever goes on to another job does not block.
        #expect(queue.next(first, willWait: {}) == 1)
        let others = [queue.enter(), queue.enter()]
        for worker in others { _ = queue.next(worker, willWait: {}) }
        #expect(queue.tick().startCount == 0)
        #expect(queue.tick().startCount == 1)
        #expect(queue.tick() == Advice(startCount: 0, isBehind: true))
    }

    @Test("a worker that is not wanted any more ends after a while, and its number is used again")
    func shrinks() async throws {
        let queue = self.queue(1)
        #expect(queue.add([1, 2, 3]).startCount == 1)
        let first = queue.enter()
        #expect(queue.next(first, willWait: {}) == 1)
        _ = queue.tick()
        #expect(queue.tick().startCount == 2)
        let second = queue.enter()
        #expect(queue.next(second, willWait: {}) == 2)
        #expect(queue.next(first, willWait: {}) == 3)
        let end = try await TestThread.run { queue.next(second, willWait: {}) }
        #expect(end == nil)
        #expect(queue.enter() == second)
    }

    @Test("of workers that wait too long at once, those that are wanted stay")
    func oneStays() async throws {
        let queue = self.queue(2)
        #expect(queue.add([1, 2]).startCount == 2)
        let ended = Semaphore()
        let taken = Recorder<Int>()
        for _ in 0..<2 {
            TestThread.start {
                let worker = queue.enter()
                while let job = queue.next(worker, willWait: {}) {
                    taken.append(job)
                    ended.signal()
                }
                ended.signal()
            }
        }
        for _ in 0..<2 { #expect(await ended.arrives()) }
        queue.want(1)
        // Each may have begun to wait before: a job each makes them look again.
        _ = queue.add([3, 4])
        for _ in 0..<3 { #expect(await ended.arrives()) }
        #expect(queue.add([5]) == Advice())
        #expect(await ended.arrives())
        #expect(taken.values.sorted() == [1, 2, 3, 4, 5])
        queue.close()
        #expect(await ended.arrives())
    }

    @Test("every job is taken once, by workers that sleep in between")
    func everyJob() async throws {
        let queue = self.queue(4)
        let sums = Recorder<Int>()
        let ends = (0..<4).map { _ in Semaphore() }
        for end in ends {
            TestThread.start {
                let worker = queue.enter()
                var sum = 0
                while let job = queue.next(worker, willWait: {}) { sum += job }
                sums.append(sum)
                end.signal()
            }
        }
        for job in 1...20_000 { _ = queue.add([job]) }
        queue.close()
        for end in ends { #expect(await end.arrives()) }
        #expect(sums.values.reduce(0, +) == 20_000 * 20_001 / 2)
    }
}

@Suite("Processors")
struct ProcessorsTests {
    @Test(
        "a quota of time is rounded up to whole processors",
        arguments: [
            ("max 100000\n", nil), ("100000 100000\n", 1), ("100001 100000\n", 2),
            ("50000 100000\n", 1), ("400000 100000", 4), ("", nil), ("0 100000", nil),
            ("100000 0", nil), ("-1 100000", nil), ("99999999999999999999 100000", nil), ("7", nil),
            ("9223372036854775807 1", .max),
        ] as [(String, Int?)]
    )
    func quota(_ line: String, _ expected: Int?) { #expect(Processors.quota(line) == expected) }

    @Test("there is at least one") func count() { #expect(Processors.count >= 1) }
}

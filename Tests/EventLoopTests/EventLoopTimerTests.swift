// SPDX-License-Identifier: Apache-2.0

import EventLoop
import Synchronization
import TestSupport
import Testing

@Suite("Event loop: timers", .timeLimit(.minutes(5)))
struct EventLoopTimerTests {
    @Test("fire in order and never early")
    func order() async throws {
        try await withLoop { loop in
            let fired = Recorder<Int>()
            let early = Atomic<Int>(0)
            let semaphore = Semaphore()
            await loop.run {
                let start = MonotonicTime.now()
                for name in [30, 10, 20, 0] {
                    let deadline = start.advanced(by: .milliseconds(name))
                    loop.schedule(at: deadline) {
                        if MonotonicTime.now() < deadline { early.add(1, ordering: .relaxed) }
                        if loop.now < deadline { early.add(1, ordering: .relaxed) }
                        fired.append(name)
                        if name == 30 { semaphore.signal() }
                    }
                }
            }
            #expect(await semaphore.arrives())
            #expect(fired.values == [0, 10, 20, 30])
            #expect(early.load(ordering: .relaxed) == 0)
        }
    }

    @Test("a cancelled one stays silent, also when its neighbour of the same turn cancels it")
    func cancel() async throws {
        try await withLoop { loop in
            let fired = Recorder<String>()
            let semaphore = Semaphore()
            await loop.run {
                let never = loop.schedule(after: .milliseconds(1)) { fired.append("never") }
                loop.cancel(never)
                var neighbour = TimerID.none
                loop.schedule(after: .milliseconds(2)) {
                    fired.append("first")
                    loop.cancel(neighbour)
                }
                neighbour = loop.schedule(after: .milliseconds(2)) { fired.append("neighbour") }
                loop.schedule(after: .milliseconds(4)) { semaphore.signal() }
            }
            #expect(await semaphore.arrives())
            #expect(fired.values == ["first"])
        }
    }

    @Test("a loop that has ended lets go of timers and handlers, and can be let go of itself")
    func letsGo() async throws {
        weak let observed = try await withLoop { loop in
            let pipe = Pipe()
            try await loop.run {
                let timer = loop.schedule(after: .seconds(3600)) { _ = loop.now }
                loop.schedule(after: .seconds(7200)) { loop.cancel(timer) }
                let handler = ClosureHandler { _ in _ = loop.now }
                try loop.register(pipe.readEnd, for: .readable, handler: handler)
            }
            return loop
        }
        // The thread that waited for its end may hold it a moment longer.
        let deadline = ContinuousClock.now.advanced(by: .seconds(60))
        while observed != nil, ContinuousClock.now < deadline { await Task.yield() }
        #expect(observed == nil)
    }

    @Test("one that makes itself anew at once leaves time for the rest")
    func endless() async throws {
        try await withLoop { loop in
            let mustStop = Atomic<Bool>(false)
            @Sendable func again() {
                guard !mustStop.load(ordering: .relaxed) else { return }
                loop.schedule(after: .zero) { again() }
            }
            await loop.run { again() }
            await loop.run {}
            await loop.wait(for: .milliseconds(1))
            mustStop.store(true, ordering: .relaxed)
        }
    }

    @Test("an infinitely late one does not keep others from being on time")
    func late() async throws {
        try await withLoop { loop in
            await loop.run {
                loop.schedule(at: MonotonicTime(nanoseconds: .max)) { preconditionFailure() }
                loop.schedule(after: .seconds(Int64.max)) { preconditionFailure() }
            }
            await loop.wait(for: .milliseconds(1))
            await loop.wait(for: .seconds(-5))
        }
    }

    @Test("wait(for:) comes back to the task that waited, on whatever executor")
    func waits() async throws {
        try await withLoop { loop in
            let before = MonotonicTime.now()
            await loop.wait(for: .milliseconds(5))
            #expect(before.duration(to: .now()) >= .milliseconds(5))
            #expect(!loop.isCurrent)
            let isOnLoop = await Task(executorPreference: loop) {
                await loop.wait(for: .milliseconds(1))
                return loop.isCurrent
            }.value
            #expect(isOnLoop)
        }
    }
}

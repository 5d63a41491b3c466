// SPDX-License-Identifier: Apache-2.0

import Glibc
import Synchronization
import TestSupport
import Testing

@testable import EventLoop

@Suite("Event loop: work from other threads", .timeLimit(.minutes(2)))
struct EventLoopWorkTests {
    @Test("runs all bodies of many threads on its own, each thread's in order")
    func manyThreads() async throws {
        let threadCount = 6
        let bodiesPerThread = 20_000
        try await withLoop { loop in
            let seen = Recorder<(thread: Int, number: Int)>()
            let foreign = Recorder<Int>()
            await withTaskGroup(of: Void.self) { group in
                for thread in 0..<threadCount {
                    let isQueued = Semaphore()
                    TestThread.start {
                        for number in 0..<bodiesPerThread {
                            loop.execute {
                                if !loop.isCurrent { foreign.append(number) }
                                seen.append((thread, number))
                            }
                        }
                        isQueued.signal()
                    }
                    group.addTask { #expect(await isQueued.arrives()) }
                }
            }
            await loop.run {}
            #expect(foreign.values.isEmpty)
            let values = seen.values
            for thread in 0..<threadCount {
                let numbers = values.filter { $0.thread == thread }.map(\.number)
                #expect(numbers == Array(0..<bodiesPerThread))
            }
        }
    }

    @Test("what has time wakes no loop that dozes, and runs all the same, announced or not")
    func dozing() async throws {
        try await withLoop { loop in
            for isAnnounced in [true, false] {
                for _ in 0..<500 {
                    // Once after a doze, once after a whole doze in which nothing came.
                    await loop.run { loop.doze() }
                    for _ in 0..<2 {
                        await withCheckedContinuation { continuation in
                            loop.executeSoon { continuation.resume() }
                            if isAnnounced { loop.announceWork() }
                        }
                    }
                }
            }
        }
    }

    @Test("no wake-up is lost: each body runs though nothing else happens")
    func wakeUps() async throws {
        try await withLoop { loop in
            let outcomes = Recorder<Bool>()
            let ends = (0..<4).map { _ in Semaphore() }
            for end in ends {
                TestThread.start {
                    let semaphore = Semaphore()
                    var isComplete = true
                    for _ in 0..<10_000 where isComplete {
                        loop.execute { semaphore.signal() }
                        isComplete = semaphore.wait()
                    }
                    outcomes.append(isComplete)
                    end.signal()
                }
            }
            for end in ends { #expect(await end.arrives()) }
            #expect(outcomes.values == [true, true, true, true])
        }
    }

    @Test("work queued on the loop runs before it sleeps, after what is queued already")
    func localWork() async throws {
        try await withLoop { loop in
            let order = Recorder<Int>()
            let semaphore = Semaphore()
            loop.execute {
                order.append(1)
                loop.execute {
                    order.append(3)
                    loop.execute {
                        order.append(5)
                        semaphore.signal()
                    }
                }
                loop.execute { order.append(4) }
                order.append(2)
            }
            #expect(await semaphore.arrives())
            #expect(order.values == [1, 2, 3, 4, 5])
        }
    }

    @Test("work that queues itself for ever leaves time for sockets, timers and other threads")
    func fairness() async throws {
        try await withLoop { loop in
            let mustStop = Atomic<Bool>(false)
            let pipe = Pipe()
            defer { pipe.close() }
            @Sendable func again() {
                guard !mustStop.load(ordering: .relaxed) else { return }
                loop.execute { again() }
            }
            let semaphore = Semaphore()
            loop.execute { again() }
            try await loop.run {
                pipe.write()
                let handler = ClosureHandler { _ in
                    loop.deregister(pipe.readEnd)
                    loop.schedule(after: .milliseconds(1)) { semaphore.signal() }
                }
                try loop.register(pipe.readEnd, for: .readable, handler: handler)
            }
            #expect(await semaphore.arrives())
            mustStop.store(true, ordering: .relaxed)
        }
    }

    @Test("stops from outside, from within, and when it was told before it started")
    func stops() async throws {
        let outside = try EventLoop(name: "outside")
        outside.start()
        outside.stop()
        outside.stop()
        try await TestThread.run { outside.join() }
        #expect(!outside.isCurrent)

        let within = try EventLoop(name: "within")
        within.start()
        within.execute { within.stop() }
        try await TestThread.run { within.join() }

        let early = try EventLoop(name: "early")
        early.stop()
        early.start()
        try await TestThread.run {
            early.join()
            early.join()
        }
    }

    @Test("runs on the thread that calls run()")
    func runsHere() async throws {
        let isOnThread = try await TestThread.run {
            let loop = try EventLoop(name: "a name longer than the kernel keeps")
            let thread = UInt(pthread_self())
            let ran = Atomic<Bool>(false)
            loop.schedule(after: .zero) {
                ran.store(UInt(pthread_self()) == thread && loop.isCurrent, ordering: .relaxed)
                loop.stop()
            }
            loop.run()
            return ran.load(ordering: .relaxed)
        }
        #expect(isOnThread)
    }

    @Test("gives its descriptors back")
    func releasesDescriptors() async {
        await #expect(processExitsWith: .success) {
            let before = openDescriptorCount()
            for _ in 0..<200 { try await withLoop { loop in await loop.run {} } }
            let after = openDescriptorCount()
            // A thread that joined one of the last may not have let go of it yet.
            precondition(after <= before + 20, "\(before) descriptors became \(after)")
        }
    }
}

/// How many descriptors this process has open.
func openDescriptorCount() -> Int {
    guard let directory = opendir("/proc/self/fd") else { return -1 }
    defer { closedir(directory) }
    var count = 0
    while readdir(directory) != nil { count += 1 }
    return count - 3  // ".", "..", and the directory itself.
}

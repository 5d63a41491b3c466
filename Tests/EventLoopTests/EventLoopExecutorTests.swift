// SPDX-License-Identifier: Apache-2.0

import EventLoop
import TestSupport
import Testing

@Suite("Event loop: executor", .timeLimit(.minutes(5)))
struct EventLoopExecutorTests {
    private actor Counter {
        var value = 0
        func add() -> Int {
            self.value += 1
            return self.value
        }
    }

    private actor Resident {
        nonisolated let loop: EventLoop
        nonisolated var unownedExecutor: UnownedSerialExecutor {
            self.loop.asUnownedSerialExecutor()
        }
        private var value = 0

        init(_ loop: EventLoop) { self.loop = loop }
        func isOnLoop() -> Bool { self.loop.isCurrent }
        nonisolated func bump() -> Int {
            self.assumeIsolated {
                $0.value += 1
                return $0.value
            }
        }
    }

    @Test("a task that prefers the loop runs there, and comes back after each wait")
    func prefers() async throws {
        try await withLoop { loop in
            let places = await Task(executorPreference: loop) {
                var places = [loop.isCurrent]
                await Task.yield()
                places.append(loop.isCurrent)
                let other = await Task.detached { loop.isCurrent }.value
                places.append(!other)
                places.append(loop.isCurrent)
                places.append(await loop.run { loop.isCurrent })
                async let child = loop.isCurrent
                places.append(await child)
                let counter = Counter()
                places.append(await counter.add() == 1)
                places.append(loop.isCurrent)
                return places
            }.value
            #expect(places == Array(repeating: true, count: places.count))
        }
    }

    @Test("run(_:) gives the result or the error, from any thread and from the loop itself")
    func run() async throws {
        struct Mistake: Error {}
        try await withLoop { loop in
            #expect(await loop.run { loop.isCurrent })
            await #expect(throws: Mistake.self) {
                try await loop.run { () throws -> Int in throw Mistake() }
            }
            let nested = await Task(executorPreference: loop) {
                await loop.run { loop.isCurrent }
            }.value
            #expect(nested)
        }
    }

    @Test("an actor lives on the loop, and event handlers may assume so (SE-0471)")
    func actors() async throws {
        try await withLoop { loop in
            let resident = Resident(loop)
            #expect(await resident.isOnLoop())
            #expect(await loop.run { resident.bump() } == 1)
            let pipe = Pipe()
            defer { pipe.close() }
            let semaphore = Semaphore()
            try await loop.run {
                pipe.write()
                let handler = ClosureHandler { _ in
                    loop.deregister(pipe.readEnd)
                    if resident.bump() == 2 { semaphore.signal() }
                }
                try loop.register(pipe.readEnd, for: .readable, handler: handler)
            }
            #expect(await semaphore.arrives())
        }
    }

    @Test("to assume isolation elsewhere stops the process")
    func assumesWrongly() async {
        await #expect(processExitsWith: .failure) {
            let loop = try EventLoop(name: "test")
            loop.start()
            _ = Resident(loop).bump()
        }
    }

    @Test("thousands of tasks that wait for one another all end")
    func manyTasks() async throws {
        try await withLoop { loop in
            let total = await withTaskGroup(of: Int.self) { group in
                for number in 0..<2000 {
                    group.addTask(executorPreference: loop) {
                        await Task.yield()
                        await loop.wait(for: .zero)
                        return number
                    }
                }
                return await group.reduce(0, +)
            }
            #expect(total == 1_999_000)
        }
    }
}

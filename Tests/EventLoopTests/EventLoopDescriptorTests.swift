// SPDX-License-Identifier: Apache-2.0

import EventLoop
import Glibc
import Synchronization
import TestSupport
import Testing

@Suite("Event loop: descriptors", .timeLimit(.minutes(5)))
struct EventLoopDescriptorTests {
    @Test("reports level-triggered, until it was dealt with")
    func levelTriggered() async throws {
        try await withLoop { loop in
            let pipe = Pipe()
            defer { pipe.close() }
            let semaphore = Semaphore()
            try await loop.run {
                pipe.write()
                var count = 0
                let handler = ClosureHandler { events in
                    precondition(events == .readable)
                    count += 1
                    guard count == 3 else { return }
                    pipe.drain()
                    loop.schedule(after: .milliseconds(2)) {
                        precondition(count == 3, "a drained pipe is not reported")
                        loop.deregister(pipe.readEnd)
                        semaphore.signal()
                    }
                }
                try loop.register(pipe.readEnd, for: .readable, handler: handler)
            }
            #expect(await semaphore.arrives())
        }
    }

    @Test("an event of this batch does not reach whoever got the same number anew")
    func reuse() async throws {
        try await withLoop { loop in
            let pipes = [Pipe(), Pipe()]
            let stale = Atomic<Int>(0)
            let fresh = Semaphore()
            let replacement = Mutex<Pipe?>(nil)
            try await loop.run {
                for pipe in pipes { pipe.write() }
                for (index, pipe) in pipes.enumerated() {
                    let other = pipes[1 - index]
                    let handler = ClosureHandler { _ in
                        // Whichever comes first replaces the other, whose event lies in the batch.
                        for pipe in pipes { loop.deregister(pipe.readEnd) }
                        pipe.drain()
                        var anew = Pipe()
                        dup2(anew.readEnd, other.readEnd)
                        close(anew.readEnd)
                        anew.readEnd = other.readEnd
                        let isWritten = Atomic<Bool>(false)
                        let successor = ClosureHandler { _ in
                            guard isWritten.load(ordering: .relaxed) else {
                                stale.add(1, ordering: .relaxed)
                                return
                            }
                            loop.deregister(other.readEnd)
                            fresh.signal()
                        }
                        try? loop.register(anew.readEnd, for: .readable, handler: successor)
                        replacement.withLock { $0 = anew }
                        loop.schedule(after: .milliseconds(2)) {
                            isWritten.store(true, ordering: .relaxed)
                            replacement.withLock { $0?.write() }
                        }
                    }
                    try loop.register(pipe.readEnd, for: .readable, handler: handler)
                }
            }
            #expect(await fresh.arrives())
            #expect(stale.load(ordering: .relaxed) == 0)
            for pipe in pipes { pipe.close() }
            if let pipe = replacement.withLock({ $0 }) { close(pipe.writeEnd) }
        }
    }

    @Test("handlers may register, change and end registrations, their own too")
    func changesWithin() async throws {
        try await withLoop { loop in
            let pipes = (0..<20).map { _ in Pipe() }
            defer { for pipe in pipes { pipe.close() } }
            let semaphore = Semaphore()
            @Sendable func watch(_ index: Int) throws {
                guard index < pipes.count else { return semaphore.signal() }
                let pipe = pipes[index]
                pipe.write()
                let handler = ClosureHandler { _ in
                    loop.modify(pipe.readEnd, for: [])
                    loop.modify(pipe.readEnd, for: .readable)
                    loop.deregister(pipe.readEnd)
                    loop.deregister(pipe.readEnd)
                    do { try watch(index + 1) } catch { preconditionFailure("\(error)") }
                }
                try loop.register(pipe.readEnd, for: .readable, handler: handler)
            }
            try await loop.run { try watch(0) }
            #expect(await semaphore.arrives())
        }
    }

    @Test("a hang-up is reported though nothing was asked for, and found by contains(.failed)")
    func hangUp() async throws {
        try await withLoop { loop in
            let pipe = Pipe()
            let semaphore = Semaphore()
            try await loop.run {
                let handler = ClosureHandler { events in
                    precondition(events.contains(.failed) && !events.contains(.readable))
                    loop.deregister(pipe.readEnd)
                    semaphore.signal()
                }
                try loop.register(pipe.readEnd, for: [], handler: handler)
                close(pipe.writeEnd)
            }
            #expect(await semaphore.arrives())
            close(pipe.readEnd)
        }
    }

    @Test("an error alone is a failure as well: a pipe whose reader is gone")
    func failure() async throws {
        try await withLoop { loop in
            let pipe = Pipe()
            let semaphore = Semaphore()
            try await loop.run {
                let handler = ClosureHandler { events in
                    precondition(events.contains(.failed))
                    loop.deregister(pipe.writeEnd)
                    semaphore.signal()
                }
                try loop.register(pipe.writeEnd, for: [], handler: handler)
                close(pipe.readEnd)
            }
            #expect(await semaphore.arrives())
            close(pipe.writeEnd)
        }
    }

    @Test("what cannot be watched is an error, and an earlier registration stays")
    func refuses() async throws {
        try await withLoop { loop in
            let pipe = Pipe()
            defer { pipe.close() }
            let file = open("/dev/null", O_RDONLY | O_CLOEXEC)
            let semaphore = Semaphore()
            try await loop.run {
                let silent = ClosureHandler { _ in preconditionFailure("was never registered") }
                func code(_ fd: Int32) -> Int32? {
                    do {
                        try loop.register(fd, for: .readable, handler: silent)
                        return nil
                    } catch { return (error as? SystemError)?.code }
                }
                // The highest number there can be: no other test gets it meanwhile.
                let closed = Int32(sysconf(Int32(_SC_OPEN_MAX))) - 1
                #expect(code(closed) == EBADF)
                #expect(code(file) == EPERM)
                let handler = ClosureHandler { _ in
                    loop.deregister(pipe.readEnd)
                    semaphore.signal()
                }
                try loop.register(pipe.readEnd, for: .readable, handler: handler)
                #expect(code(pipe.readEnd) == EEXIST)
                // None of these was registered, or exists.
                for fd: Int32 in [-1, file, closed, 100_000] {
                    loop.modify(fd, for: .readable)
                    loop.deregister(fd)
                }
                pipe.write()
            }
            #expect(await semaphore.arrives())
            close(file)
        }
    }

    @Test("more descriptors than one wait returns are all served")
    func manyDescriptors() async throws {
        try await withLoop { loop in
            let pipes = (0..<600).map { _ in Pipe() }
            let semaphore = Semaphore()
            try await loop.run {
                var left = pipes.count
                for pipe in pipes {
                    pipe.write()
                    let handler = ClosureHandler { _ in
                        loop.deregister(pipe.readEnd)
                        left -= 1
                        if left == 0 { semaphore.signal() }
                    }
                    try loop.register(pipe.readEnd, for: .readable, handler: handler)
                }
            }
            #expect(await semaphore.arrives())
            for pipe in pipes { pipe.close() }
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

import EventLoop
import Glibc
import Synchronization

/// Runs `body` with a loop that is started, and ends it afterwards.
func withLoop<Result: Sendable>(
    _ name: String = "test",
    _ body: (EventLoop) async throws -> Result
) async throws -> Result {
    let loop = try EventLoop(name: name)
    loop.start()
    let result: Result
    do {
        result = try await body(loop)
    } catch {
        loop.stop()
        throw error
    }
    loop.stop()
    try await TestThread.run { loop.join() }
    return result
}

/// A thread for code that blocks: the pool of the concurrency runtime has few, and all share it.
enum TestThread {
    private final class Start {
        let body: () -> Void
        init(_ body: @escaping () -> Void) { self.body = body }
    }

    static func run<Result: Sendable>(
        _ body: @escaping @Sendable () throws -> Result
    ) async throws -> Result {
        try await withCheckedThrowingContinuation { continuation in
            self.start { continuation.resume(with: Swift.Result { try body() }) }
        }
    }

    static func start(_ body: @escaping @Sendable () -> Void) {
        let context = Unmanaged.passRetained(Start(body)).toOpaque()
        var thread = pthread_t()
        let result = pthread_create(
            &thread,
            nil,
            { context in
                guard let context else { return nil }
                Unmanaged<Start>.fromOpaque(context).takeRetainedValue().body()
                return nil
            },
            context
        )
        precondition(result == 0, "the system grants a few threads to a test")
        pthread_detach(thread)
    }
}

/// Counts up, and lets a thread wait for it; nobody waits longer than the deadline.
///
/// `@unchecked Sendable`: owns `raw` from `init` to `deinit`, and sem_overview(7) says that the
/// calls on it are thread-safe.
final class Semaphore: @unchecked Sendable {
    private let raw = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

    init() { sem_init(self.raw, 0, 0) }

    deinit {
        sem_destroy(self.raw)
        self.raw.deallocate()
    }

    func signal() { sem_post(self.raw) }

    /// Whether a signal came before the deadline.
    func wait(seconds: Int = 20) -> Bool {
        var deadline = timespec()
        clock_gettime(CLOCK_REALTIME, &deadline)
        deadline.tv_sec += seconds
        while sem_timedwait(self.raw, &deadline) != 0 {
            guard errno == EINTR else { return false }
        }
        return true
    }
}

extension Semaphore {
    /// Waits on a thread of its own, so that no test keeps others from running.
    func arrives() async -> Bool {
        await withCheckedContinuation { continuation in
            TestThread.start { continuation.resume(returning: self.wait()) }
        }
    }
}

/// Collects values from any thread.
final class Recorder<Value: Sendable>: Sendable {
    private let storage = Mutex<[Value]>([])

    var values: [Value] { self.storage.withLock { $0 } }
    func append(_ value: Value) { self.storage.withLock { $0.append(value) } }
}

/// Hands events to a closure.
final class ClosureHandler: EventHandler {
    private let body: (IOEvents) -> Void
    init(_ body: @escaping (IOEvents) -> Void) { self.body = body }
    func handleEvents(_ events: IOEvents) { self.body(events) }
}

/// A pipe, non-blocking at both ends.
struct Pipe: Sendable {
    var readEnd: Int32
    var writeEnd: Int32

    init() {
        var ends: [Int32] = [-1, -1]
        precondition(pipe(&ends) == 0, "the system grants a pipe")
        (self.readEnd, self.writeEnd) = (ends[0], ends[1])
        for end in ends {
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
        }
    }

    func write(_ text: String = "x") {
        let bytes = Array(text.utf8)
        _ = Glibc.write(self.writeEnd, bytes, bytes.count)
    }

    /// Takes what is there.
    func drain() {
        var bytes = [UInt8](repeating: 0, count: 256)
        while Glibc.read(self.readEnd, &bytes, bytes.count) > 0 {}
    }

    func close() {
        Glibc.close(self.readEnd)
        Glibc.close(self.writeEnd)
    }
}

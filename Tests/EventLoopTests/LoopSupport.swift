// SPDX-License-Identifier: Apache-2.0

import EventLoop
import Glibc
import TestSupport

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

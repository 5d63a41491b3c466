// SPDX-License-Identifier: Apache-2.0

internal import EventLoop
internal import Glibc

/// Ctrl-C and SIGTERM, as something to wait for.
///
/// The first asks for a graceful end. The second ends the process at once; functions die with it,
/// because the kernel kills them when their parent is gone.
///
/// `@unchecked Sendable`: its variables belong to the thread of `loop`.
final class Interrupts: @unchecked Sendable {
    private let loop: EventLoop
    private var isInterrupted = false
    private var waiting: [Int: CheckedContinuation<Bool, Never>] = [:]
    private var waiterNext = 0

    /// Watches from now on; once a process.
    static func watch(on loop: EventLoop) async throws -> Interrupts {
        let interrupts = Interrupts(loop)
        try await loop.run {
            _ = try Signals([SIGINT, SIGTERM, SIGHUP], on: loop) { _ in interrupts.received() }
        }
        return interrupts
    }

    private init(_ loop: EventLoop) { self.loop = loop }

    private func received() {
        guard !self.isInterrupted else { exit(130) }
        self.isInterrupted = true
        Terminal.endProgress()
        Terminal.note("Stopping; once more to stop at once.")
        let waiting = self.waiting
        self.waiting = [:]
        for continuation in waiting.values { continuation.resume(returning: true) }
    }

    /// Waits for the first interrupt.
    func wait() async {
        _ = await withCheckedContinuation { continuation in
            self.loop.execute { _ = self.add(continuation) }
        }
    }

    /// Runs `body` to its end, or until the first interrupt.
    ///
    /// - Returns: `nil` after an interrupt; `body` is cancelled then, and not awaited.
    func unlessInterrupted<Value: Sendable>(
        _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value? {
        let task = Task { try await body() }
        let isInterrupted = await withCheckedContinuation {
            (continuation: CheckedContinuation<Bool, Never>) in
            self.loop.execute {
                guard let number = self.add(continuation) else { return }
                Task {
                    _ = await task.result
                    self.loop.execute {
                        self.waiting.removeValue(forKey: number)?.resume(returning: false)
                    }
                }
            }
        }
        guard isInterrupted else { return try await task.value }
        task.cancel()
        return nil
    }

    private func add(_ continuation: CheckedContinuation<Bool, Never>) -> Int? {
        guard !self.isInterrupted else {
            continuation.resume(returning: true)
            return nil
        }
        self.waiterNext += 1
        self.waiting[self.waiterNext] = continuation
        return self.waiterNext
    }
}

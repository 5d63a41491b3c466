// SPDX-License-Identifier: Apache-2.0

internal import EventLoop

/// Lets the steps of a drain be waited for, until it is cut short.
///
/// `@unchecked Sendable`: its variables belong to the thread of ``loop``.
final class DrainRace: @unchecked Sendable {
    private let loop: EventLoop
    private var isCut = false
    private var stepLast = 0
    private var waiting: [Int: CheckedContinuation<Bool, Never>] = [:]

    init(loop: EventLoop) { self.loop = loop }

    /// Waits until a step is done or the drain is cut short; the step goes on by itself then.
    ///
    /// - Returns: Whether it was done.
    @discardableResult
    func wait(for step: @escaping @Sendable () async -> Void) async -> Bool {
        await withCheckedContinuation { continuation in
            self.loop.execute {
                guard !self.isCut else { return continuation.resume(returning: false) }
                self.stepLast += 1
                let id = self.stepLast
                self.waiting[id] = continuation
                Task {
                    await step()
                    self.loop.execute { self.waiting[id].take()?.resume(returning: true) }
                }
            }
        }
    }

    /// Ends all waits, and those that are still to come; loop only.
    func cut() {
        self.isCut = true
        let waiting = self.waiting
        self.waiting = [:]
        for continuation in waiting.values { continuation.resume(returning: false) }
    }
}

// SPDX-License-Identifier: Apache-2.0

internal import EventLoop

/// Lets the steps of a drain be waited for, until it is cut short.
///
/// `@unchecked Sendable`: its variables belong to the thread of ``loop``.
final class DrainRace: @unchecked Sendable {
    private let loop: EventLoop
    private var isCut = false
    private var waiting: [Step] = []

    /// A step that is waited for, until it is done.
    ///
    /// `@unchecked Sendable`: its variable belongs to the thread of the race's loop.
    private final class Step: @unchecked Sendable {
        var continuation: CheckedContinuation<Bool, Never>?

        init(_ continuation: CheckedContinuation<Bool, Never>) { self.continuation = continuation }
    }

    init(loop: EventLoop) { self.loop = loop }

    /// Waits until a step is done or the drain is cut short; the step goes on by itself then.
    ///
    /// - Returns: Whether it was done.
    @discardableResult
    func wait(for step: @escaping @Sendable () async -> Void) async -> Bool {
        await withCheckedContinuation { continuation in
            self.loop.execute {
                guard !self.isCut else { return continuation.resume(returning: false) }
                let waiting = Step(continuation)
                self.waiting.append(waiting)
                Task {
                    await step()
                    self.loop.execute { waiting.continuation.take()?.resume(returning: true) }
                }
            }
        }
    }

    /// Ends all waits, and those that are still to come; loop only.
    func cut() {
        self.isCut = true
        let waiting = self.waiting
        self.waiting = []
        for step in waiting { step.continuation.take()?.resume(returning: false) }
    }
}

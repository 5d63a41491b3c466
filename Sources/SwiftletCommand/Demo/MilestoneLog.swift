// SPDX-License-Identifier: Apache-2.0

internal import EventLoop
internal import Synchronization
internal import Telemetry

/// All milestones since the start, and a way to wait for one; any thread.
final class MilestoneLog: Sendable {
    private struct Waiter {
        var number: Int
        var matches: @Sendable (Milestone) -> Bool
        var continuation: CheckedContinuation<Milestone?, Never>
    }

    private struct State {
        var milestones: [Milestone] = []
        var waiters: [Waiter] = []
        var waiterNext = 0
    }

    /// Older ones are forgotten; a demonstration has a handful.
    private static let countMax = 10_000

    private let state = Mutex(State())

    /// What the parts of the platform report to.
    var recorder: MilestoneRecorder { MilestoneRecorder { self.append($0) } }

    /// All milestones in the order in which they were reported.
    var all: [Milestone] { self.state.withLock { $0.milestones } }

    private func append(_ milestone: Milestone) {
        let woken = self.state.withLock { state in
            if state.milestones.count >= Self.countMax { state.milestones.removeFirst() }
            state.milestones.append(milestone)
            let woken = state.waiters.filter { $0.matches(milestone) }
            state.waiters.removeAll { $0.matches(milestone) }
            return woken
        }
        for waiter in woken { waiter.continuation.resume(returning: milestone) }
    }

    /// Waits for a milestone, also one that was reported before.
    ///
    /// - Returns: `nil` when the time is over.
    func wait(
        for timeout: Duration,
        on loop: EventLoop,
        _ matches: @escaping @Sendable (Milestone) -> Bool
    ) async -> Milestone? {
        await withCheckedContinuation { continuation in
            let (found, number) = self.state.withLock { state -> (Milestone?, Int) in
                if let found = state.milestones.first(where: matches) { return (found, 0) }
                state.waiterNext += 1
                let number = state.waiterNext
                state.waiters.append(
                    Waiter(number: number, matches: matches, continuation: continuation)
                )
                return (nil, number)
            }
            if let found { return continuation.resume(returning: found) }
            loop.execute { loop.schedule(after: timeout) { self.giveUp(number) } }
        }
    }

    private func giveUp(_ number: Int) {
        let waiter = self.state.withLock { state -> Waiter? in
            guard let index = state.waiters.firstIndex(where: { $0.number == number })
            else { return nil }
            return state.waiters.remove(at: index)
        }
        waiter?.continuation.resume(returning: nil)
    }
}

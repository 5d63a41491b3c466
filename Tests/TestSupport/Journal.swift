// SPDX-License-Identifier: Apache-2.0

package import EventLoop
import Synchronization

/// What happened so far, and a way to wait for more without looking at a clock again and again.
package final class Journal<Entry: Sendable>: Sendable {
    /// What is waited for.
    package typealias Condition = @Sendable ([Entry]) -> Bool

    private struct Waiter: Sendable {
        var id: Int
        var condition: Condition
        var continuation: CheckedContinuation<Bool, Never>
    }

    private struct State {
        var entries: [Entry] = []
        var waiters: [Waiter] = []
        var lastID = 0
    }

    private let state = Mutex(State())
    private let loop: EventLoop

    /// Makes an empty one, whose waiters time out on `loop`.
    package init(loop: EventLoop) { self.loop = loop }

    /// All that happened, in order.
    package var entries: [Entry] { self.state.withLock { $0.entries } }

    /// Notes what happened; any thread.
    package func append(_ entry: Entry) {
        let satisfied = self.state.withLock { state in
            state.entries.append(entry)
            let satisfied = state.waiters.filter { $0.condition(state.entries) }
            let ids = Set(satisfied.map(\.id))
            state.waiters.removeAll { ids.contains($0.id) }
            return satisfied
        }
        for waiter in satisfied { waiter.continuation.resume(returning: true) }
    }

    /// Comes back with `true` as soon as the condition holds, with `false` at the deadline.
    package func wait(
        atMost deadline: Duration = .seconds(240),
        until condition: @escaping Condition
    ) async -> Bool {
        await withCheckedContinuation { continuation in
            let id: Int? = self.state.withLock { state in
                guard !condition(state.entries) else { return nil }
                state.lastID += 1
                state.waiters.append(
                    Waiter(id: state.lastID, condition: condition, continuation: continuation)
                )
                return state.lastID
            }
            guard let id else { return continuation.resume(returning: true) }
            self.loop.execute {
                self.loop.schedule(after: deadline) { [weak self] in self?.giveUp(id) }
            }
        }
    }

    private func giveUp(_ id: Int) {
        let waiter = self.state.withLock { state -> Waiter? in
            guard let index = state.waiters.firstIndex(where: { $0.id == id }) else { return nil }
            return state.waiters.remove(at: index)
        }
        waiter?.continuation.resume(returning: false)
    }
}

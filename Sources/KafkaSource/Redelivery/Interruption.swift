// SPDX-License-Identifier: Apache-2.0

package import EventLoop
internal import Synchronization

/// Says that work is to end, and wakes who waits for a time to pass; any thread.
package final class Interruption: Sendable {
    private struct State {
        var isSet = false
        var reason: String?
        var sleepers: [Int: CheckedContinuation<Void, Never>] = [:]
        var lastSleeper = 0
    }

    private let loop: EventLoop
    private let state = Mutex(State())

    /// Makes one that is not set; waits end on `loop`.
    package init(loop: EventLoop) { self.loop = loop }

    /// Whether work is to end.
    package var isSet: Bool { self.state.withLock { $0.isSet } }

    /// Why, when it was not a person.
    package var reason: String? { self.state.withLock { $0.reason } }

    /// Says so; the first reason counts.
    package func set(because reason: String? = nil) {
        let sleepers = self.state.withLock { state in
            if !state.isSet { state.reason = reason }
            state.isSet = true
            defer { state.sleepers = [:] }
            return state.sleepers.values
        }
        for sleeper in sleepers { sleeper.resume() }
    }

    /// Comes back after a time, or as soon as work is to end.
    ///
    /// - Returns: Whether work goes on.
    func pause(_ duration: Duration) async -> Bool {
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            let id: Int? = self.state.withLock { state in
                guard !state.isSet else { return nil }
                state.lastSleeper += 1
                state.sleepers[state.lastSleeper] = continuation
                return state.lastSleeper
            }
            guard let id else { return continuation.resume() }
            self.loop.execute {
                self.loop.schedule(after: duration) {
                    self.state.withLock { $0.sleepers.removeValue(forKey: id) }?.resume()
                }
            }
        }
        return !self.isSet
    }
}

// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// Counts the connections of a server on all its loops.
///
/// Any thread.
final class HTTPServerCapacity: Sendable {
    private struct State {
        var connections = 0
        /// Whether accepting rests until a connection ends.
        var isAwaited = false
    }

    private let connectionsMax: Int
    private let state = Mutex(State())

    init(connectionsMax: Int) { self.connectionsMax = connectionsMax }

    /// Whether there is room for one more, which is counted then.
    func take() -> Bool {
        self.state.withLock { state in
            state.isAwaited = state.connections >= self.connectionsMax
            if !state.isAwaited { state.connections += 1 }
            return !state.isAwaited
        }
    }

    /// Takes one out of the count.
    ///
    /// - Returns: Whether accepting has waited for that.
    func giveBack() -> Bool {
        self.state.withLock { state in
            state.connections -= 1
            defer { state.isAwaited = false }
            return state.isAwaited
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Counts what went well and what did not; any thread.
final class Counted: Sendable {
    private let state = Mutex((good: 0, bad: 0, isOver: false))

    var good: Int { self.state.withLock { $0.good } }
    var bad: Int { self.state.withLock { $0.bad } }
    /// Whether those who count should end.
    var isOver: Bool { self.state.withLock { $0.isOver } }

    func count(_ isGood: Bool) {
        self.state.withLock { if isGood { $0.good += 1 } else { $0.bad += 1 } }
    }

    func end() { self.state.withLock { $0.isOver = true } }
}

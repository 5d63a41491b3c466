// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Collects values from any thread.
package final class Recorder<Value: Sendable>: Sendable {
    private let storage = Mutex<[Value]>([])

    /// Makes an empty one.
    package init() {}

    /// All values so far.
    package var values: [Value] { self.storage.withLock { $0 } }
    /// How many there are.
    package var count: Int { self.storage.withLock { $0.count } }
    /// Adds one.
    package func append(_ value: Value) { self.storage.withLock { $0.append(value) } }
    /// Takes all.
    package func take() -> [Value] {
        self.storage.withLock { values in
            defer { values = [] }
            return values
        }
    }
}

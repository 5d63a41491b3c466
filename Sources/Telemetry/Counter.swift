// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// A number that only grows; any thread.
package final class Counter: Sendable {
    private let count = Atomic<UInt64>(0)

    /// Adds to the number.
    package func increment(by amount: UInt64 = 1) {
        self.count.wrappingAdd(amount, ordering: .relaxed)
    }

    /// The number now.
    package var value: UInt64 { self.count.load(ordering: .relaxed) }
}

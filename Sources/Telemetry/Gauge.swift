// SPDX-License-Identifier: Apache-2.0

/// A number that goes up and down; any thread.
package final class Gauge: Sendable {
    private let number = AtomicDouble()

    /// Replaces the number.
    package func set(_ value: Double) { self.number.store(value) }

    /// Replaces the number.
    package func set(_ value: some BinaryInteger) { self.number.store(Double(value)) }

    /// Adds to the number; a negative amount takes away.
    package func add(_ amount: Double) { self.number.add(amount) }

    /// Adds one.
    package func increment() { self.number.add(1) }

    /// Takes one away.
    package func decrement() { self.number.add(-1) }

    /// The number now.
    package var value: Double { self.number.load() }
}

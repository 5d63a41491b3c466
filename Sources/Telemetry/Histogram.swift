// SPDX-License-Identifier: Apache-2.0

/// Counts observations by how large they are; any thread.
package final class Histogram: Sendable {
    /// Bounds for the time that requests take, in seconds.
    package static let secondsBounds: [Double] = [
        0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300,
    ]

    /// The inclusive upper bounds of all buckets but the last, which has none.
    let bounds: [Double]
    private let buckets: [Counter]
    private let total = AtomicDouble()

    /// Makes a histogram; `bounds` are finite and ascend.
    init(bounds: [Double]) {
        precondition(
            bounds.allSatisfy(\.isFinite) && zip(bounds, bounds.dropFirst()).allSatisfy(<),
            "the bounds of a histogram are finite and ascend"
        )
        self.bounds = bounds
        self.buckets = (0...bounds.count).map { _ in Counter() }
    }

    /// Counts one observation; what is not a number is left out, for it would spoil the sum.
    package func observe(_ value: Double) {
        guard !value.isNaN else { return }
        let index = self.bounds.firstIndex { value <= $0 } ?? self.bounds.count
        self.buckets[index].increment()
        self.total.add(value)
    }

    /// Counts one observation of a time, in seconds.
    package func observe(_ time: Duration) {
        let (seconds, attoseconds) = time.components
        self.observe(Double(seconds) + Double(attoseconds) * 1e-18)
    }

    /// Observations so far, for each bucket alone.
    var counts: [UInt64] { self.buckets.map(\.value) }
    /// The sum of all observations.
    var sum: Double { self.total.load() }
}

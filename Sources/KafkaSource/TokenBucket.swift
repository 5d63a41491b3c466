// SPDX-License-Identifier: Apache-2.0

package import EventLoop

/// Lets so many events pass in a second, and no more at once than one second allows.
package struct TokenBucket: Sendable {
    private let interval: Duration
    private let burst: Duration
    /// When the bucket would be empty, had it been filled at the pace of its rate.
    private var emptyAt: MonotonicTime

    /// Makes a full bucket.
    ///
    /// `rate`: Events a second, above zero.
    package init(rate: Double, at now: MonotonicTime) {
        precondition(rate > 0, "a rate of nothing lets nothing pass")
        self.interval = .seconds(1 / max(rate, 1e-6))
        self.burst = max(.seconds(1), self.interval)
        self.emptyAt = now.advanced(by: .zero - self.burst)
    }

    /// Whether an event may pass now.
    package func admits(at now: MonotonicTime) -> Bool { self.nextAdmission <= now }

    /// When the next event may pass.
    package var nextAdmission: MonotonicTime { self.emptyAt.advanced(by: self.interval) }

    /// Takes the place of one event.
    package mutating func take(at now: MonotonicTime) {
        // What was not used for longer than the burst is gone.
        let earliest = now.advanced(by: .zero - self.burst)
        self.emptyAt = max(self.emptyAt, earliest).advanced(by: self.interval)
    }
}

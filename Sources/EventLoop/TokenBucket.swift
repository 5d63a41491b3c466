// SPDX-License-Identifier: Apache-2.0

/// A number of things that may happen at once, and that comes back with time.
///
/// A value without a clock: the time is an argument. It begins full.
package struct TokenBucket: Sendable {
    /// In how many nanoseconds one token comes back, and in how many all do.
    private let interval: UInt64
    private let fillTime: UInt64
    /// When all of them are back.
    private var fullAt = MonotonicTime(nanoseconds: 0)

    /// Makes a full bucket.
    ///
    /// - Parameters:
    ///   - capacity: How many may be taken at once; nothing passes where that is 0.
    ///   - interval: In which one comes back; a nanosecond at least.
    package init(capacity: Int, interval: Duration) {
        self.interval = max(1, TimeSpan(interval).nanoseconds)
        self.fillTime = Self.product(capacity, self.interval)
    }

    /// Makes a full bucket that holds what comes back in a second, and one at least.
    ///
    /// - Parameter rate: How many come back in a second, above 0.
    package init(rate: Double) {
        precondition(rate > 0, "a rate of nothing lets nothing pass")
        self.interval = max(1, TimeSpan(.seconds(1 / max(rate, 1e-6))).nanoseconds)
        self.fillTime = max(TimeSpan(.seconds(1)).nanoseconds, self.interval)
    }

    private static func product(_ count: Int, _ interval: UInt64) -> UInt64 {
        let (product, overflow) = UInt64(max(0, count)).multipliedReportingOverflow(by: interval)
        return overflow ? .max : product
    }

    /// When the bucket is full again, once so many are taken.
    private func fullAt(taking count: Int, at now: MonotonicTime) -> MonotonicTime {
        let start = max(self.fullAt, now).nanoseconds
        let (sum, overflow) = start.addingReportingOverflow(Self.product(count, self.interval))
        return MonotonicTime(nanoseconds: overflow ? .max : sum)
    }

    /// When so many can be taken, as things stand at `now`.
    package func admission(of count: Int = 1, at now: MonotonicTime) -> MonotonicTime {
        let full = self.fullAt(taking: count, at: now).nanoseconds
        return MonotonicTime(nanoseconds: full - min(full, self.fillTime))
    }

    /// Whether so many can be taken now.
    package func admits(_ count: Int = 1, at now: MonotonicTime) -> Bool {
        self.admission(of: count, at: now) <= now
    }

    /// Takes so many, also where they are still to come: then later ones come later.
    package mutating func take(_ count: Int = 1, at now: MonotonicTime) {
        self.fullAt = self.fullAt(taking: count, at: now)
    }

    /// Takes so many if they are there.
    ///
    /// - Returns: Whether they were.
    package mutating func takeIfAdmitted(_ count: Int = 1, at now: MonotonicTime) -> Bool {
        guard self.admits(count, at: now) else { return false }
        self.take(count, at: now)
        return true
    }
}

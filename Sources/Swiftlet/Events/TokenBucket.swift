// SPDX-License-Identifier: Apache-2.0

internal import EventLoop

/// Lets so many pass a minute, and says when the next may.
///
/// The bucket holds a minute's worth, so what was not used may come at once. A value; time is an
/// argument.
struct TokenBucket {
    /// What is earned by time alone, and at most kept, in nanoseconds.
    private static let creditMax: UInt64 = 60_000_000_000

    /// The credit that lets one pass.
    private let price: UInt64
    private var credit = Self.creditMax
    private var lastRefill: MonotonicTime?

    /// Makes a full one; `perMinute` is at least 1.
    init(perMinute: Int) { self.price = Self.creditMax / UInt64(max(1, perMinute)) }

    /// Takes the price of one.
    ///
    /// - Returns: `nil` when it was there; else how long to wait for it.
    mutating func take(now: MonotonicTime) -> Duration? {
        let last = self.lastRefill ?? now
        let earned = now > last ? min(Self.creditMax, now.nanoseconds - last.nanoseconds) : 0
        self.lastRefill = max(now, last)
        self.credit = min(Self.creditMax, self.credit + earned)
        guard self.credit < self.price else {
            self.credit -= self.price
            return nil
        }
        return .nanoseconds(Int64(self.price - self.credit))
    }
}

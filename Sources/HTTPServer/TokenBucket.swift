// SPDX-License-Identifier: Apache-2.0

internal import EventLoop

/// A number of things that may happen at once, and that comes back with time.
///
/// A value without a clock: the time is an argument.
struct TokenBucket {
    private let capacity: Int
    private let nanosecondsPerToken: UInt64
    private var tokens: Int
    private var countedAt: MonotonicTime

    init(capacity: Int, perSecond: Int, now: MonotonicTime) {
        self.capacity = max(0, capacity)
        self.nanosecondsPerToken = 1_000_000_000 / UInt64(max(1, perSecond))
        self.tokens = self.capacity
        self.countedAt = now
    }

    /// Takes so many, if there are.
    mutating func take(_ count: Int = 1, at now: MonotonicTime) -> Bool {
        if now > self.countedAt {
            let passed = now.nanoseconds - self.countedAt.nanoseconds
            let earned = passed / max(1, self.nanosecondsPerToken)
            if earned >= UInt64(self.capacity) {
                self.tokens = self.capacity
                self.countedAt = now
            } else {
                self.tokens = min(self.capacity, self.tokens + Int(earned))
                let counted = earned * self.nanosecondsPerToken
                self.countedAt = MonotonicTime(nanoseconds: self.countedAt.nanoseconds + counted)
            }
        }
        guard self.tokens >= count else { return false }
        self.tokens -= count
        return true
    }
}

// SPDX-License-Identifier: Apache-2.0

/// How long to wait between two tries: longer each time, and never the same for all.
struct RetryDelay: Equatable {
    /// The first wait.
    static let first = Duration.milliseconds(100)
    /// The longest wait; that a pod is ready is seen this late at worst.
    static let longest = Duration.seconds(10)

    private var base = Self.first
    /// Tries that failed in a row.
    private(set) var failureCount = 0

    /// Notes a failure.
    ///
    /// - Parameters:
    ///   - asked: What the server asked for; it is never tried sooner.
    ///   - jitter: From 0 up to 1: half of the wait is left to chance, so that those who lost the
    ///     same server do not come back all at once.
    /// - Returns: How long to wait.
    mutating func failed(asked: Duration? = nil, jitter: Double) -> Duration {
        let wait = self.base / 2 + self.base / 2 * min(max(jitter, 0), 1)
        self.failureCount += 1
        self.base = min(self.base * 2, Self.longest)
        return max(wait, asked ?? .zero)
    }

    /// It works again.
    mutating func succeeded() { self = RetryDelay() }
}

// SPDX-License-Identifier: Apache-2.0

/// How often a request is sent, and how long the pauses between are (exponential, full jitter).
package struct RetryPolicy: Sendable, Equatable {
    /// How often a request is sent at most, the first time included.
    package var attemptsMax = 5
    /// The longest pause after the first failure; it doubles with each further one.
    package var firstPauseMax = Duration.milliseconds(200)
    /// The longest pause of all, also when the server asks for more with `Retry-After`.
    package var pauseMax = Duration.seconds(10)

    /// The defaults.
    package init() {}

    /// How long to wait before the next attempt; `nil` when there is none.
    ///
    /// - Parameters:
    ///   - failures: How many attempts failed, at least one.
    ///   - retryAfter: What the server asked for.
    ///   - fraction: A random number, 0 to 1.
    /// - Returns: The pause.
    func pause(afterFailures failures: Int, retryAfter: Duration?, fraction: Double) -> Duration? {
        guard failures < self.attemptsMax else { return nil }
        let doublings = min(max(failures - 1, 0), 30)
        let ceiling = min(self.firstPauseMax * (1 << doublings), self.pauseMax)
        let pause = ceiling * min(max(fraction, 0), 1)
        guard let retryAfter else { return pause }
        return min(max(pause, retryAfter), self.pauseMax)
    }
}

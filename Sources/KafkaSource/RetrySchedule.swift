// SPDX-License-Identifier: Apache-2.0

/// How often an event is sent again, and after which waits.
struct RetrySchedule: Sendable, Equatable {
    /// How chance enters the waits.
    enum Jitter: Sendable {
        /// Not at all, as in Knative.
        case none
        /// A wait is anything between zero and what the policy says.
        case full
    }

    /// Attempts after the first.
    var retriesMax: Int
    /// How waits grow.
    var policy: BackoffPolicy
    /// The unit of the waits.
    var delay: Duration
    /// No wait of the policy is longer; Knative's defaults stay below it.
    var delayMax = Duration.seconds(600)
    /// How chance enters the waits.
    var jitter = Jitter.none
    /// The longest wait that a sink may ask for; zero: what it asks for does not count.
    var retryAfterMax = Duration.seconds(600)

    /// The wait before the next attempt, `nil` when there is none left.
    ///
    /// As in Knative the first exponential wait is *twice* the delay, the first linear one once.
    ///
    /// - Parameters:
    ///   - attempts: How many there were, at least one.
    ///   - random: From 0 up to, not including, 1; matters with jitter only.
    ///   - retryAfter: What the sink asked for.
    /// - Returns: The wait.
    func wait(afterAttempts attempts: Int, random: Double, retryAfter: Duration?) -> Duration? {
        precondition(attempts >= 1, "a wait follows an attempt")
        guard attempts <= self.retriesMax else { return nil }
        var wait = min(self.grown(attempts), self.delayMax)
        if self.jitter == .full { wait = .seconds(wait / .seconds(1) * random) }
        guard let retryAfter, self.retryAfterMax > .zero else { return wait }
        return max(wait, min(retryAfter, self.retryAfterMax))
    }

    private func grown(_ attempts: Int) -> Duration {
        // Before it is multiplied: a manifest may say anything.
        guard self.delay < self.delayMax else { return self.delayMax }
        switch self.policy {
        case .linear:
            // A number of attempts that does not fit is beyond every cap.
            return self.delay * Int(Int32(clamping: attempts))
        case .exponential:
            // Larger powers are beyond every cap, and would not fit.
            return self.delay * (1 << min(attempts, 31))
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

internal import EventLoop

/// How many frames a client may send that carry no part of a message.
///
/// A value without a clock: the time is an argument. Each frame that came is spent; each that
/// carries a part of a message, either way, earns several, so that who answers DATA with
/// WINDOW_UPDATE or PING is never held up, however large the body. What was earned by work is kept,
/// for a client may acknowledge late; what comes with time is bounded.
struct HTTP2FrameBudget {
    private let earnedPerFrame: Int
    private var earned = 0
    private var bucket: TokenBucket

    init(_ limits: HTTP2Limits) {
        self.earnedPerFrame = max(1, limits.overheadFramesPerMessageFrame)
        self.bucket = TokenBucket(
            capacity: limits.overheadFramesMax,
            interval: .seconds(1) / max(1, limits.overheadFramesPerSecond)
        )
    }

    /// A frame carried a part of a message.
    mutating func earn() {
        let (sum, overflow) = self.earned.addingReportingOverflow(self.earnedPerFrame)
        self.earned = overflow ? .max : sum
    }

    /// So many frames came.
    ///
    /// - Returns: Whether there was room for all of them.
    mutating func spend(_ count: Int, at now: MonotonicTime) -> Bool {
        guard count > self.earned else {
            self.earned -= count
            return true
        }
        let rest = count - self.earned
        self.earned = 0
        return self.bucket.takeIfAdmitted(rest, at: now)
    }
}

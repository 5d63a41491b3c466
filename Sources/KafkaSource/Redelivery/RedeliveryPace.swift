// SPDX-License-Identifier: Apache-2.0

internal import EventLoop
internal import Synchronization

/// Lets records go at a rate, in the order in which they ask; any task.
final class RedeliveryPace: Sendable {
    /// `nil` lets any number go.
    private let bucket: Mutex<TokenBucket?>
    private let interruption: Interruption

    /// Makes a pace of so many records a second; `nil` for any number.
    init(rate: Double?, interruption: Interruption) {
        self.bucket = Mutex(rate.map { TokenBucket(rate: $0) })
        self.interruption = interruption
    }

    /// Comes back when the next record may go.
    ///
    /// - Returns: Whether work goes on.
    func admit() async -> Bool {
        let now = MonotonicTime.now()
        let turn = self.bucket.withLock { bucket -> MonotonicTime? in
            let turn = bucket?.admission(at: now)
            // The turn is taken now, so that nobody who asks later comes before.
            bucket?.take(at: now)
            return turn
        }
        guard let turn, turn > now else { return !self.interruption.isSet }
        return await self.interruption.pause(now.duration(to: turn))
    }
}

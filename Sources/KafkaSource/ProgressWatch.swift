// SPDX-License-Identifier: Apache-2.0

internal import EventLoop

/// Tells a source that has stopped for no reason from one that waits for its sink.
///
/// Who waits for an answer, or for the next attempt, has something under way. Who has nothing under
/// way, and lag, takes the next record at once; when that does not happen for a while, something is
/// broken that a restart may mend.
struct ProgressWatch: Sendable {
    /// Reading may pause that long: connections break, leaders move.
    static let stalledAfter = Duration.seconds(120)

    private var last: MonotonicTime

    init(at now: MonotonicTime) { self.last = now }

    /// Notes that a record was taken, or could be.
    mutating func advanced(at now: MonotonicTime) { self.last = now }

    /// How long nothing happened.
    func idleTime(at now: MonotonicTime) -> Duration { self.last.duration(to: now) }

    /// Whether nothing happens though it should.
    func isStalled(lag: Int64, jobsCount: Int, at now: MonotonicTime) -> Bool {
        lag > 0 && jobsCount == 0 && self.idleTime(at: now) > Self.stalledAfter
    }
}

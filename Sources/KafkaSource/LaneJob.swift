// SPDX-License-Identifier: Apache-2.0

internal import EventLoop

/// A record of a lane that is not finished; a part of ``LaneSet``.
struct LaneJob {
    enum Phase: Equatable {
        /// With its target.
        case sent
        /// To be sent as soon as there is room.
        case ready
        /// Waits for its next attempt.
        case waiting(until: MonotonicTime)
        /// Waits for an earlier record of its key.
        case behind
    }

    let lane: LaneSet.LaneID
    /// How often the lane's offsets had gone back.
    let epoch: Int
    let offset: Int64
    /// What stands for its key where keys are kept in order.
    let key: Int?
    let bytesCount: Int
    let takenAt: MonotonicTime
    /// The record cannot become an event; the sink is never tried.
    var isPoison = false
    var target = LaneSet.Target.sink
    /// Attempts with the present target.
    var attempts = 0
    /// All attempts with the sink, those of earlier owners of the partition counted in.
    var sinkAttempts = 0
    /// How often it was held; from then on a round is one attempt with each target.
    var holds = 0
    var isHeld = false
    var phase = Phase.sent
    /// The next record of its key.
    var successor: LaneSet.JobID?
}

/// A partition that was assigned; a part of ``LaneSet``.
struct Lane {
    var tracker: OffsetTracker
    /// Counts how often the offsets went back.
    var epoch = 0
    var jobsCount = 0
    var sentCount = 0
    var isDry = false
    var isRevoked = false
    /// Whether it stands in the queue of those that want records.
    var isQueued = false
    /// The last record under way of each key.
    var lastOfKey: [Int: LaneSet.JobID] = [:]

    /// Begins to track a record.
    ///
    /// - Returns: What became of it, and whether the offsets went back.
    mutating func register(
        _ offset: Int64,
        windowMax: Int
    ) -> (registration: OffsetTracker.Registration, isRewound: Bool) {
        let registration = self.tracker.register(offset)
        guard registration == .refused else { return (registration, false) }
        self.epoch += 1
        self.tracker = OffsetTracker(windowMax: windowMax)
        self.lastOfKey = [:]
        return (self.tracker.register(offset), true)
    }
}

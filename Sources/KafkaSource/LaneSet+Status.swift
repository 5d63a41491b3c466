// SPDX-License-Identifier: Apache-2.0

internal import EventLoop

extension LaneSet {
    // MARK: Commits

    /// What is finished or tried and not stored yet, for each lane where there is something.
    mutating func takeUncommitted() -> [(lane: LaneID, commit: OffsetTracker.Commit)] {
        var commits: [(lane: LaneID, commit: OffsetTracker.Commit)] = []
        for id in self.laneIDs {
            if let commit = self.lanes[id]?.tracker.takeUncommitted() {
                commits.append((id, commit))
            }
        }
        return commits
    }

    /// Notes that the group stored an offset.
    mutating func committed(_ id: LaneID, _ offset: Int64) {
        self.lanes[id]?.tracker.commit(offset)
    }

    /// Notes that the group did not store what it was asked to.
    mutating func commitFailed(_ id: LaneID) { self.lanes[id]?.tracker.commitFailed() }

    // MARK: What an operator sees

    /// The state of a lane.
    struct Status: Equatable, Sendable {
        /// Where reading would go on after a restart, once something was finished.
        var committable: Int64?
        /// What is stored.
        var committed: Int64?
        /// The oldest record that is not finished.
        var oldestUnfinished: Int64?
        /// Since when it is being worked on.
        var oldestSince: MonotonicTime?
        /// Jobs under way or waiting.
        var jobsCount: Int
        /// Jobs that no target took.
        var heldCount: Int
    }

    /// The state of a lane; for statistics, for it looks at every job.
    func status(of id: LaneID) -> Status? {
        guard let lane = self.lanes[id] else { return nil }
        let jobs = self.jobs.values.filter { $0.lane == id }
        return Status(
            committable: lane.tracker.committable,
            committed: lane.tracker.committed,
            oldestUnfinished: lane.tracker.oldestUnfinished,
            oldestSince: jobs.min { $0.offset < $1.offset }?.takenAt,
            jobsCount: jobs.count,
            heldCount: jobs.count { $0.isHeld }
        )
    }

    /// Everything of a lane before this offset is finished; `nil` while nothing is known.
    func position(of id: LaneID) -> Int64? {
        let tracker = self.lanes[id]?.tracker
        return tracker?.committable ?? tracker?.committed
    }

    /// Jobs under way or waiting.
    var jobsCount: Int { self.jobs.count }

    /// The jobs that no target took.
    var heldJobs: [JobID] {
        self.jobs.filter { $0.value.isHeld }.keys.sorted { $0.rawValue < $1.rawValue }
    }
}

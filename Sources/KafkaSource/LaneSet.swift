// SPDX-License-Identifier: Apache-2.0

internal import EventLoop

/// Decides which record is sent when, how often, and up to where its partition is committed.
///
/// Each assigned partition is a lane, each record that was taken from one is a job. A job ends when
/// the sink or the dead letter sink accepted it; when neither does, it is *held*: tried again now
/// and then, and never given up. No I/O, no clock, no chance: events come in as calls, decisions go
/// out as results, time and randomness are arguments.
struct LaneSet {
    /// Names a lane; a partition that is assigned again is a new lane.
    struct LaneID: Hashable, Sendable {
        var rawValue: Int
    }

    /// Names a job.
    struct JobID: Hashable, Sendable {
        var rawValue: UInt64
    }

    /// To whom a job is sent.
    enum Target: Sendable, Equatable {
        case sink
        case deadLetterSink
    }

    /// What becomes of a job whose attempt is over.
    enum Step: Equatable {
        /// It is done, and counts as finished in its lane.
        case settled
        /// It is sent to the other target at once.
        case send(Target)
        /// It is sent again at a time, which ``due(at:)`` will tell.
        case wait(until: MonotonicTime)
        /// Neither target takes it; it is tried again at a time.
        case hold(until: MonotonicTime)
        /// Its lane went to somebody else, who will deal with it.
        case abandoned
    }

    /// The numbers that bound the set.
    struct Limits: Equatable, Sendable {
        /// Most jobs at a time; when ordered there is at most one for each lane anyway.
        var jobsMax: Int
        /// Most records of a lane between the oldest unfinished one and the newest.
        var windowMax = 4096
        /// The wait before a job that was held for the first time is tried again.
        var holdMin = Duration.seconds(1)
        /// The longest wait before a held job is tried again.
        var holdMax = Duration.seconds(60)
    }

    private enum Phase: Equatable {
        /// With its target.
        case sent
        /// Waits for its next attempt.
        case waiting(until: MonotonicTime)
    }

    private struct Job {
        let lane: LaneID
        let epoch: Int
        let offset: Int64
        let takenAt: MonotonicTime
        /// The record cannot become an event; the sink is never tried.
        var isPoison = false
        var target = Target.sink
        /// Attempts with the present target.
        var attempts = 0
        /// How often it was held; from then on a round is one attempt with each target.
        var holds = 0
        var isHeld = false
        var phase = Phase.sent
    }

    private struct Lane {
        var tracker: OffsetTracker
        /// Counts how often the offsets went back.
        var epoch = 0
        var jobs = 0
        var sent = 0
        var isDry = false
        var isRevoked = false
        /// Whether it stands in the queue of those that want records.
        var isQueued = false

        func wantsRecord(_ ordering: DeliveryOrdering) -> Bool {
            !self.isDry && !self.isRevoked && !self.tracker.isFull
                && (ordering == .unordered || self.jobs == 0)
        }

        /// Counts a record that is to be sent; `nil` when its offset is none.
        mutating func take(_ offset: Int64, windowMax: Int) -> (epoch: Int, isRewound: Bool)? {
            let isRewound = !self.tracker.register(offset)
            if isRewound {
                self.epoch += 1
                self.tracker = OffsetTracker(windowMax: windowMax)
                guard self.tracker.register(offset) else { return nil }
            }
            self.jobs += 1
            self.sent += 1
            return (self.epoch, isRewound)
        }

        /// Forgets a job that ends, and counts its record as finished when it was delivered.
        mutating func end(_ job: Job, isDelivered: Bool) {
            self.jobs -= 1
            if job.phase == .sent { self.sent -= 1 }
            if isDelivered, job.epoch == self.epoch { self.tracker.finish(job.offset) }
        }
    }

    let ordering: DeliveryOrdering
    let schedule: RetrySchedule
    let hasDeadLetterSink: Bool
    let limits: Limits

    private var lanes: [LaneID: Lane] = [:]
    private var order: [LaneID] = []
    /// Lanes that want records, or did when they were queued; they take turns.
    private var hungry = Queue<LaneID>()
    private var jobs: [JobID: Job] = [:]
    private var lastLane = 0
    private var lastJob: UInt64 = 0

    /// Makes a set without lanes.
    init(
        ordering: DeliveryOrdering,
        schedule: RetrySchedule,
        hasDeadLetterSink: Bool,
        limits: Limits
    ) {
        precondition(limits.jobsMax >= 1, "without jobs nothing is delivered")
        self.ordering = ordering
        self.schedule = schedule
        self.hasDeadLetterSink = hasDeadLetterSink
        self.limits = limits
    }

    // MARK: Lanes

    /// Adds a partition that was assigned.
    ///
    /// - Parameter start: Where reading starts, when that has still to be committed.
    /// - Returns: The new lane.
    mutating func assign(start: Int64?) -> LaneID {
        self.lastLane += 1
        let id = LaneID(rawValue: self.lastLane)
        self.lanes[id] = Lane(
            tracker: OffsetTracker(start: start, windowMax: self.limits.windowMax)
        )
        self.order.append(id)
        self.queueIfHungry(id)
        return id
    }

    /// Takes no more records from a lane, and gives up its jobs that wait.
    ///
    /// - Returns: The jobs that were given up.
    mutating func revoke(_ id: LaneID) -> [JobID] {
        guard self.lanes[id] != nil else { return [] }
        self.lanes[id]?.isRevoked = true
        let waiting = self.jobs.filter { $0.value.lane == id && $0.value.phase != .sent }
        for job in waiting.keys { self.end(job) }
        return Array(waiting.keys)
    }

    /// Whether a target still works on a record of the lane.
    func hasJobsSent(_ id: LaneID) -> Bool { (self.lanes[id]?.sent ?? 0) > 0 }

    /// Removes a lane, whatever is still under way.
    ///
    /// - Returns: What remains to be committed.
    mutating func remove(_ id: LaneID) -> Int64? {
        guard let lane = self.lanes.removeValue(forKey: id) else { return nil }
        self.order.removeAll { $0 == id }
        for (job, value) in self.jobs where value.lane == id { self.jobs[job] = nil }
        return lane.tracker.uncommitted
    }

    /// All lanes, in the order in which they were assigned.
    var laneIDs: [LaneID] { self.order }

    // MARK: Taking records

    /// The lane from which a record should be taken now, `nil` when there is no room or no lane.
    ///
    /// It stays the same until it is told what came of it: ``take(_:offset:at:)`` or
    /// ``ranDry(_:)``.
    mutating func nextLane() -> LaneID? {
        guard self.ordering == .ordered || self.jobs.count < self.limits.jobsMax else { return nil }
        while let id = self.hungry.first {
            if self.lanes[id]?.wantsRecord(self.ordering) == true { return id }
            self.lanes[id]?.isQueued = false
            _ = self.hungry.popFirst()
        }
        return nil
    }

    private mutating func queueIfHungry(_ id: LaneID) {
        guard let lane = self.lanes[id], !lane.isQueued, lane.wantsRecord(self.ordering)
        else { return }
        self.lanes[id]?.isQueued = true
        self.hungry.append(id)
    }

    /// Lets the next lane have its turn.
    private mutating func passTurn(_ id: LaneID) {
        guard self.hungry.first == id else { return }
        _ = self.hungry.popFirst()
        self.lanes[id]?.isQueued = false
        self.queueIfHungry(id)
    }

    /// Notes that a lane gave no record.
    mutating func ranDry(_ id: LaneID) {
        self.lanes[id]?.isDry = true
        self.passTurn(id)
    }

    /// Notes that every lane may have records again.
    mutating func recordsArrived() {
        for id in self.order {
            guard self.lanes[id]?.isDry == true else { continue }
            self.lanes[id]?.isDry = false
            self.queueIfHungry(id)
        }
    }

    /// Takes a record, which is to be sent at once.
    ///
    /// Offsets go back when a topic was made anew, or when its newest records were lost. Counting
    /// then starts again: what is read is delivered.
    ///
    /// - Returns: The job, and whether the offsets went back; `nil` when the lane is gone.
    mutating func take(
        _ id: LaneID,
        offset: Int64,
        at now: MonotonicTime
    ) -> (job: JobID, isRewound: Bool)? {
        // In place: a copy of the lane would copy its tracker's window with every record.
        guard
            let (epoch, isRewound) = self.lanes[id]?
                .take(offset, windowMax: self.limits.windowMax)
        else { return nil }
        self.lastJob += 1
        let job = JobID(rawValue: self.lastJob)
        self.jobs[job] = Job(lane: id, epoch: epoch, offset: offset, takenAt: now)
        self.passTurn(id)
        return (job, isRewound)
    }

    /// Notes that a record just taken cannot become an event.
    mutating func cannotConvert(_ id: JobID, at now: MonotonicTime) -> Step {
        guard self.jobs[id] != nil else { return .abandoned }
        self.jobs[id]?.isPoison = true
        return self.afterSink(id, at: now)
    }

    // MARK: Attempts

    /// Notes the end of an attempt, and says what comes next; `random` is from 0 up to 1.
    mutating func answered(
        _ id: JobID,
        _ outcome: DeliveryOutcome,
        at now: MonotonicTime,
        random: Double
    ) -> Step {
        guard case .refused(let isRetriable, let retryAfter) = outcome else {
            return self.end(id, isDelivered: true) ? .settled : .abandoned
        }
        guard var job = self.jobs[id] else { return .abandoned }
        assert(job.phase == .sent, "only a job that was sent can be answered")
        guard self.lanes[job.lane]?.isRevoked == false else {
            self.end(id)
            return .abandoned
        }
        job.attempts += 1
        self.jobs[id] = job
        // A job that was held before gets one attempt a round: its waits are the rounds.
        if isRetriable, job.holds == 0,
            let wait = self.schedule.wait(
                afterAttempts: job.attempts,
                random: random,
                retryAfter: retryAfter
            )
        {
            return .wait(until: self.pause(id, now.advanced(by: wait)))
        }
        switch job.target {
        case .sink: return self.afterSink(id, at: now)
        case .deadLetterSink: return self.hold(id, at: now)
        }
    }

    private mutating func afterSink(_ id: JobID, at now: MonotonicTime) -> Step {
        guard self.hasDeadLetterSink else { return self.hold(id, at: now) }
        self.jobs[id]?.target = .deadLetterSink
        self.jobs[id]?.attempts = 0
        return .send(.deadLetterSink)
    }

    private mutating func hold(_ id: JobID, at now: MonotonicTime) -> Step {
        guard var job = self.jobs[id] else { return .abandoned }
        let doublings = min(job.holds, 20)
        let wait = min(self.limits.holdMin * (1 << doublings), self.limits.holdMax)
        job.holds += 1
        job.isHeld = true
        job.attempts = 0
        job.target = job.isPoison && self.hasDeadLetterSink ? .deadLetterSink : .sink
        self.jobs[id] = job
        return .hold(until: self.pause(id, now.advanced(by: wait)))
    }

    private mutating func pause(_ id: JobID, _ time: MonotonicTime) -> MonotonicTime {
        guard let lane = self.jobs[id]?.lane else { return time }
        self.jobs[id]?.phase = .waiting(until: time)
        self.lanes[lane]?.sent -= 1
        return time
    }

    @discardableResult
    private mutating func end(_ id: JobID, isDelivered: Bool = false) -> Bool {
        guard let job = self.jobs.removeValue(forKey: id) else { return false }
        self.lanes[job.lane]?.end(job, isDelivered: isDelivered)
        self.queueIfHungry(job.lane)
        return true
    }

    /// When the next job is due, `nil` when none waits.
    var nextDeadline: MonotonicTime? {
        var earliest: MonotonicTime?
        for case .waiting(let until) in self.jobs.values.lazy.map(\.phase) {
            earliest = min(earliest ?? until, until)
        }
        return earliest
    }

    /// Takes the jobs whose wait is over, oldest first; they are to be sent at once.
    ///
    /// A held record that cannot become an event, and for which there is nobody else, comes with no
    /// target: ``cannotConvert(_:at:)`` holds it again.
    mutating func due(at now: MonotonicTime) -> [(job: JobID, target: Target?)] {
        var due: [(job: JobID, target: Target?)] = []
        for (id, job) in self.jobs {
            guard case .waiting(let until) = job.phase, until <= now else { continue }
            let isHopeless = job.isPoison && !self.hasDeadLetterSink
            due.append((id, isHopeless ? nil : job.target))
        }
        due.sort { $0.job.rawValue < $1.job.rawValue }
        for (id, _) in due {
            guard let lane = self.jobs[id]?.lane else { continue }
            self.jobs[id]?.phase = .sent
            self.lanes[lane]?.sent += 1
        }
        return due
    }

    // MARK: Commits

    /// What is finished and not stored yet, for each lane where there is something.
    var uncommitted: [LaneID: Int64] { self.lanes.compactMapValues { $0.tracker.uncommitted } }

    /// Notes that the group stored an offset.
    mutating func committed(_ id: LaneID, _ offset: Int64) {
        self.lanes[id]?.tracker.commit(offset)
    }

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
        /// Jobs that neither target took.
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

    /// Jobs under way or waiting.
    var jobsCount: Int { self.jobs.count }
    /// Jobs that neither target took.
    var heldCount: Int { self.jobs.values.count { $0.isHeld } }
}

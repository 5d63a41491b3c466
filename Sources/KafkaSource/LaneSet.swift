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
        /// Gets what the sink replied.
        case replySink
        case deadLetterSink
    }

    /// What is to be done now.
    enum Action: Equatable {
        /// A record is to be taken from a lane: ``take(_:offset:key:bytesCount:at:)`` or
        /// ``ranDry(_:)`` follows.
        case take(LaneID)
        /// A job is to be sent. One whose record cannot become an event, and for which there is
        /// nobody else, comes with no target: ``cannotConvert(_:at:)`` holds it again.
        case send(JobID, Target?)
    }

    /// What became of a record that was taken.
    enum Admission: Equatable {
        /// It is to be sent at once.
        case send(JobID)
        /// It waits for an earlier record of its key.
        case queued(JobID)
        /// An earlier owner of the partition finished it.
        case finishedBefore
        /// Its lane is gone, or its offset is none.
        case refused
    }

    /// The numbers that bound the set.
    struct Limits: Equatable, Sendable {
        /// Records of a lane that may wait for others of their key.
        static let waitingForKeysMax = 1024

        /// Most jobs that are with a target at a time.
        var inFlightMax: Int
        /// Most jobs of a lane, those that wait counted in; when ordered there is one at most.
        var jobsPerLaneMax: Int
        /// Bytes of records from which on no further one is taken.
        var bytesMax = 64 * 1024 * 1024
        /// Most records of a lane between the oldest unfinished one and the newest.
        var windowMax = 4096
        /// Most jobs that are sent in a second; `nil` for any number.
        var rateMax: Double?
        /// The wait before a job that was held for the first time is tried again.
        var holdMin = Duration.seconds(1)
        /// The longest wait before a held job is tried again.
        var holdMax = Duration.seconds(60)

        /// The limits that fit an ordering.
        init(_ ordering: DeliveryOrdering, inFlightMax: Int) {
            self.inFlightMax = inFlightMax
            self.jobsPerLaneMax =
                switch ordering {
                case .ordered: 1
                case .unordered: inFlightMax
                case .key: max(inFlightMax, Self.waitingForKeysMax)
                }
        }
    }

    let ordering: DeliveryOrdering
    let schedule: RetrySchedule
    let hasDeadLetterSink: Bool
    let limits: Limits

    var lanes: [LaneID: Lane] = [:]
    var jobs: [JobID: LaneJob] = [:]
    /// All lanes, in the order in which they were assigned.
    private(set) var laneIDs: [LaneID] = []
    /// Lanes that want records, or did when they were queued; they take turns.
    private var hungry = Queue<LaneID>()
    /// Jobs that may be sent, or could when they were queued.
    private var ready = Queue<JobID>()
    var deadlines = DeadlineHeap<JobID>()
    var concurrency: ConcurrencyLimit
    private var bucket: TokenBucket?
    private var lastLane = 0
    private var lastJob: UInt64 = 0

    /// Jobs with a target.
    var sentCount = 0
    /// Jobs that no target took.
    var heldCount = 0
    /// Bytes of all records under way.
    private(set) var bytesCount = 0

    /// Makes a set without lanes.
    init(
        ordering: DeliveryOrdering,
        schedule: RetrySchedule,
        hasDeadLetterSink: Bool,
        limits: Limits
    ) {
        precondition(limits.inFlightMax >= 1, "without jobs nothing is delivered")
        self.ordering = ordering
        self.schedule = schedule
        self.hasDeadLetterSink = hasDeadLetterSink
        self.limits = limits
        self.concurrency = ConcurrencyLimit(most: limits.inFlightMax)
        self.bucket = limits.rateMax.map { TokenBucket(rate: $0) }
    }

    // MARK: Lanes

    /// Adds a partition that was assigned.
    ///
    /// - Parameters:
    ///   - start: Where reading starts, when that has still to be committed.
    ///   - committed: What the group has stored.
    ///   - known: What earlier owners told with it.
    /// - Returns: The new lane.
    mutating func assign(
        start: Int64? = nil,
        committed: Int64? = nil,
        known: PartitionProgress = .none
    ) -> LaneID {
        self.lastLane += 1
        let id = LaneID(rawValue: self.lastLane)
        self.lanes[id] = Lane(
            tracker: OffsetTracker(
                start: start,
                committed: committed,
                known: known,
                windowMax: self.limits.windowMax
            )
        )
        self.laneIDs.append(id)
        self.queueIfHungry(id)
        return id
    }

    /// Takes no more records from a lane, and gives up its jobs that are with no target.
    ///
    /// - Returns: The jobs that were given up.
    mutating func revoke(_ id: LaneID) -> [JobID] {
        guard self.lanes[id] != nil else { return [] }
        self.lanes[id]?.isRevoked = true
        let idle = self.jobs.filter { $0.value.lane == id && $0.value.phase != .sent }
        for job in idle.keys { self.forget(job) }
        return Array(idle.keys)
    }

    /// Whether a target still works on a record of the lane.
    func hasJobsSent(_ id: LaneID) -> Bool { (self.lanes[id]?.sentCount ?? 0) > 0 }

    /// Removes a lane, whatever is still under way.
    ///
    /// - Returns: What remains to be committed.
    mutating func remove(_ id: LaneID) -> OffsetTracker.Commit? {
        let rest = self.lanes[id]?.tracker.takeUncommitted()
        for (job, value) in self.jobs where value.lane == id { self.forget(job) }
        self.lanes[id] = nil
        self.laneIDs.removeAll { $0 == id }
        return rest
    }

    // MARK: What comes next

    /// What is to be done now, `nil` when there is no room, no record, or no time yet.
    mutating func next(at now: MonotonicTime) -> Action? {
        self.wake(at: now)
        guard self.sentCount < self.concurrency.current, self.bucket?.admits(at: now) ?? true
        else { return nil }
        while let id = self.ready.popFirst() {
            guard let job = self.jobs[id], job.phase == .ready else { continue }
            self.send(id)
            self.bucket?.take(at: now)
            let isHopeless = job.isPoison && !self.hasDeadLetterSink
            return .send(id, isHopeless ? nil : job.target)
        }
        return self.hungryLane().map { .take($0) }
    }

    private mutating func wake(at now: MonotonicTime) {
        while let (deadline, id) = self.deadlines.first, deadline <= now {
            _ = self.deadlines.popFirst()
            guard self.jobs[id]?.phase == .waiting(until: deadline) else { continue }
            self.makeReady(id)
        }
    }

    /// When ``next(at:)`` may have something that it did not have before; `nil` when only an answer
    /// or a record can change that.
    func nextDeadline(after now: MonotonicTime) -> MonotonicTime? {
        var deadline = self.deadlines.first?.deadline
        if let bucket = self.bucket, !bucket.admits(at: now) {
            let admission = bucket.admission(at: now)
            deadline = min(deadline ?? admission, admission)
        }
        return deadline
    }

    private mutating func hungryLane() -> LaneID? {
        guard self.bytesCount < self.limits.bytesMax else { return nil }
        while let id = self.hungry.first {
            if self.wantsRecord(id) { return id }
            self.lanes[id]?.isQueued = false
            _ = self.hungry.popFirst()
        }
        return nil
    }

    private func wantsRecord(_ id: LaneID) -> Bool {
        guard let lane = self.lanes[id] else { return false }
        return !lane.isDry && !lane.isRevoked && !lane.tracker.isFull
            && lane.jobsCount < self.limits.jobsPerLaneMax
    }

    /// Puts a lane into the queue of those that want records, if it does.
    mutating func queueIfHungry(_ id: LaneID) {
        guard self.lanes[id]?.isQueued == false, self.wantsRecord(id) else { return }
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

    // MARK: Taking records

    /// Notes that a lane gave no record.
    mutating func ranDry(_ id: LaneID) {
        self.lanes[id]?.isDry = true
        self.passTurn(id)
    }

    /// Notes that every lane may have records again.
    mutating func recordsArrived() {
        for id in self.laneIDs where self.lanes[id]?.isDry == true {
            self.lanes[id]?.isDry = false
            self.queueIfHungry(id)
        }
    }

    /// Notes that there is nothing before `offset` that was not taken.
    mutating func reachedEnd(_ id: LaneID, _ offset: Int64) {
        self.lanes[id]?.tracker.reachedEnd(offset)
    }

    /// Takes a record.
    ///
    /// Offsets go back when a topic was made anew, or when its newest records were lost. Counting
    /// then starts again: what is read is delivered.
    ///
    /// Records with the same number as `key` are kept in order, if keys matter.
    /// - Returns: What becomes of it, and whether the offsets went back.
    mutating func take(
        _ id: LaneID,
        offset: Int64,
        key: Int? = nil,
        bytesCount: Int = 0,
        at now: MonotonicTime
    ) -> (admission: Admission, isRewound: Bool) {
        // In place: a copy of the lane would copy its tracker's window with every record.
        guard
            let (registration, isRewound) = self.lanes[id]?
                .register(offset, windowMax: self.limits.windowMax)
        else { return (.refused, false) }
        defer { self.passTurn(id) }
        switch registration {
        case .refused: return (.refused, isRewound)
        case .finishedBefore: return (.finishedBefore, isRewound)
        case .open(let attempts):
            var job = LaneJob(
                lane: id,
                epoch: self.lanes[id]?.epoch ?? 0,
                offset: offset,
                key: self.ordering == .key ? key : nil,
                bytesCount: bytesCount,
                takenAt: now
            )
            job.attempts = attempts
            job.sinkAttempts = attempts
            return (self.admit(job, at: now), isRewound)
        }
    }

    private mutating func admit(_ job: LaneJob, at now: MonotonicTime) -> Admission {
        var job = job
        self.lastJob += 1
        let id = JobID(rawValue: self.lastJob)
        self.lanes[job.lane]?.jobsCount += 1
        self.bytesCount += job.bytesCount
        let previous = job.key.flatMap {
            self.lanes[job.lane]?.lastOfKey.updateValue(id, forKey: $0)
        }
        guard let previous else {
            self.lanes[job.lane]?.sentCount += 1
            self.sentCount += 1
            self.bucket?.take(at: now)
            self.jobs[id] = job
            return .send(id)
        }
        job.phase = .behind
        self.jobs[id] = job
        self.jobs[previous]?.successor = id
        return .queued(id)
    }

    // MARK: Jobs

    private mutating func send(_ id: JobID) {
        guard let lane = self.jobs[id]?.lane else { return }
        self.jobs[id]?.phase = .sent
        self.lanes[lane]?.sentCount += 1
        self.sentCount += 1
    }

    /// Lets a job be sent as soon as there is room.
    mutating func makeReady(_ id: JobID) {
        self.jobs[id]?.phase = .ready
        self.ready.append(id)
    }

    /// Removes a job, finished or not.
    @discardableResult
    mutating func forget(_ id: JobID) -> LaneJob? {
        guard let job = self.jobs.removeValue(forKey: id) else { return nil }
        self.bytesCount -= job.bytesCount
        if job.isHeld { self.heldCount -= 1 }
        self.lanes[job.lane]?.jobsCount -= 1
        if job.phase == .sent {
            self.sentCount -= 1
            self.lanes[job.lane]?.sentCount -= 1
        }
        return job
    }
}

// SPDX-License-Identifier: Apache-2.0

internal import EventLoop

extension LaneSet {
    /// What becomes of a job whose attempt is over.
    enum Step: Equatable {
        /// It is done, and counts as finished in its lane.
        case settled
        /// It is sent to another target at once.
        case send(Target)
        /// It is sent again at a time, which ``next(at:)`` will tell.
        case wait(until: MonotonicTime)
        /// No target takes it; it is tried again at a time.
        case hold(until: MonotonicTime)
        /// Its lane went to somebody else, who will deal with it.
        case abandoned
    }

    /// Notes that a record just taken cannot become an event.
    mutating func cannotConvert(_ id: JobID, at now: MonotonicTime) -> Step {
        guard self.jobs[id] != nil else { return .abandoned }
        self.jobs[id]?.isPoison = true
        return self.giveUp(id, at: now)
    }

    /// Notes that a record just taken is nothing for the sink: it is finished.
    mutating func skip(_ id: JobID) -> Step { self.end(id) }

    /// Notes that the sink took one of the events of a record, of which there are more.
    ///
    /// The next one starts with all its attempts.
    mutating func advanced(_ id: JobID) -> Step {
        guard let job = self.jobs[id] else { return .abandoned }
        self.concurrency.succeeded()
        self.jobs[id]?.attempts = 0
        self.jobs[id]?.sinkAttempts = 0
        self.unhold(id)
        return .send(job.target)
    }

    /// Notes that the sink took an event and gave a reply that somebody waits for.
    mutating func replied(_ id: JobID) -> Step {
        guard self.jobs[id] != nil else { return .abandoned }
        self.concurrency.succeeded()
        self.jobs[id]?.target = .replySink
        self.jobs[id]?.attempts = 0
        return .send(.replySink)
    }

    /// Notes the end of an attempt, and says what comes next; `random` is from 0 up to 1.
    mutating func answered(
        _ id: JobID,
        _ outcome: DeliveryOutcome,
        at now: MonotonicTime,
        random: Double
    ) -> Step {
        guard case .refused(let isRetriable, let retryAfter, let isOverload) = outcome else {
            self.concurrency.succeeded()
            return self.end(id)
        }
        guard var job = self.jobs[id] else { return .abandoned }
        assert(job.phase == .sent, "only a job that was sent can be answered")
        if isOverload { self.concurrency.overloaded(at: now) }
        job.attempts += 1
        if job.target == .sink { job.sinkAttempts += 1 }
        self.jobs[id] = job
        if job.target == .sink { self.noteAttempts(job) }
        guard self.lanes[job.lane]?.isRevoked == false else {
            self.forget(id)
            return .abandoned
        }
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
        return self.giveUp(id, at: now)
    }

    private mutating func noteAttempts(_ job: LaneJob) {
        guard self.lanes[job.lane]?.epoch == job.epoch else { return }
        self.lanes[job.lane]?.tracker.tried(job.offset, job.sinkAttempts)
    }

    /// Turns to the target after the present one.
    private mutating func giveUp(_ id: JobID, at now: MonotonicTime) -> Step {
        guard self.hasDeadLetterSink, self.jobs[id]?.target != .deadLetterSink else {
            return self.hold(id, at: now)
        }
        self.jobs[id]?.target = .deadLetterSink
        self.jobs[id]?.attempts = 0
        return .send(.deadLetterSink)
    }

    private mutating func hold(_ id: JobID, at now: MonotonicTime) -> Step {
        guard var job = self.jobs[id] else { return .abandoned }
        let doublings = min(job.holds, 20)
        let wait = min(self.limits.holdMin * (1 << doublings), self.limits.holdMax)
        if !job.isHeld { self.heldCount += 1 }
        job.holds += 1
        job.isHeld = true
        job.attempts = 0
        job.target = job.isPoison && self.hasDeadLetterSink ? .deadLetterSink : .sink
        self.jobs[id] = job
        return .hold(until: self.pause(id, now.advanced(by: wait)))
    }

    private mutating func unhold(_ id: JobID) {
        guard self.jobs[id]?.isHeld == true else { return }
        self.jobs[id]?.isHeld = false
        self.jobs[id]?.holds = 0
        self.heldCount -= 1
    }

    private mutating func pause(_ id: JobID, _ time: MonotonicTime) -> MonotonicTime {
        guard let lane = self.jobs[id]?.lane else { return time }
        self.jobs[id]?.phase = .waiting(until: time)
        self.lanes[lane]?.sentCount -= 1
        self.sentCount -= 1
        self.deadlines.insert(id, at: time)
        return time
    }

    /// Ends a job whose record was delivered.
    private mutating func end(_ id: JobID) -> Step {
        guard let job = self.forget(id) else { return .abandoned }
        if let key = job.key { self.freeKey(key, of: job, id) }
        if self.lanes[job.lane]?.epoch == job.epoch {
            self.lanes[job.lane]?.tracker.finish(job.offset)
        }
        self.queueIfHungry(job.lane)
        return .settled
    }

    private mutating func freeKey(_ key: Int, of job: LaneJob, _ id: JobID) {
        if self.lanes[job.lane]?.lastOfKey[key] == id {
            self.lanes[job.lane]?.lastOfKey[key] = nil
        }
        if let successor = job.successor, self.jobs[successor]?.phase == .behind {
            self.makeReady(successor)
        }
    }
}

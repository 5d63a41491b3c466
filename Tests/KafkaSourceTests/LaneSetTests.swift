// SPDX-License-Identifier: Apache-2.0

import EventLoop
import Testing

@testable import KafkaSource

@Suite("Lanes")
struct LaneSetTests {
    let start = MonotonicTime(nanoseconds: 1_000_000_000_000)

    func at(_ milliseconds: Int) -> MonotonicTime {
        self.start.advanced(by: .milliseconds(milliseconds))
    }

    func lanes(
        _ ordering: DeliveryOrdering = .ordered,
        retries: Int = 2,
        deadLetterSink: Bool = false,
        jobsMax: Int = 3,
        windowMax: Int = 4,
        rateMax: Double? = nil
    ) -> LaneSet {
        var limits = LaneSet.Limits(ordering, inFlightMax: jobsMax)
        limits.windowMax = windowMax
        limits.holdMin = .seconds(1)
        limits.holdMax = .seconds(4)
        limits.rateMax = rateMax
        return LaneSet(
            ordering: ordering,
            schedule: RetrySchedule(
                retriesMax: retries,
                policy: .exponential,
                delay: .milliseconds(100)
            ),
            hasDeadLetterSink: deadLetterSink,
            limits: limits
        )
    }

    let refused = DeliveryOutcome.refused(isRetriable: true, retryAfter: nil)
    let rejected = DeliveryOutcome.refused(isRetriable: false, retryAfter: nil)

    func answer(
        _ lanes: inout LaneSet,
        _ job: LaneSet.JobID,
        _ outcome: DeliveryOutcome,
        _ milliseconds: Int = 0
    ) -> LaneSet.Step {
        lanes.answered(job, outcome, at: self.at(milliseconds), random: 0)
    }

    func take(
        _ lanes: inout LaneSet,
        _ lane: LaneSet.LaneID,
        _ offset: Int64
    ) throws -> LaneSet.JobID {
        let taken = lanes.take(lane, offset: offset, at: self.start)
        return try #require(taken.admission.job)
    }

    @Test("ordered: each lane has one record at a time, and lanes do not wait for each other")
    func ordered() throws {
        var lanes = self.lanes(jobsMax: 2)
        let first = lanes.assign()
        let second = lanes.assign()
        let chosen = lanes.nextLane(at: self.start)
        #expect(chosen == first)
        let job = try self.take(&lanes, first, 0)
        var next = lanes.nextLane(at: self.start)
        #expect(next == second)
        _ = try self.take(&lanes, second, 0)
        next = lanes.nextLane(at: self.start)
        #expect(next == nil)
        let step = self.answer(&lanes, job, .accepted)
        #expect(step == .settled)
        next = lanes.nextLane(at: self.start)
        #expect(next == first)
        #expect(lanes.uncommitted == [first: 1])
    }

    @Test("unordered: lanes take turns, up to the most jobs at a time")
    func unordered() throws {
        var lanes = self.lanes(.unordered, jobsMax: 3)
        let ids = [lanes.assign(), lanes.assign()]
        var taken: [LaneSet.LaneID] = []
        var jobs: [LaneSet.JobID] = []
        while let lane = lanes.nextLane(at: self.start) {
            jobs.append(try self.take(&lanes, lane, Int64(taken.count)))
            taken.append(lane)
        }
        #expect(taken == [ids[0], ids[1], ids[0]])
        _ = self.answer(&lanes, jobs[2], .accepted)
        // The later record is done; the earlier one holds back the commit.
        #expect(lanes.uncommitted == [ids[0]: 0])
        let next = lanes.nextLane(at: self.start)
        #expect(next == ids[1])
        _ = self.answer(&lanes, jobs[0], .accepted)
        #expect(lanes.uncommitted == [ids[0]: 3])
    }

    @Test("unordered: one slow record fills the window of its lane, and no more")
    func window() throws {
        var lanes = self.lanes(.unordered, jobsMax: 100, windowMax: 4)
        let lane = lanes.assign()
        _ = try self.take(&lanes, lane, 0)
        for offset in Int64(1)...3 {
            let job = try self.take(&lanes, lane, offset)
            _ = self.answer(&lanes, job, .accepted)
        }
        let next = lanes.nextLane(at: self.start)
        #expect(next == nil)
        #expect(lanes.jobsCount == 1)
    }

    @Test("a lane that ran dry is asked again only when records may have come")
    func dry() {
        var lanes = self.lanes()
        let lane = lanes.assign()
        lanes.ranDry(lane)
        var next = lanes.nextLane(at: self.start)
        #expect(next == nil)
        lanes.recordsArrived()
        next = lanes.nextLane(at: self.start)
        #expect(next == lane)
    }

    @Test("without a dead letter sink: retries, then the event is held and tried for ever")
    func held() throws {
        var lanes = self.lanes(retries: 2)
        let lane = lanes.assign()
        let job = try self.take(&lanes, lane, 0)
        var step = self.answer(&lanes, job, self.refused, 0)
        #expect(step == .wait(until: self.at(200)))
        #expect(lanes.nextDeadline(after: self.start) == self.at(200))
        var due = lanes.due(at: self.at(199))
        #expect(due.isEmpty)
        due = lanes.due(at: self.at(200))
        #expect(due.map(\.job) == [job] && due.map(\.target) == [.sink])
        step = self.answer(&lanes, job, self.refused, 200)
        #expect(step == .wait(until: self.at(600)))
        _ = lanes.due(at: self.at(600))
        // Held: 1, 2, 4, 4 … seconds.
        var now = 600
        for wait in [1000, 2000, 4000, 4000, 4000] {
            step = self.answer(&lanes, job, self.refused, now)
            now += wait
            #expect(step == .hold(until: self.at(now)))
            #expect(lanes.heldCount == 1)
            let next = lanes.nextLane(at: self.start)
            #expect(next == nil)
            due = lanes.due(at: self.at(now))
            #expect(due.map(\.target) == [.sink])
        }
        #expect(lanes.uncommitted == [lane: 0])
        step = self.answer(&lanes, job, .accepted, now)
        #expect(step == .settled)
        #expect(lanes.heldCount == 0)
        #expect(lanes.uncommitted == [lane: 1])
    }

    @Test("with a dead letter sink: retries, then that one with as many, then held")
    func deadLetter() throws {
        var lanes = self.lanes(retries: 1, deadLetterSink: true)
        let lane = lanes.assign()
        let job = try self.take(&lanes, lane, 0)
        var step = self.answer(&lanes, job, self.refused, 0)
        #expect(step == .wait(until: self.at(200)))
        _ = lanes.due(at: self.at(200))
        step = self.answer(&lanes, job, self.refused, 200)
        #expect(step == .send(.deadLetterSink))
        step = self.answer(&lanes, job, self.refused, 200)
        #expect(step == .wait(until: self.at(400)))
        var due = lanes.due(at: self.at(400))
        #expect(due.map(\.target) == [.deadLetterSink])
        step = self.answer(&lanes, job, self.refused, 400)
        #expect(step == .hold(until: self.at(1400)))
        // A round of a held event: each target once.
        due = lanes.due(at: self.at(1400))
        #expect(due.map(\.target) == [.sink])
        step = self.answer(&lanes, job, self.refused, 1400)
        #expect(step == .send(.deadLetterSink))
        step = self.answer(&lanes, job, .accepted, 1400)
        #expect(step == .settled)
        #expect(lanes.uncommitted == [lane: 1])
    }

    @Test("a failure that no retry mends goes to the dead letter sink at once")
    func rejectedAtOnce() throws {
        var lanes = self.lanes(deadLetterSink: true)
        let lane = lanes.assign()
        let job = try self.take(&lanes, lane, 0)
        var step = self.answer(&lanes, job, self.rejected)
        #expect(step == .send(.deadLetterSink))
        step = self.answer(&lanes, job, self.rejected)
        #expect(step == .hold(until: self.at(1000)))
    }

    @Test("what the sink asks for prolongs the wait")
    func retryAfter() throws {
        var lanes = self.lanes()
        let lane = lanes.assign()
        let job = try self.take(&lanes, lane, 0)
        let step = self.answer(&lanes, job, .refused(isRetriable: true, retryAfter: .seconds(9)))
        #expect(step == .wait(until: self.at(9000)))
    }

    @Test("a record that is no event is never sent to the sink", arguments: [true, false])
    func poison(_ hasDeadLetterSink: Bool) throws {
        var lanes = self.lanes(retries: 0, deadLetterSink: hasDeadLetterSink)
        let lane = lanes.assign()
        let job = try self.take(&lanes, lane, 0)
        var step = lanes.cannotConvert(job, at: self.start)
        if hasDeadLetterSink {
            #expect(step == .send(.deadLetterSink))
            step = self.answer(&lanes, job, self.refused)
        }
        #expect(step == .hold(until: self.at(1000)))
        let due = lanes.due(at: self.at(1000))
        #expect(due.map(\.job) == [job])
        #expect(due.map(\.target) == [hasDeadLetterSink ? .deadLetterSink : nil])
        if hasDeadLetterSink {
            step = self.answer(&lanes, job, .accepted, 1000)
            #expect(step == .settled)
        } else {
            step = lanes.cannotConvert(job, at: self.at(1000))
            #expect(step == .hold(until: self.at(3000)))
            #expect(lanes.uncommitted == [:])
        }
    }

    @Test("revoking gives up what waits and keeps what is with the sink")
    func revoke() throws {
        var lanes = self.lanes(.unordered)
        let lane = lanes.assign()
        let other = lanes.assign()
        let sent = try self.take(&lanes, lane, 0)
        let waiting = try self.take(&lanes, lane, 1)
        let elsewhere = try self.take(&lanes, other, 0)
        _ = self.answer(&lanes, waiting, self.refused)
        _ = self.answer(&lanes, elsewhere, self.refused)
        let given = lanes.revoke(lane)
        #expect(given == [waiting])
        #expect(lanes.hasJobsSent(lane))
        #expect(!lanes.hasJobsSent(other))
        var step = self.answer(&lanes, sent, .accepted)
        #expect(step == .settled)
        #expect(!lanes.hasJobsSent(lane))
        let rest = lanes.remove(lane)
        #expect(rest?.offset == 1)
        #expect(lanes.laneIDs == [other])
        step = self.answer(&lanes, waiting, .accepted)
        #expect(step == .abandoned)
        #expect(lanes.jobsCount == 1)
    }

    @Test("a failure after the revocation is somebody else's business")
    func failureAfterRevocation() throws {
        var lanes = self.lanes(deadLetterSink: true)
        let lane = lanes.assign()
        let job = try self.take(&lanes, lane, 0)
        _ = lanes.revoke(lane)
        let step = self.answer(&lanes, job, self.refused)
        #expect(step == .abandoned)
        #expect(!lanes.hasJobsSent(lane))
        // Whoever gets the partition knows of the attempt.
        let rest = lanes.remove(lane)
        #expect(rest?.offset == 0)
        let known = PartitionProgress(text: rest?.metadata, base: 0)
        #expect(known.attempts == [.init(offset: 0, count: 1)])
    }

    @Test("a lane that is taken away at once leaves nothing behind")
    func removeAtOnce() throws {
        var lanes = self.lanes()
        let lane = lanes.assign()
        let job = try self.take(&lanes, lane, 0)
        _ = lanes.remove(lane)
        #expect(lanes.jobsCount == 0)
        let step = self.answer(&lanes, job, .accepted)
        #expect(step == .abandoned)
        let late = lanes.take(lane, offset: 1, at: self.start)
        #expect(late.admission == .refused)
    }

    @Test("a start that has to be committed is, before any record")
    func uncommittedStart() {
        var lanes = self.lanes()
        let lane = lanes.assign(start: 7)
        #expect(lanes.uncommitted == [lane: 7])
        lanes.committed(lane, 7)
        #expect(lanes.uncommitted == [:])
    }

    @Test("offsets that go back are delivered, and what was under way does not confuse them")
    func rewind() throws {
        var lanes = self.lanes(.unordered)
        let lane = lanes.assign()
        let old = try self.take(&lanes, lane, 1)
        lanes.committed(lane, 1)
        let taken = lanes.take(lane, offset: 0, at: self.start)
        #expect(taken.isRewound == true)
        let next = lanes.take(lane, offset: 1, at: self.start)
        #expect(next.isRewound == false)
        _ = self.answer(&lanes, try #require(taken.admission.job), .accepted)
        #expect(lanes.uncommitted == [lane: 1])
        // The old record 1 is not the new one.
        let step = self.answer(&lanes, old, .accepted)
        #expect(step == .settled)
        #expect(lanes.uncommitted == [lane: 1])
    }

    @Test("an operator sees the oldest record and how many are held")
    func status() throws {
        var lanes = self.lanes(.unordered, retries: 0)
        let lane = lanes.assign()
        let first = try self.take(&lanes, lane, 5)
        _ = try self.take(&lanes, lane, 6)
        _ = self.answer(&lanes, first, self.refused)
        #expect(
            lanes.status(of: lane)
                == LaneSet.Status(
                    committable: 5,
                    committed: nil,
                    oldestUnfinished: 5,
                    oldestSince: self.start,
                    jobsCount: 2,
                    heldCount: 1
                )
        )
    }
}

extension LaneSet {
    /// The lane from which a record should be taken.
    mutating func nextLane(at now: MonotonicTime) -> LaneID? {
        guard case .take(let lane) = self.next(at: now) else { return nil }
        return lane
    }

    /// What is to be sent.
    mutating func due(at now: MonotonicTime) -> [(job: JobID, target: Target?)] {
        var due: [(job: JobID, target: Target?)] = []
        while case .send(let job, let target) = self.next(at: now) { due.append((job, target)) }
        return due
    }

    /// The offsets that would be committed.
    var uncommitted: [LaneID: Int64] {
        var copy = self
        return Dictionary(uniqueKeysWithValues: copy.takeUncommitted().map { ($0, $1.offset) })
    }
}

extension LaneSet.Admission {
    var job: LaneSet.JobID? {
        switch self {
        case .send(let job), .queued(let job): job
        case .finishedBefore, .refused: nil
        }
    }

    var isQueued: Bool {
        guard case .queued = self else { return false }
        return true
    }
}

// SPDX-License-Identifier: Apache-2.0

import EventLoop
import Testing

@testable import KafkaSource

extension LaneSetTests {
    // MARK: Keys

    private func take(
        _ lanes: inout LaneSet,
        _ lane: LaneSet.LaneID,
        _ offset: Int64,
        key: Int?
    ) -> LaneSet.Admission {
        lanes.take(lane, offset: offset, key: key, bytesCount: 1, at: self.start).admission
    }

    @Test("key: records of one key follow each other, other keys and none do not wait")
    func keys() throws {
        var lanes = self.lanes(.key, jobsMax: 10, windowMax: 10)
        let lane = lanes.assign()
        let taken = self.take(&lanes, lane, 0, key: 7)
        let first = try #require(taken.job)
        let second = self.take(&lanes, lane, 1, key: 7)
        let third = self.take(&lanes, lane, 2, key: 7)
        #expect(second.isQueued && third.isQueued)
        for (offset, key) in [(Int64(3), 8), (4, nil), (5, nil)] {
            let other = self.take(&lanes, lane, offset, key: key)
            #expect(!other.isQueued)
        }
        #expect(lanes.sentCount == 4)
        // A failing record holds back its key, and nothing else.
        var step = self.answer(&lanes, first, self.refused)
        #expect(step == .wait(until: self.at(200)))
        #expect(lanes.due(at: self.at(199)).isEmpty)
        #expect(lanes.due(at: self.at(200)).map(\.job) == [first])
        step = self.answer(&lanes, first, .accepted, 200)
        #expect(step == .settled)
        #expect(lanes.due(at: self.at(200)).map(\.job) == [second.job])
        _ = self.answer(&lanes, try #require(second.job), .accepted, 200)
        #expect(lanes.due(at: self.at(200)).map(\.job) == [third.job])
        #expect(lanes.uncommitted == [lane: 2])
    }

    @Test("key: a record that is passed over lets the next of its key go")
    func skippedKey() throws {
        var lanes = self.lanes(.key, jobsMax: 10, windowMax: 10)
        let lane = lanes.assign()
        let first = self.take(&lanes, lane, 0, key: 7)
        let second = self.take(&lanes, lane, 1, key: 7)
        #expect(lanes.skip(try #require(first.job)) == .settled)
        #expect(lanes.due(at: self.start).map(\.job) == [second.job])
    }

    // MARK: Bounds

    @Test("records are taken up to a number of bytes, and again when some are done")
    func bytes() throws {
        var lanes = self.lanes(.unordered, jobsMax: 10, windowMax: 10)
        let lane = lanes.assign()
        let half = lanes.limits.bytesMax / 2
        let job = lanes.take(lane, offset: 0, bytesCount: half, at: self.start).admission.job
        #expect(lanes.nextLane(at: self.start) == lane)
        _ = lanes.take(lane, offset: 1, bytesCount: half, at: self.start)
        #expect(lanes.nextLane(at: self.start) == nil)
        _ = self.answer(&lanes, try #require(job), .accepted)
        #expect(lanes.nextLane(at: self.start) == lane)
    }

    @Test("no more are sent in a second than the rate allows")
    func rate() throws {
        var lanes = self.lanes(.unordered, jobsMax: 100, windowMax: 100, rateMax: 10)
        let lane = lanes.assign()
        var offset: Int64 = 0
        var sent: [Int] = []
        for milliseconds in stride(from: 0, to: 2000, by: 50) {
            while lanes.nextLane(at: self.at(milliseconds)) == lane {
                _ = lanes.take(lane, offset: offset, at: self.at(milliseconds))
                offset += 1
                sent.append(milliseconds)
            }
        }
        // The bucket was full, and then gives one every 100 ms.
        #expect(sent.count { $0 == 0 } == 10)
        #expect(sent.count == 10 + 19)
        #expect(lanes.nextDeadline(after: self.at(1950)) == self.at(2000))
    }

    @Test("a sink that has too much to do gets less, and then more again")
    func overload() throws {
        var lanes = self.lanes(.unordered, retries: 10, jobsMax: 8, windowMax: 100)
        let lane = lanes.assign()
        var jobs: [LaneSet.JobID] = []
        for offset in Int64(0)..<8 { jobs.append(try self.take(&lanes, lane, offset)) }
        let overloaded = DeliveryOutcome.refused(
            isRetriable: true,
            retryAfter: nil,
            isOverload: true
        )
        _ = self.answer(&lanes, jobs.removeFirst(), overloaded)
        #expect(lanes.concurrency.current == 4)
        // The same moment counts once.
        _ = self.answer(&lanes, jobs.removeFirst(), overloaded, 10)
        #expect(lanes.concurrency.current == 4)
        _ = self.answer(&lanes, jobs.removeFirst(), overloaded, 2000)
        #expect(lanes.concurrency.current == 2)
        for job in jobs { _ = self.answer(&lanes, job, .accepted, 2000) }
        #expect(lanes.concurrency.current > 2)
    }

    // MARK: After a restart

    @Test("what an earlier owner finished is not sent again, and its attempts count")
    func resumed() throws {
        var lanes = self.lanes(.unordered, retries: 3, jobsMax: 10, windowMax: 10)
        let lane = lanes.assign()
        var jobs: [LaneSet.JobID] = []
        for offset in Int64(0)..<4 { jobs.append(try self.take(&lanes, lane, offset)) }
        for (job, outcome) in zip(jobs, [self.refused, .accepted, self.refused, .accepted]) {
            _ = self.answer(&lanes, job, outcome)
        }
        let removed = lanes.remove(lane)
        let commit = try #require(removed)
        #expect(commit.offset == 0)

        let next = lanes.assign(
            committed: commit.offset,
            known: PartitionProgress(text: commit.metadata, base: commit.offset)
        )
        let again = try self.take(&lanes, next, 0)
        #expect(lanes.take(next, offset: 1, at: self.start).admission == .finishedBefore)
        _ = try self.take(&lanes, next, 2)
        #expect(lanes.take(next, offset: 3, at: self.start).admission == .finishedBefore)
        // One attempt before, three now: retry 3 means three.
        for wait in [400, 800] {
            let step = self.answer(&lanes, again, self.refused)
            #expect(step == .wait(until: self.at(wait)))
            _ = lanes.due(at: self.at(wait))
        }
        let step = self.answer(&lanes, again, self.refused)
        #expect(step == .hold(until: self.at(1000)))
    }

    // MARK: Several events, replies

    @Test("a record of several events is done with the last; each has all its attempts")
    func parts() throws {
        var lanes = self.lanes(retries: 1)
        let lane = lanes.assign()
        let job = try self.take(&lanes, lane, 0)
        _ = self.answer(&lanes, job, self.refused)
        _ = lanes.due(at: self.at(200))
        #expect(lanes.advanced(job) == .send(.sink))
        #expect(lanes.uncommitted == [lane: 0])
        let step = self.answer(&lanes, job, self.refused)
        #expect(step == .wait(until: self.at(200)))
    }

    @Test("a reply has its own attempts; when they are over the event is a dead letter")
    func reply() throws {
        var lanes = self.lanes(retries: 1, deadLetterSink: true)
        let lane = lanes.assign()
        let job = try self.take(&lanes, lane, 0)
        #expect(lanes.replied(job) == .send(.replySink))
        var step = self.answer(&lanes, job, self.refused)
        #expect(step == .wait(until: self.at(200)))
        #expect(lanes.due(at: self.at(200)).map(\.target) == [.replySink])
        step = self.answer(&lanes, job, self.refused)
        #expect(step == .send(.deadLetterSink))
    }
}

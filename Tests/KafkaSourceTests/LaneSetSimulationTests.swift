// SPDX-License-Identifier: Apache-2.0

import EventLoop
import TestSupport
import Testing

@testable import KafkaSource

/// Random histories: sinks that fail, rebalances, crashes.
@Suite("Lanes, simulated")
struct LaneSetSimulationTests {
    static let runs = SeededGenerator.seeds.flatMap { seed in
        DeliveryOrdering.allCases.map { (seed, $0) }
    }

    @Test("nothing is lost, order is kept, no commit passes an unfinished record", arguments: runs)
    func history(_ seed: UInt64, _ ordering: DeliveryOrdering) {
        var world = SimulatedWorld(seed: seed, ordering: ordering)
        for _ in 0..<4000 { world.step() }
        world.quietDown()
        for partition in world.partitions {
            #expect(partition.accepted == Set(partition.log), "seed \(seed): all are delivered")
            #expect(partition.stored == partition.nextOffset, "seed \(seed): all is committed")
        }
        #expect(world.faults == [], "seed \(seed)")
        #expect(world.lanes.jobsCount == 0)
    }
}

/// Partitions with their records, a sink with moods, and a dispatcher that may crash.
struct SimulatedWorld {
    struct Partition {
        var log: [Int64] = []
        var nextOffset: Int64 = 0
        /// What the group has stored.
        var stored: Int64 = 0
        /// Where the present reader is.
        var position: Int64 = 0
        var lane: LaneSet.LaneID?
        var accepted: Set<Int64> = []
        /// Accepted in the present assignment, for the order.
        var lastAccepted: Int64 = -1
        var isRevoked = false
    }

    struct Sent {
        var job: LaneSet.JobID
        var partition: Int
        var offset: Int64
        var assignment: LaneSet.LaneID
    }

    private static let jobsMax = 5

    private var random: SeededGenerator
    private let ordering: DeliveryOrdering
    private(set) var lanes: LaneSet
    private(set) var partitions = [Partition](repeating: Partition(), count: 3)
    private(set) var faults: [String] = []
    private var sent: [Sent] = []
    private var places: [LaneSet.JobID: Sent] = [:]
    private var now = MonotonicTime(nanoseconds: 1)
    private var isSinkHealthy = false

    init(seed: UInt64, ordering: DeliveryOrdering) {
        self.random = SeededGenerator(seed: seed)
        self.ordering = ordering
        self.lanes = Self.makeLanes(ordering)
    }

    private static func makeLanes(_ ordering: DeliveryOrdering) -> LaneSet {
        LaneSet(
            ordering: ordering,
            schedule: RetrySchedule(retriesMax: 2, policy: .linear, delay: .milliseconds(10)),
            hasDeadLetterSink: true,
            limits: LaneSet.Limits(jobsMax: self.jobsMax, windowMax: 8)
        )
    }

    mutating func step() {
        switch self.random.next() % 100 {
        case 0..<25: self.produce()
        case 25..<50: self.take()
        case 50..<80: self.answer()
        case 80..<88: self.advance(by: .milliseconds(Int(self.random.next() % 500)))
        case 88..<94: self.commit(isStored: self.random.next() % 4 != 0)
        case 94..<97: self.assignOrRevoke()
        case 97..<99: self.finishRevocations()
        default: if self.random.next() % 10 == 0 { self.crash() }
        }
        self.check()
    }

    /// No more failures: everything must come to its end.
    mutating func quietDown() {
        self.isSinkHealthy = true
        for _ in 0..<1000 {
            for index in self.partitions.indices where self.partitions[index].lane == nil {
                self.assign(index)
            }
            self.take()
            self.answer()
            self.advance(by: .seconds(60))
            self.finishRevocations()
            self.commit(isStored: true)
            self.check()
        }
    }

    private mutating func produce() {
        let index = Int(self.random.next() % 3)
        let gap = self.random.next() % 8 == 0 ? Int64(self.random.next() % 50) : 0
        self.partitions[index].nextOffset += gap
        self.partitions[index].log.append(self.partitions[index].nextOffset)
        self.partitions[index].nextOffset += 1
        self.lanes.recordsArrived()
    }

    private mutating func take() {
        while let lane = self.lanes.nextLane() {
            guard let index = self.partitions.firstIndex(where: { $0.lane == lane }) else {
                return self.faults.append("a lane without a partition is asked for records")
            }
            let position = self.partitions[index].position
            guard let offset = self.partitions[index].log.first(where: { $0 >= position }) else {
                self.lanes.ranDry(lane)
                continue
            }
            self.partitions[index].position = offset + 1
            guard let taken = self.lanes.take(lane, offset: offset, at: self.now) else {
                return self.faults.append("a record was refused")
            }
            if taken.isRewound { self.faults.append("offsets seemed to go back") }
            let sent = Sent(job: taken.job, partition: index, offset: offset, assignment: lane)
            self.places[taken.job] = sent
            if self.random.next() % 20 == 0 {
                self.follow(self.lanes.cannotConvert(taken.job, at: self.now), sent)
            } else {
                self.sent.append(sent)
            }
        }
    }

    private mutating func answer() {
        guard !self.sent.isEmpty else { return }
        let sent = self.sent.remove(at: Int(self.random.next() % UInt64(self.sent.count)))
        let outcome: DeliveryOutcome
        switch self.isSinkHealthy ? 0 : self.random.next() % 4 {
        case 0, 1: outcome = .accepted
        case 2: outcome = .refused(isRetriable: true, retryAfter: nil)
        default: outcome = .refused(isRetriable: false, retryAfter: nil)
        }
        if outcome == .accepted { self.accept(sent) }
        self.follow(self.lanes.answered(sent.job, outcome, at: self.now, random: 0), sent)
    }

    private mutating func accept(_ sent: Sent) {
        self.partitions[sent.partition].accepted.insert(sent.offset)
        guard self.partitions[sent.partition].lane == sent.assignment else { return }
        if self.ordering == .ordered,
            sent.offset <= self.partitions[sent.partition].lastAccepted
        {
            self.faults.append("order was not kept")
        }
        self.partitions[sent.partition].lastAccepted = sent.offset
    }

    private mutating func follow(_ step: LaneSet.Step, _ sent: Sent) {
        switch step {
        case .send: self.sent.append(sent)
        case .settled, .abandoned: self.places[sent.job] = nil
        case .wait, .hold: break
        }
    }

    private mutating func advance(by duration: Duration) {
        self.now = self.now.advanced(by: duration)
        for (job, target) in self.lanes.due(at: self.now) {
            guard let place = self.places[job], target != nil else {
                self.faults.append("a job is due that nobody knows, or that has no target")
                continue
            }
            self.sent.append(place)
        }
        if let deadline = self.lanes.nextDeadline, deadline <= self.now {
            self.faults.append("a deadline was passed over")
        }
    }

    private mutating func commit(isStored: Bool) {
        for (lane, offset) in self.lanes.uncommitted {
            guard let index = self.partitions.firstIndex(where: { $0.lane == lane }) else {
                self.faults.append("a lane without a partition is committed")
                continue
            }
            guard isStored else { continue }
            self.store(index, offset)
            self.lanes.committed(lane, offset)
        }
    }

    private mutating func store(_ index: Int, _ offset: Int64) {
        let partition = self.partitions[index]
        let missing = partition.log.first { $0 < offset && !partition.accepted.contains($0) }
        if let missing { self.faults.append("\(missing) was committed and not delivered") }
        self.partitions[index].stored = max(partition.stored, offset)
    }

    private mutating func assignOrRevoke() {
        let index = Int(self.random.next() % 3)
        guard let lane = self.partitions[index].lane else { return self.assign(index) }
        guard !self.partitions[index].isRevoked else { return }
        if self.random.next() % 4 == 0 {
            // Lost: no time to finish, nothing to commit.
            _ = self.lanes.remove(lane)
            self.partitions[index].lane = nil
        } else {
            for job in self.lanes.revoke(lane) { self.places[job] = nil }
            self.partitions[index].isRevoked = true
        }
    }

    private mutating func finishRevocations() {
        for index in self.partitions.indices where self.partitions[index].isRevoked {
            guard let lane = self.partitions[index].lane, !self.lanes.hasJobsSent(lane)
            else { continue }
            if let offset = self.lanes.remove(lane) { self.store(index, offset) }
            self.partitions[index].lane = nil
        }
    }

    private mutating func assign(_ index: Int) {
        self.partitions[index].lane = self.lanes.assign(start: nil)
        self.partitions[index].position = self.partitions[index].stored
        self.partitions[index].lastAccepted = -1
        self.partitions[index].isRevoked = false
    }

    private mutating func crash() {
        self.lanes = Self.makeLanes(self.ordering)
        self.sent = []
        self.places = [:]
        for index in self.partitions.indices {
            self.partitions[index].lane = nil
            self.partitions[index].isRevoked = false
        }
    }

    private mutating func check() {
        if self.ordering == .unordered, self.lanes.jobsCount > Self.jobsMax {
            self.faults.append("too many jobs")
        }
        for partition in self.partitions {
            guard let lane = partition.lane, let status = self.lanes.status(of: lane) else {
                continue
            }
            if self.ordering == .ordered, status.jobsCount > 1 {
                self.faults.append("two records of a lane at a time")
            }
        }
    }
}

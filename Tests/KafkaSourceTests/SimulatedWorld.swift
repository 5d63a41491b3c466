// SPDX-License-Identifier: Apache-2.0

import EventLoop
import TestSupport

@testable import KafkaSource

/// Partitions with their records, sinks with moods, and a dispatcher that may crash.
struct SimulatedWorld {
    struct Record {
        var offset: Int64
        var key: Int?
    }

    struct Partition {
        var log: [Record] = []
        var nextOffset: Int64 = 0
        /// What the group has stored.
        var stored = OffsetTracker.Commit(offset: 0, metadata: "")
        /// Where the present reader is.
        var position: Int64 = 0
        var lane: LaneSet.LaneID?
        var isRevoked = false
        /// What the present owner was told is finished.
        var knownFinished: [Range<Int64>] = []
        var accepted: Set<Int64> = []
        /// The newest record of each key that was ever accepted; without keys, of the partition.
        var newestAccepted: [Int: Int64] = [:]
        /// Attempts that the present owner was told of, and its own with the sink.
        var knownAttempts: [Int64: Int] = [:]
        var attempts: [Int64: Int] = [:]
        /// Those of its own attempts that came back with a refusal.
        var refusals: [Int64: Int] = [:]
        var held: Set<Int64> = []
    }

    struct Sent {
        var job: LaneSet.JobID
        var partition: Int
        var record: Record
        var assignment: LaneSet.LaneID
        var target = LaneSet.Target.sink
    }

    private static let inFlightMax = 5
    private static let retriesMax = 2
    private static let rateMax = 100.0

    let ordering: DeliveryOrdering
    private var random: SeededGenerator
    private(set) var lanes: LaneSet
    private(set) var partitions = [Partition](repeating: Partition(), count: 3)
    private(set) var faults: [String] = []
    private var sent: [Sent] = []
    private var places: [LaneSet.JobID: Sent] = [:]
    private var now = MonotonicTime(nanoseconds: 1_000_000_000_000)
    private var isHealthy = false
    private var isDeadLetterSinkUp = true

    init(seed: UInt64, ordering: DeliveryOrdering) {
        self.random = SeededGenerator(seed: seed)
        self.ordering = ordering
        self.lanes = Self.makeLanes(ordering)
    }

    private static func makeLanes(_ ordering: DeliveryOrdering) -> LaneSet {
        var limits = LaneSet.Limits(ordering, inFlightMax: self.inFlightMax)
        limits.windowMax = 8
        limits.bytesMax = 12
        limits.rateMax = self.rateMax
        return LaneSet(
            ordering: ordering,
            schedule: RetrySchedule(
                retriesMax: self.retriesMax,
                policy: .linear,
                delay: .milliseconds(10)
            ),
            hasDeadLetterSink: true,
            limits: limits
        )
    }

    private mutating func fault(_ text: String) { self.faults.append(text) }

    mutating func step() {
        switch self.random.next() % 100 {
        case 0..<22: self.produce()
        case 22..<45: self.act()
        case 45..<75: self.answer()
        case 75..<83: self.advance(by: .milliseconds(Int(self.random.next() % 500)))
        case 83..<91: self.commit(isStored: self.random.chance(75))
        case 91..<95: self.assignOrRevoke()
        case 95..<98: self.finishRevocations()
        case 98: self.isDeadLetterSinkUp.toggle()
        default: if self.random.chance(30) { self.crash() }
        }
        self.check()
    }

    /// No more failures: everything must come to its end.
    mutating func quietDown() {
        self.isHealthy = true
        self.isDeadLetterSinkUp = true
        for _ in 0..<400 where !self.isAtRest {
            for index in self.partitions.indices where self.partitions[index].lane == nil {
                self.assign(index)
            }
            self.act()
            while !self.sent.isEmpty { self.answer() }
            self.advance(by: .seconds(61))
            self.finishRevocations()
            self.commit(isStored: true)
            self.check()
        }
        for partition in self.partitions {
            if !partition.log.allSatisfy({ partition.accepted.contains($0.offset) }) {
                self.fault("a record was not delivered")
            }
            if partition.stored != .init(offset: partition.nextOffset, metadata: "") {
                self.fault("\(partition.stored) is stored, and the end is \(partition.nextOffset)")
            }
        }
        if self.lanes.jobsCount > 0 || self.lanes.sentCount > 0 || self.lanes.bytesCount > 0
            || self.lanes.heldCount > 0
        {
            self.fault("something is left over")
        }
    }

    private var isAtRest: Bool {
        self.lanes.jobsCount == 0
            && self.partitions.allSatisfy {
                $0.lane != nil && $0.stored == .init(offset: $0.nextOffset, metadata: "")
            }
    }

    // MARK: Records

    private mutating func produce() {
        let index = Int(self.random.next() % 3)
        let gap = self.random.chance(12) ? Int64(self.random.next() % 50) : 0
        self.partitions[index].nextOffset += gap
        // A gap without a record behind it: marks of transactions at the end.
        if gap > 0, self.random.chance(30) { return self.lanes.recordsArrived() }
        let key = self.random.chance(10) ? nil : Int(self.random.next() % 3)
        self.partitions[index].log.append(
            Record(offset: self.partitions[index].nextOffset, key: key)
        )
        self.partitions[index].nextOffset += 1
        self.lanes.recordsArrived()
    }

    private mutating func act() {
        while let action = self.lanes.next(at: self.now) {
            switch action {
            case .take(let lane): self.take(lane)
            case .send(let job, let target):
                guard var place = self.places[job], let target else {
                    return self.fault("a job is sent that nobody knows, or that has no target")
                }
                place.target = target
                self.dispatch(place)
            }
        }
    }

    private mutating func take(_ lane: LaneSet.LaneID) {
        guard let index = self.partitions.firstIndex(where: { $0.lane == lane }) else {
            self.fault("a lane without a partition is asked for records")
            return self.lanes.ranDry(lane)
        }
        let position = self.partitions[index].position
        guard let record = self.partitions[index].log.first(where: { $0.offset >= position }) else {
            self.lanes.reachedEnd(lane, self.partitions[index].nextOffset)
            return self.lanes.ranDry(lane)
        }
        self.partitions[index].position = record.offset + 1
        let taken = self.lanes.take(
            lane,
            offset: record.offset,
            key: record.key,
            bytesCount: 1,
            at: self.now
        )
        if taken.isRewound { self.fault("offsets seemed to go back") }
        let wasFinished = self.partitions[index].knownFinished
            .contains { $0.contains(record.offset) }
        switch taken.admission {
        case .send(let job), .queued(let job):
            if wasFinished { self.fault("what an earlier owner finished is delivered again") }
            let place = Sent(job: job, partition: index, record: record, assignment: lane)
            self.places[job] = place
            if case .send = taken.admission { self.start(place) }
        case .finishedBefore:
            if !wasFinished { self.fault("a record was passed over") }
        case .refused: self.fault("a record was refused")
        }
    }

    private mutating func start(_ place: Sent) {
        if self.random.chance(5) {
            self.follow(self.lanes.cannotConvert(place.job, at: self.now), place)
        } else {
            self.dispatch(place)
        }
    }

    private mutating func dispatch(_ place: Sent) {
        let offset = place.record.offset
        if place.target == .sink {
            self.partitions[place.partition].attempts[offset, default: 0] += 1
        }
        let partition = self.partitions[place.partition]
        let bound = max(1, Self.retriesMax + 1 - partition.knownAttempts[offset, default: 0])
        if partition.attempts[offset, default: 0] > bound, !partition.held.contains(offset) {
            self.fault("\(partition.attempts[offset, default: 0]) attempts, at most \(bound)")
        }
        self.sent.append(place)
    }

    // MARK: Answers

    private mutating func answer() {
        guard !self.sent.isEmpty else { return }
        let place = self.sent.remove(at: Int(self.random.next() % UInt64(self.sent.count)))
        let isUp = place.target == .sink || self.isDeadLetterSinkUp
        let outcome: DeliveryOutcome
        switch self.isHealthy ? 0 : isUp ? self.random.next() % 4 : 2 {
        case 0, 1: outcome = .accepted
        case 2:
            outcome = .refused(
                isRetriable: true,
                retryAfter: nil,
                isOverload: self.random.chance(50)
            )
        default: outcome = .hopeless
        }
        if outcome == .accepted {
            self.accept(place)
        } else if place.target == .sink,
            self.partitions[place.partition].lane == place.assignment
        {
            self.partitions[place.partition].refusals[place.record.offset, default: 0] += 1
        }
        self.follow(self.lanes.answered(place.job, outcome, at: self.now, random: 0), place)
    }

    private mutating func accept(_ place: Sent) {
        let offset = place.record.offset
        let isFirst = self.partitions[place.partition].accepted.insert(offset).inserted
        let key: Int
        switch self.ordering {
        case .unordered: return
        case .ordered: key = 0
        case .key:
            guard let own = place.record.key else { return }
            key = own
        }
        guard isFirst else { return }
        let newest = self.partitions[place.partition].newestAccepted[key, default: -1]
        if offset < newest { self.fault("\(offset) came after \(newest)") }
        self.partitions[place.partition].newestAccepted[key] = max(newest, offset)
    }

    private mutating func follow(_ step: LaneSet.Step, _ place: Sent) {
        switch step {
        case .send(let target):
            var place = place
            place.target = target
            self.dispatch(place)
        case .settled, .abandoned: self.places[place.job] = nil
        case .hold: self.partitions[place.partition].held.insert(place.record.offset)
        case .wait: break
        }
    }

    private mutating func advance(by duration: Duration) {
        self.now = self.now.advanced(by: duration)
        self.act()
    }

    // MARK: The group

    private mutating func commit(isStored: Bool) {
        for (lane, commit) in self.lanes.takeUncommitted() {
            guard let index = self.partitions.firstIndex(where: { $0.lane == lane }) else {
                self.fault("a lane without a partition is committed")
                continue
            }
            if isStored {
                self.store(index, commit)
                self.lanes.committed(lane, commit.offset)
            } else {
                self.lanes.commitFailed(lane)
            }
        }
    }

    private mutating func store(_ index: Int, _ commit: OffsetTracker.Commit) {
        let partition = self.partitions[index]
        let known = PartitionProgress(text: commit.metadata, base: commit.offset)
        for record in partition.log where !partition.accepted.contains(record.offset) {
            if record.offset < commit.offset
                || known.finished.contains(where: { $0.contains(record.offset) })
            {
                self.fault("\(record.offset) was committed and not delivered")
            }
        }
        let told = Dictionary(uniqueKeysWithValues: known.attempts.map { ($0.offset, $0.count) })
        for (offset, count) in partition.refusals where !partition.accepted.contains(offset) {
            let all = count + partition.knownAttempts[offset, default: 0]
            if told[offset] != all { self.fault("\(all) attempts, and the commit does not say so") }
        }
        if commit.offset < partition.stored.offset { self.fault("a commit went back") }
        self.partitions[index].stored = commit
    }

    private mutating func assignOrRevoke() {
        let index = Int(self.random.next() % 3)
        guard let lane = self.partitions[index].lane else { return self.assign(index) }
        guard !self.partitions[index].isRevoked else { return }
        if self.random.chance(25) {
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
            if let commit = self.lanes.remove(lane) { self.store(index, commit) }
            self.partitions[index].lane = nil
        }
    }

    private mutating func assign(_ index: Int) {
        let stored = self.partitions[index].stored
        let known = PartitionProgress(text: stored.metadata, base: stored.offset)
        self.partitions[index].lane = self.lanes.assign(committed: stored.offset, known: known)
        self.partitions[index].knownFinished = known.finished
        self.partitions[index].knownAttempts = Dictionary(
            uniqueKeysWithValues: known.attempts.map { ($0.offset, $0.count) }
        )
        self.partitions[index].attempts = [:]
        self.partitions[index].refusals = [:]
        self.partitions[index].held = []
        self.partitions[index].position = stored.offset
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
        if self.lanes.sentCount > Self.inFlightMax { self.fault("too many are with the sink") }
        if self.lanes.bytesCount > 12 + 1 { self.fault("too many bytes") }
        for partition in self.partitions {
            guard let lane = partition.lane, let status = self.lanes.status(of: lane) else {
                continue
            }
            if self.ordering == .ordered, status.jobsCount > 1 {
                self.fault("two records of a lane at a time")
            }
        }
    }
}

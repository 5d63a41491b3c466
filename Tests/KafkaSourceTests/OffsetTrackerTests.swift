// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import KafkaSource

@Suite("Offsets that may be committed")
struct OffsetTrackerTests {
    @Test("only what is finished without a gap may be committed")
    func order() {
        var tracker = OffsetTracker(windowMax: 10)
        #expect(tracker.committable == nil)
        for offset in Int64(5)...8 { #expect(tracker.register(offset) == .open(attempts: 0)) }
        #expect(tracker.committable == 5)
        #expect(tracker.uncommitted == nil)
        tracker.finish(7)
        tracker.finish(6)
        // Where reading goes on stays the same; the next owner learns what it need not do.
        #expect(tracker.uncommitted == 5)
        #expect(tracker.progress.finished == [6..<8])
        tracker.finish(5)
        #expect(tracker.uncommitted == 8)
        #expect(tracker.oldestUnfinished == 8)
        tracker.finish(8)
        #expect(tracker.takeUncommitted() == OffsetTracker.Commit(offset: 9, metadata: ""))
        tracker.commit(9)
        #expect(tracker.uncommitted == nil)
        #expect(tracker.committable == 9)
    }

    @Test("offsets that are not there cost nothing")
    func gaps() {
        var tracker = OffsetTracker(windowMax: 2)
        #expect(tracker.register(3) == .open(attempts: 0))
        #expect(tracker.register(1_000_000_000_000) == .open(attempts: 0))
        tracker.finish(3)
        #expect(tracker.uncommitted == 1_000_000_000_000)
        tracker.finish(1_000_000_000_000)
        #expect(tracker.uncommitted == 1_000_000_000_001)
    }

    @Test(
        "at its limit the window is full, and room comes only at its old end",
        arguments: [1, 2, 7]
    )
    func window(_ windowMax: Int) {
        var tracker = OffsetTracker(windowMax: windowMax)
        let last = Int64(windowMax) - 1
        for offset in 0...last {
            #expect(!tracker.isFull)
            #expect(tracker.register(offset) == .open(attempts: 0))
        }
        #expect(tracker.isFull)
        #expect(tracker.register(last + 1) == .refused)
        if last > 0 {
            tracker.finish(last)
            #expect(tracker.isFull)
        }
        tracker.finish(0)
        #expect(!tracker.isFull)
        #expect(tracker.register(last + 1) == .open(attempts: 0))
    }

    @Test("what does not lie behind the last record is refused", arguments: [-1, 0, 4, 5, .max])
    func refuses(_ offset: Int64) {
        var tracker = OffsetTracker(windowMax: 10)
        #expect(tracker.register(5) == .open(attempts: 0))
        #expect(tracker.register(offset) == .refused)
        #expect(tracker.committable == 5)
    }

    @Test("finishing twice, or what is not tracked, changes nothing")
    func finishing() {
        var tracker = OffsetTracker(windowMax: 10)
        #expect(tracker.finish(1) == false)
        for offset in Int64(1)...3 { _ = tracker.register(offset) }
        let first = tracker.finish(2)
        let second = tracker.finish(2)
        #expect(first && !second)
        #expect(tracker.committable == 1)
        tracker.finish(1)
        #expect(tracker.finish(1) == false)
        #expect(tracker.committable == 3)
    }

    @Test("a start that nobody knows of is committed before anything is finished")
    func start() {
        var tracker = OffsetTracker(start: 42, windowMax: 10)
        #expect(tracker.uncommitted == 42)
        tracker.commit(42)
        #expect(tracker.uncommitted == nil)
        #expect(tracker.register(42) == .open(attempts: 0))
        #expect(tracker.uncommitted == nil)
        tracker.finish(42)
        #expect(tracker.uncommitted == 43)
    }

    @Test("what was committed never goes back")
    func commits() {
        var tracker = OffsetTracker(windowMax: 10)
        tracker.commit(9)
        tracker.commit(7)
        #expect(tracker.committed == 9)
    }

    @Test("agrees with a plain model, whatever the order", arguments: SeededGenerator.seeds)
    func model(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var tracker = OffsetTracker(windowMax: 16)
        var unfinished: [Int64] = []
        var registered: [Int64] = []
        var next: Int64 = 0
        for _ in 0..<5000 {
            if random.next() % 2 == 0 {
                next += Int64(random.next() % 4 == 0 ? random.next() % 100 : 1)
                let window = registered.count { $0 >= unfinished.first ?? .max }
                let isTaken = tracker.register(next) != .refused
                #expect(isTaken == (window < 16 && next > registered.last ?? -1))
                if isTaken {
                    registered.append(next)
                    unfinished.append(next)
                }
            } else if let offset = unfinished.randomElement(using: &random) {
                unfinished.removeAll { $0 == offset }
                #expect(tracker.finish(offset) == true)
            }
            #expect(tracker.oldestUnfinished == unfinished.first)
            let expected = unfinished.first ?? registered.last.map { $0 + 1 }
            #expect(tracker.committable == expected, "seed \(seed)")
        }
    }

    @Test("what an earlier owner finished is passed over, and told on until it lies behind")
    func known() {
        var tracker = OffsetTracker(
            committed: 10,
            known: PartitionProgress(
                finished: [11..<13, 20..<30],
                attempts: [.init(offset: 13, count: 2)]
            ),
            windowMax: 10
        )
        #expect(tracker.uncommitted == nil)
        #expect(tracker.register(10) == .open(attempts: 0))
        #expect(tracker.register(11) == .finishedBefore)
        #expect(tracker.register(12) == .finishedBefore)
        #expect(tracker.register(13) == .open(attempts: 2))
        #expect(tracker.progress.finished == [11..<13, 20..<30])
        #expect(tracker.progress.attempts == [.init(offset: 13, count: 2)])
        tracker.finish(10)
        #expect(tracker.uncommitted == 13)
        tracker.finish(13)
        #expect(tracker.uncommitted == 14)
        #expect(tracker.progress == PartitionProgress(finished: [20..<30]))
        #expect(tracker.register(25) == .finishedBefore)
        #expect(tracker.uncommitted == 26)
        #expect(tracker.progress.finished == [26..<30])
        #expect(tracker.register(30) == .open(attempts: 0))
        #expect(tracker.progress == .none)
    }

    @Test("offsets before the committed one belong to another life of the topic")
    func wentBack() {
        var tracker = OffsetTracker(
            committed: 10,
            known: PartitionProgress(finished: [11..<13]),
            windowMax: 10
        )
        #expect(tracker.register(0) == .open(attempts: 0))
        #expect(tracker.register(11) == .open(attempts: 0))
    }

    @Test("marks of transactions at the end are nothing to wait for")
    func marks() {
        var tracker = OffsetTracker(committed: 5, windowMax: 10)
        tracker.reachedEnd(5)
        #expect(tracker.uncommitted == nil)
        _ = tracker.register(5)
        tracker.reachedEnd(8)
        #expect(tracker.committable == 5)
        tracker.finish(5)
        #expect(tracker.uncommitted == 8)
        tracker.commit(8)
        tracker.reachedEnd(9)
        #expect(tracker.uncommitted == 9)
        #expect(tracker.register(9) == .open(attempts: 0))
    }

    @Test("attempts are told until the record is finished, and again when that was not stored")
    func attempts() {
        var tracker = OffsetTracker(committed: 0, windowMax: 10)
        _ = tracker.register(0)
        #expect(tracker.takeUncommitted() == nil)
        tracker.tried(0, 1)
        let first = tracker.takeUncommitted()
        #expect(first?.offset == 0 && first?.metadata.isEmpty == false)
        tracker.commit(0)
        #expect(tracker.takeUncommitted() == nil)
        tracker.tried(0, 2)
        #expect(tracker.takeUncommitted() != first)
        tracker.commitFailed()
        #expect(tracker.takeUncommitted() != nil)
        tracker.finish(0)
        #expect(tracker.takeUncommitted() == OffsetTracker.Commit(offset: 1, metadata: ""))
    }
}

extension OffsetTracker {
    /// The offset that would be committed.
    var uncommitted: Int64? {
        var copy = self
        return copy.takeUncommitted()?.offset
    }
}

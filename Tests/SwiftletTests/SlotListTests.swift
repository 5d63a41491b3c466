// SPDX-License-Identifier: Apache-2.0

import EventLoop
import TestSupport
import Testing

@testable import Swiftlet

@Suite("Lists with slots")
struct SlotListTests {
    @Test("elements leave in the order of arrival, or out of turn, once")
    func order() {
        var list = SlotList<Int>()
        let ids = (0..<5).map { list.append($0) }
        #expect(list.remove(ids[2]) == 2)
        #expect(list.remove(ids[2]) == nil)
        #expect(list.remove(.none) == nil)
        #expect(list.first == 0)
        #expect(list.popFirst() == 0)
        #expect(list.remove(ids[4]) == 4)
        // The name of one that left does not name the one that took its slot.
        let new = list.append(9)
        #expect(list.remove(ids[0]) == nil)
        #expect(list.count == 3)
        #expect(
            [list.popFirst(), list.popFirst(), list.popFirst(), list.popFirst()] == [1, 3, 9, nil]
        )
        #expect(list.remove(new) == nil)
        #expect(list.isEmpty)
    }

    @Test("it does what an array does", arguments: SeededGenerator.seeds)
    func randomWalk(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var list = SlotList<Int>()
        var model: [(value: Int, id: SlotID)] = []
        var stale: [SlotID] = []
        for step in 0..<4000 {
            switch Int.random(in: 0..<5, using: &random) {
            case 0, 1: model.append((step, list.append(step)))
            case 2 where !model.isEmpty:
                let gone = model.remove(at: Int.random(in: model.indices, using: &random))
                #expect(list.remove(gone.id) == gone.value)
                stale.append(gone.id)
            case 3 where !stale.isEmpty: #expect(list.remove(random.pick(stale)) == nil)
            default: #expect(list.popFirst() == (model.isEmpty ? nil : model.removeFirst().value))
            }
            #expect(list.count == model.count)
            #expect(list.first == model.first?.value)
        }
    }

    @Test("deadlines pass in order, at their time and not before")
    func deadlines() {
        func time(_ seconds: Int) -> MonotonicTime {
            MonotonicTime(nanoseconds: UInt64(seconds) * 1_000_000_000)
        }
        var list = DeadlineList<String>(duration: .seconds(10))
        #expect(list.nextDeadline == nil)
        let first = list.append("a", now: time(1))
        _ = list.append("b", now: time(2))
        _ = list.append("c", now: time(2))
        #expect(list.nextDeadline == time(11))
        list.remove(first)
        #expect(list.nextDeadline == time(12))
        #expect(list.popPassed(at: time(11)) == nil)
        #expect(list.popPassed(at: time(12)) == "b")
        #expect(list.popPassed(at: time(12)) == "c")
        #expect(list.popPassed(at: time(99)) == nil)
        #expect(list.count == 0)
    }
}

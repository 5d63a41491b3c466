// SPDX-License-Identifier: Apache-2.0

/// Names one scheduled timer; stale names are harmless.
package struct TimerID: Hashable, Sendable {
    fileprivate var slot: Int32
    fileprivate var generation: UInt32

    /// Names no timer.
    package static let none = TimerID(slot: -1, generation: 0)
}

/// Timers in the order of their deadlines: a binary heap over reused slots.
///
/// A cancelled timer leaves its heap entry behind, which is dropped when it reaches the top, or all
/// at once when such entries outnumber the live ones.
struct TimerQueue {
    private struct Slot {
        var generation: UInt32 = 0
        var body: (() -> Void)?
    }

    private struct Entry {
        var deadline: MonotonicTime
        /// Keeps timers of the same deadline in the order in which they were made.
        var order: UInt64
        var id: TimerID

        func precedes(_ other: Entry) -> Bool {
            (self.deadline, self.order) < (other.deadline, other.order)
        }
    }

    /// Stale entries are tolerated up to this many, whatever their share.
    private static let staleCountMin = 64

    private var heap: [Entry] = []
    private var slots: [Slot] = []
    private var freeSlots: [Int32] = []
    private var orderNext: UInt64 = 0
    private(set) var count = 0
    /// Live and stale entries together.
    var entryCount: Int { self.heap.count }

    /// Adds a timer.
    mutating func schedule(at deadline: MonotonicTime, _ body: @escaping () -> Void) -> TimerID {
        let index: Int32
        if let free = self.freeSlots.popLast() {
            index = free
        } else {
            index = Int32(self.slots.count)
            self.slots.append(Slot())
        }
        self.slots[Int(index)].body = body
        let id = TimerID(slot: index, generation: self.slots[Int(index)].generation)
        self.heap.append(Entry(deadline: deadline, order: self.orderNext, id: id))
        self.orderNext += 1
        self.count += 1
        self.siftUp(self.heap.count - 1)
        return id
    }

    /// Removes a timer; a timer that fired or was removed before is left alone.
    mutating func cancel(_ id: TimerID) {
        guard self.take(id) != nil else { return }
        if self.heap.count > Self.staleCountMin, self.heap.count > self.count * 2 { self.compact() }
    }

    /// When the next timer is due; `nil` when there is none.
    mutating func nextDeadline() -> MonotonicTime? {
        while let first = self.heap.first {
            if self.isLive(first.id) { return first.deadline }
            self.removeFirst()
        }
        return nil
    }

    /// Takes one timer that is due at `now`; the caller runs it.
    mutating func popDue(at now: MonotonicTime) -> (() -> Void)? {
        while let first = self.heap.first, first.deadline <= now {
            self.removeFirst()
            if let body = self.take(first.id) { return body }
        }
        return nil
    }

    /// Removes all timers.
    ///
    /// - Returns: What they would have run.
    mutating func takeAll() -> [() -> Void] {
        let heap = self.heap
        self.heap = []
        var bodies: [() -> Void] = []
        for entry in heap {
            if let body = self.take(entry.id) { bodies.append(body) }
        }
        return bodies
    }

    private func isLive(_ id: TimerID) -> Bool {
        id.slot >= 0 && self.slots[Int(id.slot)].generation == id.generation
    }

    private mutating func take(_ id: TimerID) -> (() -> Void)? {
        guard self.isLive(id), let body = self.slots[Int(id.slot)].body else { return nil }
        self.slots[Int(id.slot)].body = nil
        self.slots[Int(id.slot)].generation &+= 1
        self.freeSlots.append(id.slot)
        self.count -= 1
        return body
    }

    private mutating func compact() {
        let live = self.heap.filter { self.isLive($0.id) }
        self.heap.removeAll(keepingCapacity: true)
        for entry in live {
            self.heap.append(entry)
            self.siftUp(self.heap.count - 1)
        }
    }

    private mutating func removeFirst() {
        let last = self.heap.removeLast()
        guard !self.heap.isEmpty else { return }
        self.heap[0] = last
        self.siftDown(0)
    }

    private mutating func siftUp(_ start: Int) {
        var child = start
        while child > 0 {
            let parent = (child - 1) / 2
            guard self.heap[child].precedes(self.heap[parent]) else { return }
            self.heap.swapAt(child, parent)
            child = parent
        }
    }

    private mutating func siftDown(_ start: Int) {
        var parent = start
        while true {
            var first = parent
            for child in [parent * 2 + 1, parent * 2 + 2] where child < self.heap.count {
                if self.heap[child].precedes(self.heap[first]) { first = child }
            }
            guard first != parent else { return }
            self.heap.swapAt(first, parent)
            parent = first
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

/// Names one element of a ``SlotList`` while it is there; the name of one that left is harmless.
struct SlotID: Equatable, Sendable {
    fileprivate var slot: Int32
    fileprivate var generation: UInt32

    /// Names nothing.
    static let none = SlotID(slot: -1, generation: 0)
}

/// A list in order of arrival from which any element is taken in constant time.
///
/// Doubly linked over reused slots: once it has been as long as it gets, it allocates no more.
struct SlotList<Element> {
    private struct Slot {
        var element: Element?
        var generation: UInt32 = 0
        var previous: Int32 = -1
        var next: Int32 = -1
    }

    private var slots: [Slot] = []
    private var freeHead: Int32 = -1
    private var head: Int32 = -1
    private var tail: Int32 = -1
    private(set) var count = 0

    var isEmpty: Bool { self.count == 0 }
    /// The element that has been here longest.
    var first: Element? { self.head < 0 ? nil : self.slots[Int(self.head)].element }

    /// Adds an element behind all others.
    mutating func append(_ element: Element) -> SlotID {
        let slot = self.takeFreeSlot()
        self.slots[Int(slot)].element = element
        self.slots[Int(slot)].previous = self.tail
        self.slots[Int(slot)].next = -1
        if self.tail < 0 { self.head = slot } else { self.slots[Int(self.tail)].next = slot }
        self.tail = slot
        self.count += 1
        return SlotID(slot: slot, generation: self.slots[Int(slot)].generation)
    }

    /// Takes an element out; `nil` when it is not here any more.
    @discardableResult
    mutating func remove(_ id: SlotID) -> Element? {
        guard id.slot >= 0, self.slots[Int(id.slot)].generation == id.generation else { return nil }
        return self.removeSlot(id.slot)
    }

    /// Takes the element out that has been here longest.
    mutating func popFirst() -> Element? { self.head < 0 ? nil : self.removeSlot(self.head) }

    private mutating func takeFreeSlot() -> Int32 {
        guard self.freeHead < 0 else {
            let slot = self.freeHead
            self.freeHead = self.slots[Int(slot)].next
            return slot
        }
        self.slots.append(Slot())
        return Int32(self.slots.count - 1)
    }

    private mutating func removeSlot(_ slot: Int32) -> Element? {
        let (previous, next) = (self.slots[Int(slot)].previous, self.slots[Int(slot)].next)
        if previous < 0 { self.head = next } else { self.slots[Int(previous)].next = next }
        if next < 0 { self.tail = previous } else { self.slots[Int(next)].previous = previous }
        let element = self.slots[Int(slot)].element.take()
        self.slots[Int(slot)].generation &+= 1
        self.slots[Int(slot)].next = self.freeHead
        self.freeHead = slot
        self.count -= 1
        return element
    }
}

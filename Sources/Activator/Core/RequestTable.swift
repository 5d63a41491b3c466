// SPDX-License-Identifier: Apache-2.0

internal import EventLoop

/// Names one request of a revision; a name is never given twice.
struct RequestID: Hashable, Sendable {
    /// Where the request lies; reused, so that others can keep an array beside the table.
    let slot: Int
    fileprivate let generation: UInt32
}

/// The requests of a revision: where each one is, and the queue of those that wait.
///
/// The queue is a list that runs through the slots, so that a request whose client has left is
/// taken out of its middle at once, and nothing is allocated once the slots are there.
struct RequestTable {
    /// Where a request is.
    enum Place: Equatable {
        /// It is not known any more.
        case nowhere
        /// It was added and nothing was decided yet.
        case new
        /// It waits.
        case queued
        /// It was given to an instance.
        case dispatched(InstanceID)
    }

    private struct Entry {
        var generation: UInt32 = 0
        var place = Place.nowhere
        var bytes = 0
        var deadline = MonotonicTime(nanoseconds: 0)
        var previous = -1
        var next = -1
    }

    private var entries: [Entry] = []
    private var free: [Int] = []
    private var head = -1
    private var tail = -1

    /// How many requests wait.
    private(set) var queuedCount = 0
    /// What the requests that wait may hold in memory.
    private(set) var queuedBytes = 0
    /// How many requests are with an instance.
    private(set) var dispatchedCount = 0

    /// The request that has waited longest.
    var first: RequestID? { self.head < 0 ? nil : self.id(of: self.head) }
    /// When the first request has waited too long.
    var firstDeadline: MonotonicTime? { self.head < 0 ? nil : self.entries[self.head].deadline }

    private func id(of slot: Int) -> RequestID {
        RequestID(slot: slot, generation: self.entries[slot].generation)
    }

    /// Where a request is.
    func place(of id: RequestID) -> Place {
        guard id.slot < self.entries.count, self.entries[id.slot].generation == id.generation
        else { return .nowhere }
        return self.entries[id.slot].place
    }

    /// What a request may hold in memory while it waits.
    func bytes(of id: RequestID) -> Int { self.entries[id.slot].bytes }

    /// When a request has waited too long.
    func deadline(of id: RequestID) -> MonotonicTime { self.entries[id.slot].deadline }

    /// Adds a request.
    ///
    /// - Parameters:
    ///   - bytes: What it may hold in memory while it waits.
    ///   - deadline: When it has waited too long.
    /// - Returns: Its name.
    mutating func add(bytes: Int, deadline: MonotonicTime) -> RequestID {
        let slot: Int
        if let free = self.free.popLast() {
            slot = free
        } else {
            slot = self.entries.count
            self.entries.append(Entry())
        }
        self.entries[slot].place = .new
        self.entries[slot].bytes = bytes
        self.entries[slot].deadline = deadline
        return self.id(of: slot)
    }

    /// Puts a request at the end of the queue.
    mutating func enqueueLast(_ id: RequestID) {
        self.prepareToQueue(id)
        self.entries[id.slot].previous = self.tail
        if self.tail >= 0 { self.entries[self.tail].next = id.slot } else { self.head = id.slot }
        self.tail = id.slot
    }

    /// Puts a request that was taken out before in front of the queue.
    mutating func enqueueFirst(_ id: RequestID) {
        self.prepareToQueue(id)
        self.entries[id.slot].next = self.head
        if self.head >= 0 {
            self.entries[self.head].previous = id.slot
        } else {
            self.tail = id.slot
        }
        self.head = id.slot
    }

    private mutating func prepareToQueue(_ id: RequestID) {
        self.detach(id)
        self.entries[id.slot].place = .queued
        self.entries[id.slot].previous = -1
        self.entries[id.slot].next = -1
        self.queuedCount += 1
        self.queuedBytes += self.entries[id.slot].bytes
    }

    /// Notes that a request went to an instance.
    mutating func dispatch(_ id: RequestID, to instance: InstanceID) {
        self.detach(id)
        self.entries[id.slot].place = .dispatched(instance)
        self.dispatchedCount += 1
    }

    /// Forgets a request.
    mutating func remove(_ id: RequestID) {
        guard self.place(of: id) != .nowhere else { return }
        self.detach(id)
        self.entries[id.slot].place = .nowhere
        self.entries[id.slot].generation &+= 1
        self.free.append(id.slot)
    }

    /// Takes a request out of the place where it is counted.
    private mutating func detach(_ id: RequestID) {
        switch self.place(of: id) {
        case .nowhere: preconditionFailure("only requests that are known are moved")
        case .new: break
        case .dispatched: self.dispatchedCount -= 1
        case .queued:
            let (previous, next) = (self.entries[id.slot].previous, self.entries[id.slot].next)
            if previous >= 0 { self.entries[previous].next = next } else { self.head = next }
            if next >= 0 { self.entries[next].previous = previous } else { self.tail = previous }
            self.queuedCount -= 1
            self.queuedBytes -= self.entries[id.slot].bytes
        }
    }
}

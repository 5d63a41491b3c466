// SPDX-License-Identifier: Apache-2.0

/// Knows up to where a partition may be committed when its records are finished in any order.
///
/// Every record that is registered and not finished costs one entry, and so does every finished one
/// behind it. Offsets that are not there (transactions, compaction) cost nothing.
struct OffsetTracker {
    private struct Entry {
        var offset: Int64
        var isFinished = false
    }

    /// Most records between the oldest unfinished one and the newest.
    let windowMax: Int
    /// What the group has stored, as far as is known.
    private(set) var committed: Int64?

    /// In the order of their offsets; those before `head` are done with.
    private var entries: [Entry] = []
    private var head = 0
    private var lastRegistered: Int64?
    private let start: Int64?

    /// Makes a tracker of a partition that was just assigned.
    ///
    /// - Parameters:
    ///   - start: Where reading starts, when that has still to be committed.
    ///   - windowMax: Most records between the oldest unfinished one and the newest.
    init(start: Int64? = nil, windowMax: Int) {
        precondition(windowMax >= 1, "a window has room for at least one record")
        self.start = start
        self.windowMax = windowMax
    }

    /// Whether no record can be registered before the oldest one is finished.
    var isFull: Bool { self.entries.count - self.head >= self.windowMax }

    /// The oldest record that is not finished.
    var oldestUnfinished: Int64? {
        self.head < self.entries.count ? self.entries[self.head].offset : nil
    }

    /// Where reading would go on after a restart: everything before it is finished.
    var committable: Int64? {
        if let oldest = self.oldestUnfinished { return oldest }
        return self.lastRegistered.map { $0 + 1 } ?? self.start
    }

    /// What is to be committed now, `nil` when the group has it already.
    ///
    /// Before the first record is finished there is nothing to say, but for a start that nobody
    /// knows of yet.
    var uncommitted: Int64? {
        guard let committable = self.committable else { return nil }
        if let committed = self.committed { return committable > committed ? committable : nil }
        return self.start != nil || self.hasFinishedAny ? committable : nil
    }

    private var hasFinishedAny = false

    /// Begins to track a record.
    ///
    /// - Returns: False when it does not lie behind the last one, or when the window is full; then
    ///   nothing has changed.
    mutating func register(_ offset: Int64) -> Bool {
        guard !self.isFull, offset >= 0, offset < .max, offset > self.lastRegistered ?? -1
        else { return false }
        self.entries.append(Entry(offset: offset))
        self.lastRegistered = offset
        return true
    }

    /// Notes that a record needs no more attention.
    ///
    /// - Returns: False when it is not tracked, or was finished before.
    @discardableResult
    mutating func finish(_ offset: Int64) -> Bool {
        guard let index = self.index(of: offset), !self.entries[index].isFinished else {
            return false
        }
        self.entries[index].isFinished = true
        while self.head < self.entries.count, self.entries[self.head].isFinished {
            self.head += 1
            self.hasFinishedAny = true
        }
        self.compact()
        return true
    }

    /// Notes that the group stored an offset.
    mutating func commit(_ offset: Int64) {
        self.committed = max(self.committed ?? offset, offset)
    }

    /// Forgets entries that are done with, now and then, so that it costs little for each of them.
    private mutating func compact() {
        guard self.head > 0 else { return }
        if self.head == self.entries.count {
            self.entries.removeAll(keepingCapacity: true)
            self.head = 0
        } else if self.head > self.windowMax {
            self.entries.removeFirst(self.head)
            self.head = 0
        }
    }

    private func index(of offset: Int64) -> Int? {
        var low = self.head
        var high = self.entries.count
        while low < high {
            let middle = (low + high) / 2
            if self.entries[middle].offset < offset { low = middle + 1 } else { high = middle }
        }
        guard low < self.entries.count, self.entries[low].offset == offset else { return nil }
        return low
    }
}

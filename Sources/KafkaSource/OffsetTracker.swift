// SPDX-License-Identifier: Apache-2.0

/// Knows up to where a partition may be committed when its records are finished in any order, and
/// what the next owner should know of those behind.
///
/// Every record that is registered and not finished costs one entry, and so does every finished one
/// behind it. Offsets that are not there (transactions, compaction) cost nothing.
struct OffsetTracker {
    /// What is to be stored.
    struct Commit: Sendable, Equatable {
        /// Where reading goes on.
        var offset: Int64
        /// What ``PartitionProgress`` says about the records from there on.
        var metadata: String
    }

    /// What became of a record that was registered.
    enum Registration: Equatable {
        /// It is to be delivered; it was tried that often before.
        case open(attempts: Int)
        /// An earlier owner of the partition finished it.
        case finishedBefore
        /// It does not lie behind the last one, or the window is full; nothing has changed.
        case refused
    }

    private struct Entry {
        var offset: Int64
        var attempts: Int32 = 0
        var isFinished = false
    }

    /// Most records between the oldest unfinished one and the newest.
    let windowMax: Int
    /// What the group has stored, as far as is known.
    private(set) var committed: Int64?

    /// In the order of their offsets; those before `head` are done with.
    private var entries: [Entry] = []
    private var head = 0
    /// Attempts of open records are counted somewhere.
    private var hasAttempts = false
    private var lastRegistered: Int64?
    private var hasFinishedAny = false
    private let start: Int64?
    /// What earlier owners of the partition left behind, and how far it was used.
    private var known: PartitionProgress
    private var knownIndex = 0
    private var knownAttemptsIndex = 0

    /// Counts what changes the metadata; the last ones that were asked for, and stored.
    private var version = 0
    private var askedFor: (offset: Int64, version: Int)?
    private var storedVersion = 0

    /// Makes a tracker of a partition that was just assigned.
    ///
    /// - Parameters:
    ///   - start: Where reading starts, when that has still to be committed.
    ///   - committed: What the group has stored.
    ///   - known: What came with it.
    ///   - windowMax: Most records between the oldest unfinished one and the newest.
    init(
        start: Int64? = nil,
        committed: Int64? = nil,
        known: PartitionProgress = .none,
        windowMax: Int
    ) {
        precondition(windowMax >= 1, "a window has room for at least one record")
        self.start = start
        self.committed = committed
        self.known = known
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

    // MARK: Records

    /// Begins to track a record.
    mutating func register(_ offset: Int64) -> Registration {
        guard !self.isFull, offset >= 0, offset < .max, offset > self.lastRegistered ?? -1
        else { return .refused }
        if self.lastRegistered == nil, let committed = self.committed, offset < committed {
            // The offsets went back: what is known belongs to other records.
            self.known = .none
        }
        let isFinished = self.wasFinished(offset)
        var entry = Entry(offset: offset, isFinished: isFinished)
        if !isFinished { entry.attempts = self.attemptsBefore(offset) }
        self.lastRegistered = offset
        guard isFinished, self.head == self.entries.count else {
            if entry.attempts > 0 { self.hasAttempts = true }
            self.entries.append(entry)
            return isFinished ? .finishedBefore : .open(attempts: Int(entry.attempts))
        }
        self.hasFinishedAny = true
        return .finishedBefore
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
        if index > self.head { self.version += 1 }
        while self.head < self.entries.count, self.entries[self.head].isFinished {
            self.head += 1
            self.hasFinishedAny = true
        }
        self.compact()
        return true
    }

    /// Notes how often an open record was tried.
    mutating func tried(_ offset: Int64, _ attempts: Int) {
        guard let index = self.index(of: offset), !self.entries[index].isFinished else { return }
        self.entries[index].attempts = Int32(clamping: attempts)
        self.hasAttempts = true
        self.version += 1
    }

    /// Notes that there is no record before `offset` that was not registered: what lies between are
    /// marks of transactions, or records that are gone.
    mutating func reachedEnd(_ offset: Int64) {
        let last = self.lastRegistered ?? (self.committed ?? self.start ?? offset) - 1
        guard offset > 0, offset - 1 > last else { return }
        self.lastRegistered = offset - 1
        if self.head == self.entries.count { self.hasFinishedAny = true }
    }

    // MARK: Commits

    /// What is to be committed now, `nil` when the group has it already.
    ///
    /// Before the first record is finished there is nothing to say, but for a start that nobody
    /// knows of yet, and for attempts.
    mutating func takeUncommitted() -> Commit? {
        guard let offset = self.committable else { return nil }
        let hasNews = self.version > self.storedVersion
        if let committed = self.committed {
            guard offset > committed || hasNews && offset == committed else { return nil }
        } else {
            guard self.start != nil || self.hasFinishedAny || hasNews else { return nil }
        }
        self.askedFor = (offset, self.version)
        return Commit(offset: offset, metadata: self.progress.text(base: offset))
    }

    /// Notes that the group stored an offset.
    mutating func commit(_ offset: Int64) {
        self.committed = max(self.committed ?? offset, offset)
        if let (asked, version) = self.askedFor, asked == offset { self.storedVersion = version }
    }

    /// Notes that the group did not store what it was asked to.
    mutating func commitFailed() { self.storedVersion = -1 }

    /// What a commit of ``committable`` tells the next owner.
    var progress: PartitionProgress {
        var progress = PartitionProgress()
        let isPlain = self.entries.count - self.head < 2 && !self.hasAttempts
        if !isPlain { self.collect(&progress) }
        let end = self.lastRegistered ?? -1
        for range in self.known.finished.dropFirst(self.knownIndex) where range.upperBound > end + 1
        {
            progress.finished.append(max(range.lowerBound, end + 1)..<range.upperBound)
        }
        progress.attempts += self.known.attempts.filter { $0.offset > end }
        return progress
    }

    private func collect(_ progress: inout PartitionProgress) {
        var first: Int64?
        for entry in self.entries[self.head...] {
            if entry.isFinished {
                if first == nil { first = entry.offset }
                continue
            }
            if let start = first { progress.finished.append(start..<entry.offset) }
            first = nil
            if entry.attempts > 0 {
                progress.attempts.append(.init(offset: entry.offset, count: Int(entry.attempts)))
            }
        }
        if let start = first, let last = self.lastRegistered {
            progress.finished.append(start..<last + 1)
        }
    }

    // MARK: What earlier owners left

    private mutating func wasFinished(_ offset: Int64) -> Bool {
        while self.knownIndex < self.known.finished.count,
            self.known.finished[self.knownIndex].upperBound <= offset
        {
            self.knownIndex += 1
        }
        return self.knownIndex < self.known.finished.count
            && self.known.finished[self.knownIndex].contains(offset)
    }

    private mutating func attemptsBefore(_ offset: Int64) -> Int32 {
        let attempts = self.known.attempts
        while self.knownAttemptsIndex < attempts.count,
            attempts[self.knownAttemptsIndex].offset < offset
        {
            self.knownAttemptsIndex += 1
        }
        guard self.knownAttemptsIndex < attempts.count,
            attempts[self.knownAttemptsIndex].offset == offset
        else { return 0 }
        return Int32(clamping: attempts[self.knownAttemptsIndex].count)
    }

    // MARK: Entries

    /// Forgets entries that are done with, now and then, so that it costs little for each of them.
    private mutating func compact() {
        guard self.head > 0 else { return }
        if self.head == self.entries.count {
            self.entries.removeAll(keepingCapacity: true)
            self.head = 0
            self.hasAttempts = false
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

// SPDX-License-Identifier: Apache-2.0

/// Walks through a range of offsets, some of which hold no record.
struct RangeCursor: Sendable, Equatable {
    /// The offset that would come next.
    private(set) var next: Int64
    private let end: Int64

    /// Stands at the beginning of a range.
    init(_ range: Range<Int64>) {
        self.next = range.lowerBound
        self.end = range.upperBound
    }

    /// Whether nothing of the range is left.
    var isDone: Bool { self.next >= self.end }

    /// Goes to the next record there is, and past it when it is one of the range.
    ///
    /// - Parameter offset: Where the record is.
    /// - Returns: Whether the record is one of the range, and the offsets before it that hold
    ///   none; `nil` when the record lies behind.
    mutating func advance(to offset: Int64) -> (isWanted: Bool, gap: Range<Int64>)? {
        guard offset >= self.next else { return nil }
        let isWanted = offset < self.end
        let gap = self.next..<max(self.next, min(offset, self.end))
        self.next = isWanted ? offset + 1 : self.end
        return (isWanted, gap)
    }
}

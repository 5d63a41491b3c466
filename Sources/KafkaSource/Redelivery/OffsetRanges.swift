// SPDX-License-Identifier: Apache-2.0

/// Offsets of a partition that are still to be dealt with: ranges that neither touch nor overlap,
/// in their order.
package struct OffsetRanges: Sendable, Equatable {
    /// The ranges; none is empty.
    package private(set) var ranges: [Range<Int64>]

    /// No offset at all.
    package init() { self.ranges = [] }

    /// One range, which may be empty.
    package init(_ range: Range<Int64>) { self.ranges = range.isEmpty ? [] : [range] }

    /// Ranges that were written down; `nil` when they are out of order or empty.
    init?(checking ranges: [Range<Int64>]) {
        for (index, range) in ranges.enumerated() {
            guard range.lowerBound >= 0, !range.isEmpty else { return nil }
            guard index == 0 || ranges[index - 1].upperBound < range.lowerBound else { return nil }
        }
        self.ranges = ranges
    }

    /// Whether nothing is left.
    package var isEmpty: Bool { self.ranges.isEmpty }

    /// How many offsets there are; records may be fewer.
    package var count: Int64 {
        self.ranges.reduce(0) { $0 + ($1.upperBound - $1.lowerBound) }
    }

    /// Whether an offset is among them.
    func contains(_ offset: Int64) -> Bool { self.ranges.contains { $0.contains(offset) } }

    /// Takes offsets away; those that are not there do not matter.
    mutating func remove(_ removed: Range<Int64>) {
        guard !removed.isEmpty,
            let first = self.ranges.firstIndex(where: { $0.upperBound > removed.lowerBound })
        else { return }
        var rest: [Range<Int64>] = []
        var index = first
        while index < self.ranges.count, self.ranges[index].lowerBound < removed.upperBound {
            let range = self.ranges[index]
            if range.lowerBound < removed.lowerBound {
                rest.append(range.lowerBound..<removed.lowerBound)
            }
            if range.upperBound > removed.upperBound {
                rest.append(removed.upperBound..<range.upperBound)
            }
            index += 1
        }
        self.ranges.replaceSubrange(first..<index, with: rest)
    }
}

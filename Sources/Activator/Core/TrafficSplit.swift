// SPDX-License-Identifier: Apache-2.0

/// Gives out requests by shares, evenly mixed: of any hundred in a row each share is exact.
///
/// Each turn every target gains its share, and the one that has gained most pays all of them. No
/// randomness, so a share of 1 percent is not missed by bad luck.
struct TrafficSplit: Sendable {
    private struct Entry {
        var revision: Int
        var share: Int
        var gained = 0
    }

    private var entries: [Entry] = []
    private var total = 0

    /// Makes a split; shares of 0 or less get nothing.
    init(_ shares: [(revision: Int, share: Int)]) {
        for (revision, share) in shares where share > 0 {
            self.entries.append(Entry(revision: revision, share: share))
            self.total += share
        }
    }

    /// The revision of the next request; `nil` when there is none.
    mutating func next() -> Int? {
        guard self.entries.count > 1 else { return self.entries.first?.revision }
        var best = 0
        for index in self.entries.indices {
            self.entries[index].gained += self.entries[index].share
            if self.entries[index].gained > self.entries[best].gained { best = index }
        }
        self.entries[best].gained -= self.total
        return self.entries[best].revision
    }
}

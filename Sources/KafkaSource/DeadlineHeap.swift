// SPDX-License-Identifier: Apache-2.0

internal import EventLoop

/// Things that become due, the earliest first: a binary heap.
struct DeadlineHeap<Element> {
    private var entries: [(deadline: MonotonicTime, element: Element)] = []

    /// How many wait.
    var count: Int { self.entries.count }

    /// When the first is due.
    var first: (deadline: MonotonicTime, element: Element)? { self.entries.first }

    /// Adds an element.
    mutating func insert(_ element: Element, at deadline: MonotonicTime) {
        self.entries.append((deadline, element))
        var index = self.entries.count - 1
        while index > 0 {
            let parent = (index - 1) / 2
            guard self.entries[index].deadline < self.entries[parent].deadline else { return }
            self.entries.swapAt(index, parent)
            index = parent
        }
    }

    /// Takes the first, whether it is due or not.
    mutating func popFirst() -> Element? {
        guard let first = self.entries.first else { return nil }
        let last = self.entries.removeLast()
        if !self.entries.isEmpty {
            self.entries[0] = last
            self.sink()
        }
        return first.element
    }

    private mutating func sink() {
        var index = 0
        while true {
            var least = index
            for child in [2 * index + 1, 2 * index + 2] where child < self.entries.count {
                if self.entries[child].deadline < self.entries[least].deadline { least = child }
            }
            guard least != index else { return }
            self.entries.swapAt(index, least)
            index = least
        }
    }
}

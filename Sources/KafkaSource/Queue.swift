// SPDX-License-Identifier: Apache-2.0

/// A first-in, first-out queue.
struct Queue<Element> {
    private var elements: [Element] = []
    /// Those before it were taken.
    private var head = 0

    /// How many elements wait.
    var count: Int { self.elements.count - self.head }

    /// The element that was added first.
    var first: Element? { self.head < self.elements.count ? self.elements[self.head] : nil }

    /// Adds an element at the end.
    mutating func append(_ element: Element) { self.elements.append(element) }

    /// Takes the element that was added first.
    mutating func popFirst() -> Element? {
        guard let first = self.first else { return nil }
        self.head += 1
        // Moved together now and then, so that each element is moved about once.
        if self.head == self.elements.count {
            self.elements.removeAll(keepingCapacity: true)
            self.head = 0
        } else if self.head >= 64, self.head * 2 >= self.elements.count {
            self.elements.removeFirst(self.head)
            self.head = 0
        }
        return first
    }
}

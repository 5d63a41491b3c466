// SPDX-License-Identifier: Apache-2.0

/// The largest of the values of a time that slides along.
package struct RecentMaximum: Sendable {
    private let spanNanoseconds: Int64
    /// Each larger than those after it, the oldest first: the others can never be the largest.
    private var values: [(at: Instant, value: Int)] = []

    /// Makes one without values that looks back so far.
    package init(over span: Duration) { self.spanNanoseconds = span.wholeNanoseconds }

    /// Adds the value of a time that is not before the last one.
    ///
    /// - Returns: The largest of the span.
    package mutating func add(_ value: Int, at now: Instant) -> Int {
        while let last = self.values.last, last.value <= value { self.values.removeLast() }
        self.values.append((now, value))
        while let first = self.values.first,
            first.at.advanced(byNanoseconds: self.spanNanoseconds) <= now,
            self.values.count > 1
        {
            self.values.removeFirst()
        }
        return self.values[0].value
    }

    /// When the value that is the largest now stops to count; `nil` when it is the newest.
    package var largestEndsAt: Instant? {
        guard self.values.count > 1, let first = self.values.first else { return nil }
        return first.at.advanced(byNanoseconds: self.spanNanoseconds)
    }
}

// SPDX-License-Identifier: Apache-2.0

/// Measures what a revision bears, second by second, from the events themselves.
///
/// The concurrency of a second is the mean number of requests that were there in it, so that two
/// requests of 100 ms each count as 0.2. Nothing is sampled.
package struct LoadMeter: Sendable {
    /// What one second was.
    package struct Sample: Sendable, Equatable {
        /// The second.
        package var second: Int64
        /// Requests that were there, on average.
        package var concurrency: Double
        /// Requests that arrived.
        package var arrivals: Int
    }

    /// Most seconds that one call tells; what lies further back is left out.
    package static let samplesMax = 3600

    /// Requests that are there now.
    package private(set) var concurrency = 0
    private var arrivals = 0
    private var time: Instant
    /// Requests times nanoseconds in this second.
    private var area = 0.0

    /// Makes a meter that starts without requests.
    package init(at now: Instant) { self.time = now }

    /// There are so many requests now.
    ///
    /// - Parameters:
    ///   - concurrency: Requests with an instance, and requests that wait.
    ///   - now: The time; one that lies before the last event counts as that.
    ///   - sample: Told each second that is over.
    package mutating func changed(
        to concurrency: Int,
        at now: Instant,
        _ sample: (Sample) -> Void
    ) {
        self.passed(to: now, sample)
        self.concurrency = concurrency
    }

    /// A request came.
    package mutating func requestArrived() { self.arrivals += 1 }

    /// Time went by.
    package mutating func passed(to now: Instant, _ sample: (Sample) -> Void) {
        guard now > self.time else { return }
        var second = self.time.second
        let last = now.second
        if second < last {
            self.finish(second: second, sample)
            second = max(second + 1, last - Int64(Self.samplesMax))
            while second < last {
                let concurrency = Double(self.concurrency)
                sample(Sample(second: second, concurrency: concurrency, arrivals: 0))
                second += 1
            }
            self.time = Instant(second: last)
        }
        self.area += Double(self.concurrency) * Double(now.nanoseconds - self.time.nanoseconds)
        self.time = now
    }

    private mutating func finish(second: Int64, _ sample: (Sample) -> Void) {
        let end = Instant(second: second + 1)
        self.area += Double(self.concurrency) * Double(end.nanoseconds - self.time.nanoseconds)
        sample(Sample(second: second, concurrency: self.area / 1e9, arrivals: self.arrivals))
        self.area = 0
        self.arrivals = 0
    }
}

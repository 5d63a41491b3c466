// SPDX-License-Identifier: Apache-2.0

/// The values of the last seconds, and their mean.
///
/// One bucket a second. Values of one second add up, for several sources report each second. A
/// second without a value counts as 0, but for those after the last value, of which nothing is
/// known yet: a linear mean leaves them out, a weighted one lets the others fade.
package struct MetricWindow: Sendable {
    /// What the weights of a whole window add up to at least, when recent seconds count more.
    private static let weightSum = 0.9999
    private static let newestWeightMin = 0.2
    /// Linear means are cut to so many parts of 1.
    private static let precision = 1e6

    private let aggregation: ScalingConfiguration.Aggregation
    private let newestWeight: Double
    private var buckets: [Double]
    private var first: Int64 = 0
    private var last: Int64?

    /// Makes an empty window of so many seconds, at least 1.
    package init(seconds: Int, aggregation: ScalingConfiguration.Aggregation) {
        let count = max(1, seconds)
        self.buckets = Array(repeating: 0, count: count)
        self.aggregation = aggregation
        self.newestWeight = max(
            1 - Self.root(count, of: 1 - Self.weightSum),
            Self.newestWeightMin
        )
    }

    /// Adds to the value of a second; one that lies before the window is left out.
    package mutating func add(_ value: Double, second: Int64) {
        let count = Int64(self.buckets.count)
        guard let last = self.last, second - last < count else {
            for index in self.buckets.indices { self.buckets[index] = 0 }
            (self.first, self.last) = (second, second)
            self.buckets[self.index(of: second)] = value
            return
        }
        if second > last {
            for passed in (last + 1)...second { self.buckets[self.index(of: passed)] = 0 }
            self.last = second
        } else {
            guard last - second < count else { return }
            self.first = min(self.first, second)
        }
        self.buckets[self.index(of: second)] += value
    }

    /// The mean at a second; `nil` when the whole window before it is empty.
    package func average(at second: Int64) -> Double? {
        guard let last = self.last else { return nil }
        let silent = max(0, second - last)
        let count = Int64(self.buckets.count)
        guard silent < count else { return nil }
        let known = min(last - self.first + 1, count - silent)
        let values = (0..<known).lazy.map { self.buckets[self.index(of: last - $0)] }
        switch self.aggregation {
        case .linear:
            let mean = values.reduce(0, +) / Double(known)
            return (mean * Self.precision).rounded(.down) / Self.precision
        case .weightedExponential:
            let fading = 1 - self.newestWeight
            var weight = self.newestWeight
            for _ in 0..<silent { weight *= fading }
            var mean = 0.0
            for value in values {
                mean += value * weight
                weight *= fading
            }
            return mean
        }
    }

    private func index(of second: Int64) -> Int {
        let rest = Int(second % Int64(self.buckets.count))
        return rest < 0 ? rest + self.buckets.count : rest
    }

    /// A root of a number between 0 and 1, by halving: a pure target has no C library.
    private static func root(_ degree: Int, of value: Double) -> Double {
        var (low, high) = (value, 1.0)
        for _ in 0..<64 {
            let middle = (low + high) / 2
            var product = 1.0
            for _ in 0..<degree where product >= value { product *= middle }
            if product < value { low = middle } else { high = middle }
        }
        return high
    }
}

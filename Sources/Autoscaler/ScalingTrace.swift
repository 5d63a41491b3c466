// SPDX-License-Identifier: Apache-2.0

/// A recorded load: from each point on it has a value and a lag, until the next one.
package struct ScalingTrace: Sendable, Equatable {
    /// A load, and when it began.
    package struct Point: Sendable, Equatable {
        /// Seconds since the start of the recording.
        package var time: Double
        /// Requests under way, or requests per second.
        package var value: Double
        /// Records that the sources of events have left to do.
        package var lag: Int

        /// Makes a point.
        package init(time: Double, value: Double, lag: Int = 0) {
            self.time = time
            self.value = value
            self.lag = lag
        }
    }

    /// Why a recording cannot be used.
    package enum Problem: Error, Equatable, CustomStringConvertible {
        /// It has no points.
        case empty
        /// It is longer than ``ScalingTrace/secondsMax``.
        case tooLong
        /// A point lies before the one that it follows; points count from 1.
        case backwards(point: Int)
        /// A time or value is negative, or no number.
        case notANumber(point: Int)
        /// A load is larger than ``ScalingTrace/valueMax``.
        case tooLarge(point: Int)

        /// One sentence.
        package var description: String {
            switch self {
            case .empty: "the trace has no points; it needs at least one with a time and a load"
            case .tooLong:
                "the trace is longer than \(ScalingTrace.secondsMax / 86_400) days; cut it"
            case .backwards(let point): "point \(point) lies before the one that it follows"
            case .notANumber(let point): "point \(point) has a time or load below 0, or without end"
            case .tooLarge(let point):
                "point \(point) has a load above \(Int(ScalingTrace.valueMax)); scale it"
            }
        }
    }

    /// The longest recording: a week.
    package static let secondsMax = 7 * 86_400
    /// The largest load.
    package static let valueMax = 10_000_000.0

    /// The points, in order; the first one is at or after 0.
    package let points: [Point]

    /// Makes a trace.
    ///
    /// - Throws: ``Problem`` when points are missing, out of order or no numbers.
    package init(_ points: [Point]) throws(Problem) {
        guard let last = points.last else { throw .empty }
        var before = 0.0
        for (index, point) in points.enumerated() {
            guard point.time.isFinite, point.value.isFinite, point.time >= 0, point.value >= 0,
                point.lag >= 0
            else { throw .notANumber(point: index + 1) }
            guard point.value <= Self.valueMax else { throw .tooLarge(point: index + 1) }
            guard point.time >= before else { throw .backwards(point: index + 1) }
            before = point.time
        }
        guard last.time <= Double(Self.secondsMax) else { throw .tooLong }
        self.points = points
    }

    /// How long it is, in whole seconds.
    package var seconds: Int { Int((self.points.last?.time ?? 0).rounded(.up)) }

    /// The mean load of each second from the first on, `count` of them; the last value goes on.
    package func values(count: Int) -> [Double] {
        var values: [Double] = []
        values.reserveCapacity(max(0, count))
        var next = 0
        var value = 0.0
        for second in 0..<max(0, count) {
            let end = Double(second + 1)
            var time = Double(second)
            var sum = 0.0
            while next < self.points.count, self.points[next].time < end {
                let point = self.points[next]
                sum += value * max(0, point.time - time)
                time = max(time, point.time)
                value = point.value
                next += 1
            }
            values.append(sum + value * (end - time))
        }
        return values
    }

    /// The lag at the end of each second from the first on, `count` of them; the last one goes on.
    func lags(count: Int) -> [Int] {
        var (next, lag) = (0, 0)
        return (0..<max(0, count)).map { second in
            while next < self.points.count, self.points[next].time < Double(second + 1) {
                lag = self.points[next].lag
                next += 1
            }
            return lag
        }
    }
}

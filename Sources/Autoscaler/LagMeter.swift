// SPDX-License-Identifier: Apache-2.0

/// What is left to do for a function, as one source of events reports it.
package struct SourceLag: Sendable, Hashable {
    /// Records that are there and not finished, those with the function among them.
    package var records: Int
    /// Most of them that can be with the function at the same time.
    ///
    /// Where order is kept, as many as there are partitions with lag: more instances than that
    /// could do nothing.
    package var parallelMax: Int

    /// Makes a report; numbers below zero count as zero.
    package init(records: Int, parallelMax: Int) {
        self.records = max(0, records)
        self.parallelMax = max(0, parallelMax)
    }

    /// A part of it, for a revision that gets only some of the traffic, rounded up.
    package func share(percent: Int) -> Self {
        let share = Double(min(100, max(0, percent))) / 100
        func part(_ number: Int) -> Int {
            Int(exactly: (Double(number) * share).rounded(.up)) ?? number
        }
        return Self(records: part(self.records), parallelMax: part(self.parallelMax))
    }
}

/// How many instances the lag of a function's sources wants.
///
/// A report is a state and not a change, so one that is lost or comes twice does no harm. One that
/// is not renewed stops to count: whoever made it may be gone. No clock: time is an argument.
package struct LagMeter: Sendable {
    /// How long a report counts.
    package static let reportLifetime = Duration.seconds(30)
    /// Most sources; reports of further ones are left out.
    package static let sourcesMax = 100
    private static let lifetimeNanoseconds = Self.reportLifetime.wholeNanoseconds

    /// Records that one instance should have before it, above 0; `nil` when lag wants nothing.
    package let target: Int?
    private var reports: [String: (lag: SourceLag, endsAt: Instant)] = [:]

    /// Makes a meter that knows of no source.
    package init(target: Int?) { self.target = target.map { max(1, $0) } }

    /// A source has so much left to do, until it says otherwise.
    package mutating func reported(_ lag: SourceLag, by source: String, at now: Instant) {
        self.reports = self.reports.filter { $0.value.endsAt > now }
        guard lag.records > 0 else {
            self.reports[source] = nil
            return
        }
        guard self.reports[source] != nil || self.reports.count < Self.sourcesMax else { return }
        self.reports[source] = (lag, now.advanced(byNanoseconds: Self.lifetimeNanoseconds))
    }

    /// Records of all sources.
    package func records(at now: Instant) -> Int {
        self.reports.values.reduce(0) { sum, report in
            guard report.endsAt > now else { return sum }
            return Self.saturated(sum.addingReportingOverflow(report.lag.records))
        }
    }

    /// Instances that they want; of each source no more than can do something at the same time.
    package func wantedCount(at now: Instant) -> Int {
        guard let target = self.target else { return 0 }
        let useful = self.reports.values.reduce(0) { sum, report in
            guard report.endsAt > now else { return sum }
            let most = Self.saturated(
                max(1, report.lag.parallelMax).multipliedReportingOverflow(by: target)
            )
            return Self.saturated(sum.addingReportingOverflow(min(report.lag.records, most)))
        }
        let (instances, rest) = useful.quotientAndRemainder(dividingBy: target)
        return min(rest > 0 ? instances + 1 : instances, ScaleDecider.countMax)
    }

    private static func saturated(_ result: (partialValue: Int, overflow: Bool)) -> Int {
        result.overflow ? .max : result.partialValue
    }
}

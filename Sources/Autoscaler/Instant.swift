// SPDX-License-Identifier: Apache-2.0

/// A point in time as the autoscaler is told it; only differences mean anything.
package struct Instant: Comparable, Hashable, Sendable {
    private static let nanosecondsPerSecond: Int64 = 1_000_000_000

    /// Nanoseconds since an arbitrary start.
    package var nanoseconds: Int64

    /// Makes a point in time.
    package init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    /// Makes a point so many seconds after the start; outside of the range it stays at its end.
    package init(seconds: Double) {
        self.nanoseconds = Int64(exactly: (seconds * 1e9).rounded()) ?? (seconds < 0 ? .min : .max)
    }

    /// The whole second that the point lies in.
    package var second: Int64 {
        let (quotient, rest) = self.nanoseconds.quotientAndRemainder(
            dividingBy: Self.nanosecondsPerSecond
        )
        return rest < 0 ? quotient - 1 : quotient
    }

    /// The start of a whole second; outside of the range it stays at its end.
    package init(second: Int64) {
        let (product, overflow) = second.multipliedReportingOverflow(by: Self.nanosecondsPerSecond)
        self.nanoseconds = overflow ? (second < 0 ? .min : .max) : product
    }

    /// The point `duration` later; a sum beyond the range stays at its end.
    package func advanced(by duration: Duration) -> Self {
        self.advanced(byNanoseconds: duration.wholeNanoseconds)
    }

    /// As ``advanced(by:)``, for what is asked at each request: a `Duration` is 128 bits of
    /// attoseconds, whose division costs more than a decision does.
    func advanced(byNanoseconds span: Int64) -> Self {
        let (sum, overflow) = self.nanoseconds.addingReportingOverflow(span)
        guard overflow else { return Self(nanoseconds: sum) }
        return Self(nanoseconds: span < 0 ? .min : .max)
    }

    /// The time from here to `other`; negative when `other` lies before.
    package func duration(to other: Self) -> Duration {
        .nanoseconds(other.nanoseconds) - .nanoseconds(self.nanoseconds)
    }

    /// Orders by time.
    package static func < (left: Self, right: Self) -> Bool { left.nanoseconds < right.nanoseconds }
}

extension Duration {
    /// The duration in nanoseconds, held within what 64 bits can say (292 years).
    var wholeNanoseconds: Int64 {
        let (seconds, attoseconds) = self.components
        let (scaled, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        guard !overflow else { return seconds < 0 ? .min : .max }
        let (sum, carry) = scaled.addingReportingOverflow(attoseconds / 1_000_000_000)
        return carry ? (seconds < 0 ? .min : .max) : sum
    }
}

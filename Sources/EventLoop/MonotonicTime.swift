// SPDX-License-Identifier: Apache-2.0

internal import CLinux

/// A point on the clock that never goes back; meaningful within one run of the machine.
package struct MonotonicTime: Comparable, Hashable, Sendable {
    /// Nanoseconds since an arbitrary start.
    package var nanoseconds: UInt64

    /// Makes a point in time; tests choose it freely.
    package init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

    /// Reads `CLOCK_MONOTONIC`.
    package static func now() -> Self { Self(nanoseconds: swiftlet_monotonic_nanoseconds()) }

    /// The point `duration` later; a sum beyond the range stays at its end.
    package func advanced(by duration: Duration) -> Self {
        let delta = duration.nanosecondsClamped
        if delta < 0 {
            let (back, underflow) = self.nanoseconds.subtractingReportingOverflow(delta.magnitude)
            return Self(nanoseconds: underflow ? 0 : back)
        }
        let (sum, overflow) = self.nanoseconds.addingReportingOverflow(UInt64(delta))
        return Self(nanoseconds: overflow ? .max : sum)
    }

    /// The point `span` later; a sum beyond the range stays at its end.
    package func advanced(by span: TimeSpan) -> Self {
        let (sum, overflow) = self.nanoseconds.addingReportingOverflow(span.nanoseconds)
        return Self(nanoseconds: overflow ? .max : sum)
    }

    /// The time from here to `other`; negative when `other` lies before.
    package func duration(to other: Self) -> Duration {
        if other >= self {
            return .nanoseconds(Int64(clamping: other.nanoseconds - self.nanoseconds))
        }
        return .nanoseconds(-Int64(clamping: self.nanoseconds - other.nanoseconds))
    }

    /// Orders by time.
    package static func < (left: Self, right: Self) -> Bool { left.nanoseconds < right.nanoseconds }
}

/// A time that is waited for over and over: a `Duration`, converted once.
///
/// A `Duration` counts attoseconds in 128 bits, whose division costs more than a timer does.
package struct TimeSpan: Hashable, Sendable {
    /// What is added to a ``MonotonicTime``.
    package let nanoseconds: UInt64

    /// Converts a duration; a negative one becomes zero, one beyond 292 years the longest.
    package init(_ duration: Duration) {
        self.nanoseconds = UInt64(clamping: duration.nanosecondsClamped)
    }
}

extension Duration {
    /// The duration in nanoseconds, held within what 64 bits can say (292 years).
    package var nanosecondsClamped: Int64 {
        let (seconds, attoseconds) = self.components
        let (scaled, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        guard !overflow else { return seconds < 0 ? .min : .max }
        let (sum, carry) = scaled.addingReportingOverflow(attoseconds / 1_000_000_000)
        guard !carry else { return seconds < 0 ? .min : .max }
        return sum
    }

    /// The duration in milliseconds, with fractions.
    package var milliseconds: Double { Double(self.nanosecondsClamped) / 1_000_000 }
}

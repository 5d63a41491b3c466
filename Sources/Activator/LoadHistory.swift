// SPDX-License-Identifier: Apache-2.0

internal import EventLoop

/// What a revision had to bear in each of the last seconds, for people to look at.
///
/// It is written by events alone: a second in which nothing happened is as the one before ended.
package struct LoadHistory: Sendable {
    /// The most of each in one second.
    package struct Sample: Sendable, Equatable {
        /// Requests at instances.
        package var inFlight: UInt32 = 0
        /// Requests that wait.
        package var queued: UInt32 = 0
        /// Instances.
        package var instances: UInt32 = 0
        /// Records that the sources of events have left to do.
        package var lag = 0

        fileprivate mutating func raise(to other: Self) {
            self.inFlight = max(self.inFlight, other.inFlight)
            self.queued = max(self.queued, other.queued)
            self.instances = max(self.instances, other.instances)
            self.lag = max(self.lag, other.lag)
        }
    }

    /// How far it looks back.
    package static let secondsMax = 300
    private static let nanosecondsPerSecond: UInt64 = 1_000_000_000

    /// Empty until something happens, for there may be many revisions that nobody uses.
    private var ring: [Sample] = []
    private var last: UInt64 = 0
    private var current = Sample()

    /// It is so from now on.
    mutating func record(_ sample: Sample, at now: MonotonicTime) {
        let second = now.nanoseconds / Self.nanosecondsPerSecond
        if self.ring.isEmpty {
            guard sample != Sample() else { return }
            self.ring = Array(repeating: Sample(), count: Self.secondsMax)
            self.last = second
        }
        self.pass(to: second)
        self.current = sample
        self.ring[Int(second % UInt64(Self.secondsMax))].raise(to: sample)
    }

    private mutating func pass(to second: UInt64) {
        guard second > self.last else { return }
        let first = max(self.last + 1, second - min(second, UInt64(Self.secondsMax) - 1))
        for passed in first...second {
            self.ring[Int(passed % UInt64(Self.secondsMax))] = self.current
        }
        self.last = second
    }

    /// The last seconds, the one that runs at the end.
    func samples(at now: MonotonicTime) -> [Sample] {
        guard !self.ring.isEmpty else { return [] }
        var copy = self
        copy.pass(to: now.nanoseconds / Self.nanosecondsPerSecond)
        let next = Int((copy.last + 1) % UInt64(Self.secondsMax))
        return Array(copy.ring[next...] + copy.ring[..<next])
    }
}

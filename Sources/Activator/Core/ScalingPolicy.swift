// SPDX-License-Identifier: Apache-2.0

internal import EventLoop

/// What a revision has to bear at one moment.
struct RevisionLoad: Equatable {
    /// Requests that are with an instance.
    var inFlightCount: Int
    /// Requests that wait.
    var queuedCount: Int
    /// Instances that take requests.
    var openCount: Int
    /// Instances that are being started.
    var startingCount: Int
}

/// Decides how many instances a load wants.
///
/// It is asked after each event, so it never has to poll, and it is told the time. The bounds of
/// the revision are applied to its answer by ``RevisionState``, as is the idle window, after which
/// instances beyond the answer end.
protocol ScalingPolicy: Sendable {
    /// How many instances there should be.
    mutating func desiredCount(for load: RevisionLoad, at now: MonotonicTime) -> Int
}

/// As many instances as it takes to give none more than its share, at once.
struct DemandScaling: ScalingPolicy {
    /// How many requests one instance should have at the same time, above 0.
    let target: Double

    /// Makes a policy; a target below Knative's least one, 0.01, is taken as that.
    init(target: Double) { self.target = max(0.01, target) }

    mutating func desiredCount(for load: RevisionLoad, at now: MonotonicTime) -> Int {
        let demand = load.inFlightCount + load.queuedCount
        return Int((Double(demand) / self.target).rounded(.up))
    }
}

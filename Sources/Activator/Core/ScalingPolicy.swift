// SPDX-License-Identifier: Apache-2.0

internal import Autoscaler
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

    /// Requests in all.
    var demand: Int { self.inFlightCount + self.queuedCount }
}

/// Decides how many instances a load wants.
///
/// It is asked after each event, so no request ever waits for it, and it is told the time. The
/// bounds of the revision are applied to its answer by ``RevisionState``.
protocol ScalingPolicy: Sendable {
    /// Whether instances beyond the answer go as soon as they have no request, and are given none;
    /// otherwise they go when they were idle for a window.
    var endsSurplusAtOnce: Bool { get }
    /// Whether traffic can reach the revision.
    var isReachable: Bool { get set }
    /// A request came.
    mutating func requestArrived()
    /// A source of events has so much left to do.
    mutating func lagReported(_ lag: SourceLag, by source: String, at now: MonotonicTime)
    /// Records that the sources have left to do.
    func lagRecords(at now: MonotonicTime) -> Int
    /// How many instances there should be.
    mutating func desiredCount(for load: RevisionLoad, at now: MonotonicTime) -> Int
    /// When to ask again, if nothing happens until then; `nil` for never.
    var nextDecision: MonotonicTime? { get }
    /// What keeps instances, for people.
    func reasons(at now: MonotonicTime) -> [StayReason]
}

/// As many instances as it takes to give none more than its share, at once.
struct DemandScaling: ScalingPolicy {
    /// How many requests one instance should have at the same time, above 0.
    let target: Double
    let endsSurplusAtOnce = false
    var isReachable = true
    let nextDecision: MonotonicTime? = nil
    private var lag: LagMeter

    /// Makes a policy.
    ///
    /// - Parameters:
    ///   - target: Below Knative's least one, 0.01, it is taken as that.
    ///   - lagTarget: Records of lag for each instance; `nil` when lag wants none.
    init(target: Double, lagTarget: Int? = nil) {
        self.target = max(0.01, target)
        self.lag = LagMeter(target: lagTarget)
    }

    mutating func requestArrived() {}

    mutating func lagReported(_ lag: SourceLag, by source: String, at now: MonotonicTime) {
        self.lag.reported(lag, by: source, at: Instant(now))
    }

    func lagRecords(at now: MonotonicTime) -> Int { self.lag.records(at: Instant(now)) }

    mutating func desiredCount(for load: RevisionLoad, at now: MonotonicTime) -> Int {
        let forRequests = Int((Double(load.demand) / self.target).rounded(.up))
        return max(forRequests, self.lag.wantedCount(at: Instant(now)))
    }

    func reasons(at now: MonotonicTime) -> [StayReason] {
        [StayReason(self.lag, at: now)].compactMap(\.self)
    }
}

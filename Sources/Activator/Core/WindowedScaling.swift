// SPDX-License-Identifier: Apache-2.0

internal import Autoscaler
internal import EventLoop

/// Knative's autoscaler, with the need of the moment beneath it.
///
/// The autoscaler sees means over windows and decides every two seconds. A request that finds no
/// room does not wait for that: the instances which the requests of the moment need are started at
/// once, and stay for a panic window, in which the autoscaler gets to see why.
struct WindowedScaling: ScalingPolicy {
    let endsSurplusAtOnce = true
    private var autoscaler: Autoscaler
    /// Requests that an instance can have.
    private let instanceCapacity: Int
    private var needed = 0
    private var recentlyNeeded: RecentMaximum
    /// What was needed at most within the panic window.
    private var neededMax = 0
    /// The last decision.
    private(set) var decision: ScalingDecision?

    /// Makes a policy for a revision without instances.
    init(_ configuration: ScalingConfiguration, instanceCapacity: Int, at now: MonotonicTime) {
        self.autoscaler = Autoscaler(configuration, at: Instant(now))
        self.instanceCapacity = max(1, instanceCapacity)
        self.recentlyNeeded = RecentMaximum(over: .seconds(configuration.panicWindowSeconds))
    }

    var isReachable: Bool {
        get { self.autoscaler.isReachable }
        set {
            guard newValue != self.autoscaler.isReachable else { return }
            self.autoscaler.isReachable = newValue
            self.decision = nil
        }
    }

    mutating func requestArrived() { self.autoscaler.requestArrived() }

    mutating func lagReported(_ lag: SourceLag, by source: String, at now: MonotonicTime) {
        let time = Instant(now)
        self.autoscaler.lagReported(lag, by: source, at: time)
        // More than was decided does not wait for the next tick, as a request does not.
        guard let decision = self.decision,
            self.autoscaler.lag.wantedCount(at: time) > decision.desiredCount
        else { return }
        self.decision = nil
    }

    func lagRecords(at now: MonotonicTime) -> Int { self.autoscaler.lag.records(at: Instant(now)) }

    mutating func desiredCount(for load: RevisionLoad, at now: MonotonicTime) -> Int {
        let time = Instant(now)
        self.autoscaler.concurrencyChanged(to: load.demand, at: time)
        // What was needed until now ends now.
        _ = self.recentlyNeeded.add(self.needed, at: time)
        self.needed = (load.demand + self.instanceCapacity - 1) / self.instanceCapacity
        self.neededMax = self.recentlyNeeded.add(self.needed, at: time)
        return max(self.neededMax, self.decide(load, at: time).desiredCount)
    }

    private mutating func decide(_ load: RevisionLoad, at now: Instant) -> ScalingDecision {
        let isAwakened = load.demand > 0 && load.openCount + load.startingCount == 0
        if let decision = self.decision, !isAwakened, !self.isDue(decision, at: now) {
            return decision
        }
        var decision = self.autoscaler.decide(readyCount: load.openCount, at: now)
        if isAwakened {
            // More than the requests need would slow down the start that they wait for; that is
            // decided at the next tick.
            let configuration = self.autoscaler.configuration
            let least = max(1, self.needed, configuration.activationScale, configuration.scaleMin)
            decision.desiredCount = min(decision.desiredCount, least)
        }
        self.decision = decision
        return decision
    }

    private func isDue(_ decision: ScalingDecision, at now: Instant) -> Bool {
        guard now < Autoscaler.tick(after: decision) else { return true }
        guard let next = self.autoscaler.nextDecision(after: decision) else { return false }
        return now >= next
    }

    var nextDecision: MonotonicTime? {
        guard let decision = self.decision else { return nil }
        let next = self.autoscaler.nextDecision(after: decision)
        guard let end = self.needEndsAt else { return next.map { MonotonicTime($0) } }
        return MonotonicTime(next.map { min($0, end) } ?? end)
    }

    /// When the need of the moment is over, where it is more than the autoscaler wants.
    private var needEndsAt: Instant? {
        guard self.neededMax > self.needed, self.neededMax > self.decision?.desiredCount ?? 0
        else { return nil }
        return self.recentlyNeeded.largestEndsAt
    }

    // MARK: Reasons

    func reasons(at now: MonotonicTime) -> [StayReason] {
        guard let decision = self.decision else { return [] }
        let time = Instant(now)
        var reasons: [StayReason] = []
        if let reason = self.reason(decision, at: time) { reasons.append(reason) }
        if let reason = StayReason(self.autoscaler.lag, at: now) { reasons.append(reason) }
        if let end = self.needEndsAt {
            reasons.append(
                StayReason(
                    .need,
                    "\(self.neededMax) instances were needed at once a moment ago",
                    remaining: time.duration(to: end)
                )
            )
        }
        return reasons
    }

    /// A number with at most two digits behind the point, for people.
    private static func shown(_ number: Double) -> String {
        let rounded = (number * 100).rounded() / 100
        return rounded == 0 && number > 0 ? "below 0.01" : "\(rounded)"
    }

    private func reason(_ decision: ScalingDecision, at now: Instant) -> StayReason? {
        let configuration = self.autoscaler.configuration
        func remaining(_ until: Instant) -> Duration { max(.zero, now.duration(to: until)) }
        switch decision.hold {
        // Lag is told beside whatever else holds.
        case .none, .lag: return nil
        case .load:
            let window = "the mean load over the window of \(configuration.stableWindowSeconds) s"
            let next = self.autoscaler.nextDecision(after: decision)
            return StayReason(
                .window,
                "\(window) is \(Self.shown(decision.stableAverage)); an instance should have "
                    + Self.shown(configuration.targetValue),
                remaining: self.autoscaler.loadEndedAt == nil ? nil : next.map(remaining)
            )
        case .panic(let until):
            return StayReason(
                .panic,
                "a burst brought the panic mode, in which no instance goes",
                remaining: remaining(until)
            )
        case .scaleDownRate:
            let rate = configuration.scaleDownRateMax
            return StayReason(.rate, "instances go by a factor of \(rate) in a decision")
        case .scaleDownDelay(let until):
            return StayReason(.annotation, "scale-down-delay", remaining: remaining(until))
        case .minScale:
            return StayReason(.annotation, "min-scale is \(configuration.scaleMin)")
        case .initialScale:
            return StayReason(.annotation, "initial-scale is \(configuration.initialScale)")
        case .young(let until):
            return StayReason(
                .window,
                "it was started less than a window of \(configuration.stableWindowSeconds) s ago",
                remaining: remaining(until)
            )
        case .gracePeriod(let until):
            return StayReason(.annotation, "the grace period", remaining: remaining(until))
        case .retention(let until):
            return StayReason(
                .annotation,
                "scale-to-zero-pod-retention-period",
                remaining: remaining(until)
            )
        }
    }
}

extension Instant {
    /// The same point on the autoscaler's scale.
    init(_ time: MonotonicTime) { self.init(nanoseconds: Int64(clamping: time.nanoseconds)) }
}

extension MonotonicTime {
    /// The same point on the loop's scale.
    init(_ instant: Instant) { self.init(nanoseconds: UInt64(clamping: instant.nanoseconds)) }
}

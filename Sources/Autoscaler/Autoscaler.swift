// SPDX-License-Identifier: Apache-2.0

/// The autoscaler of one revision: what happens goes in, how many instances there should be comes
/// out.
///
/// It follows Knative's pod autoscaler. No I/O, no clock: whoever owns it tells the time, and
/// decides when to ask; Knative asks every ``tick``.
package struct Autoscaler: Sendable {
    /// How often Knative decides.
    package static let tick = Duration.seconds(2)
    private static let tickNanoseconds = Self.tick.wholeNanoseconds

    /// The settings.
    package let configuration: ScalingConfiguration
    /// Whether traffic can reach the revision.
    package var isReachable = true

    private var meter: LoadMeter
    /// What the sources of events have left to do.
    package private(set) var lag: LagMeter
    /// Whether there ever was lag: then no news of requests is that there are none.
    private var knowsLag = false
    private var stable: MetricWindow
    private var panic: MetricWindow
    private var decider: ScaleDecider
    private var zero: ScaleToZero
    private var isInitialScaleReached: Bool
    private var desiredCount: Int
    /// Whether the requests that came to zero instances were told to the windows.
    private var isPoked = false
    /// When the last request was gone; `nil` while there is one, and before the first.
    package private(set) var loadEndedAt: Instant?

    /// Makes an autoscaler of a revision that has so many instances.
    package init(_ configuration: ScalingConfiguration, readyCount: Int = 0, at now: Instant) {
        self.configuration = configuration
        self.meter = LoadMeter(at: now)
        self.lag = LagMeter(target: configuration.lagTarget)
        let aggregation = configuration.aggregation
        self.stable = MetricWindow(
            seconds: configuration.stableWindowSeconds,
            aggregation: aggregation
        )
        self.panic = MetricWindow(
            seconds: configuration.panicWindowSeconds,
            aggregation: aggregation
        )
        self.decider = ScaleDecider(configuration, readyCount: readyCount, at: now)
        self.zero = ScaleToZero(configuration, at: now)
        self.isInitialScaleReached = readyCount >= configuration.initialScale
        self.desiredCount = max(readyCount, configuration.initialScale)
    }

    // MARK: Load

    /// There are so many requests now, those that wait among them.
    package mutating func concurrencyChanged(to concurrency: Int, at now: Instant) {
        let wasLoaded = self.meter.concurrency > 0
        let metric = self.configuration.metric
        self.meter.changed(to: concurrency, at: now) { sample in
            let value =
                switch metric {
                case .concurrency: sample.concurrency
                case .rps: Double(sample.arrivals)
                }
            self.stable.add(value, second: sample.second)
            self.panic.add(value, second: sample.second)
        }
        if concurrency > 0 {
            self.loadEndedAt = nil
        } else if wasLoaded {
            self.loadEndedAt = now
        }
    }

    /// A request came; ``concurrencyChanged(to:at:)`` follows.
    package mutating func requestArrived() { self.meter.requestArrived() }

    /// A source of events has so much left to do, until it says otherwise.
    ///
    /// - Parameters:
    ///   - lag: What is left.
    ///   - source: The name of the source.
    ///   - now: When it was so.
    package mutating func lagReported(_ lag: SourceLag, by source: String, at now: Instant) {
        self.lag.reported(lag, by: source, at: now)
        if lag.records > 0, self.lag.target != nil { self.knowsLag = true }
    }

    /// A second was so, as a recorded load says; instead of the single events.
    package mutating func add(_ value: Double, second: Int64) {
        self.stable.add(value, second: second)
        self.panic.add(value, second: second)
        if value > 0 { self.loadEndedAt = Instant(second: second + 1) }
    }

    // MARK: Decision

    /// Decides how many instances there should be.
    ///
    /// - Parameters:
    ///   - readyCount: Instances that take requests.
    ///   - now: The time, not before that of any other event.
    /// - Returns: The number, and what keeps it from being lower.
    package mutating func decide(readyCount: Int, at now: Instant) -> ScalingDecision {
        self.concurrencyChanged(to: self.meter.concurrency, at: now)
        if readyCount >= self.configuration.initialScale { self.isInitialScaleReached = true }
        // The second that runs is not over: the last whole one is the newest that is known.
        let second = now.second - (self.poke(readyCount: readyCount, at: now) ? 0 : 1)
        let average = self.stable.average(at: second)
        guard let stable = average ?? (self.knowsLag ? 0 : nil) else {
            return self.undecided(readyCount: readyCount, at: now)
        }
        let panic = self.panic.average(at: second) ?? 0
        let lagCount = self.lag.wantedCount(at: now)
        let output = self.decider.decide(
            ScaleDecider.Input(
                readyCount: readyCount,
                stableAverage: stable,
                panicAverage: panic,
                lagCount: lagCount,
                isReachable: self.isReachable
            ),
            at: now
        )
        var decision = ScalingDecision(
            time: now,
            desiredCount: output.wantedCount,
            wantedCount: output.wantedCount,
            stableAverage: stable,
            panicAverage: panic,
            lagRecords: self.lag.records(at: now),
            isPanicking: output.isPanicking,
            excessBurstCapacity: output.excessBurstCapacity,
            mode: output.mode,
            activatorCount: output.activatorCount,
            hold: self.hold(of: output, stable: stable, lagCount: lagCount)
        )
        self.bound(&decision)
        return decision
    }

    /// Tells the windows of the first requests of a revision at zero, which do not wait for their
    /// second to be over; whether that was done now.
    private mutating func poke(readyCount: Int, at now: Instant) -> Bool {
        guard readyCount == 0, self.meter.concurrency > 0 else {
            self.isPoked = false
            return false
        }
        guard !self.isPoked else { return false }
        self.isPoked = true
        self.stable.add(1, second: now.second)
        self.panic.add(1, second: now.second)
        return true
    }

    /// Nothing is known of the load: what was decided last stays.
    private mutating func undecided(readyCount: Int, at now: Instant) -> ScalingDecision {
        var decision = ScalingDecision(
            time: now,
            desiredCount: self.desiredCount,
            wantedCount: nil,
            stableAverage: 0,
            panicAverage: 0,
            lagRecords: 0,
            isPanicking: self.decider.panicSince != nil,
            excessBurstCapacity: 0,
            mode: .proxy,
            activatorCount: 2,
            hold: .none
        )
        self.applyBounds(to: &decision)
        self.desiredCount = decision.desiredCount
        return decision
    }

    private func hold(
        of output: ScaleDecider.Output,
        stable: Double,
        lagCount: Int
    ) -> ScalingDecision.Hold {
        if output.wantedCount == 0 { return .none }
        if let until = self.decider.delayedUntil { return .scaleDownDelay(until: until) }
        let byLoad = (stable / self.configuration.targetValue).rounded(.up)
        if Double(output.wantedCount) <= byLoad { return .load }
        if lagCount > 0, output.wantedCount <= lagCount { return .lag }
        if let until = self.decider.panicEndsAt { return .panic(until: until) }
        return byLoad > 0 ? .load : .scaleDownRate
    }

    private mutating func bound(_ decision: inout ScalingDecision) {
        self.applyBounds(to: &decision)
        let hold = self.zero.hold(
            wantedCount: decision.desiredCount,
            mode: decision.mode,
            at: decision.time
        )
        if let hold {
            decision.desiredCount = 1
            decision.hold =
                switch hold {
                case .young(let until): .young(until: until)
                case .gracePeriod(let until): .gracePeriod(until: until)
                case .retention(let until): .retention(until: until)
                }
        }
        self.desiredCount = decision.desiredCount
    }

    /// When Knative would decide again.
    package static func tick(after decision: ScalingDecision) -> Instant {
        decision.time.advanced(byNanoseconds: self.tickNanoseconds)
    }

    /// When the next decision may differ from this one, if nothing happens until then; `nil` for
    /// never.
    ///
    /// While there is load that is the next tick. Without, all times are known: when the windows
    /// are empty, and when what holds the last instance ends.
    package func nextDecision(after decision: ScalingDecision) -> Instant? {
        let tick = Self.tick(after: decision)
        let least = self.configuration.instancesMin(isReachable: self.isReachable)
        guard self.meter.concurrency == 0, decision.desiredCount <= max(1, least) else {
            return tick
        }
        switch decision.hold {
        case .none: return nil
        case .minScale: return self.decider.panicSince == nil ? nil : tick
        case .load, .scaleDownRate:
            guard let ended = self.loadEndedAt, decision.stableAverage > 0 else { return tick }
            let empty = ended.second + Int64(self.configuration.stableWindowSeconds) + 1
            return max(tick, Instant(second: empty))
        case .lag, .initialScale: return tick
        case .panic(let until): return until.advanced(by: .nanoseconds(1))
        case .scaleDownDelay(let until), .young(let until), .gracePeriod(let until),
            .retention(let until):
            return until
        }
    }

    private func applyBounds(to decision: inout ScalingDecision) {
        let least = self.configuration.instancesMin(isReachable: self.isReachable)
        if decision.desiredCount < least {
            decision.desiredCount = least
            decision.hold = .minScale
        }
        if !self.isInitialScaleReached, decision.desiredCount < self.configuration.initialScale {
            decision.desiredCount = self.configuration.initialScale
            decision.hold = .initialScale
        }
        if self.configuration.scaleMax > 0 {
            decision.desiredCount = min(decision.desiredCount, self.configuration.scaleMax)
        }
    }
}

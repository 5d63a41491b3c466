// SPDX-License-Identifier: Apache-2.0

/// Knative's decision: how many instances a load wants, from its mean over two windows.
///
/// The stable window rules. When the shorter panic window shows a multiple of what is ready,
/// nothing is taken away until a stable window has passed without that. What the lag of sources
/// wants is one more voice, and the largest wins; Knative knows no lag. No clock: time is an
/// argument.
package struct ScaleDecider: Sendable {
    /// What is known of the load and the instances.
    package struct Input: Sendable, Equatable {
        /// Instances that take requests.
        package var readyCount: Int
        /// The mean over the stable window.
        package var stableAverage: Double
        /// The mean over the panic window.
        package var panicAverage: Double
        /// Instances that the lag of the sources wants.
        package var lagCount: Int
        /// Whether traffic can reach the revision.
        package var isReachable: Bool

        /// Makes an input.
        package init(
            readyCount: Int,
            stableAverage: Double,
            panicAverage: Double,
            lagCount: Int = 0,
            isReachable: Bool = true
        ) {
            self.readyCount = readyCount
            self.stableAverage = stableAverage
            self.panicAverage = panicAverage
            self.lagCount = lagCount
            self.isReachable = isReachable
        }
    }

    /// Whether the activator has to be in the path of requests.
    package enum Mode: String, Sendable {
        /// Requests may go to the instances themselves.
        case serve
        /// Requests go through the activator.
        case proxy
    }

    /// What is wanted.
    package struct Output: Sendable, Equatable {
        /// Instances that are wanted, before the bounds of the revision.
        package var wantedCount: Int
        /// Whether panic keeps instances from going.
        package var isPanicking: Bool
        /// What a burst may bring before the activator is needed; below 0 it is needed.
        package var excessBurstCapacity: Int
        /// Whether the activator has to be in the path.
        package var mode: Mode
        /// How many activators the revision needs.
        package var activatorCount: Int
    }

    /// More instances are never wanted: the largest scale that an API object can hold.
    package static let countMax = Int(Int32.max)
    /// Fewest activators of a revision.
    private static let activatorCountMin = 2

    /// When the load was last above the panic threshold; `nil` outside of panic.
    package private(set) var panicSince: Instant?
    /// What scale-down-delay holds back, and until when.
    package private(set) var delayedUntil: Instant?

    private let configuration: ScalingConfiguration
    private var panicCountMax = 0
    private var recent: RecentMaximum?

    /// Makes a decider.
    ///
    /// - Parameters:
    ///   - configuration: The revision's settings.
    ///   - readyCount: Instances that are there already. More than one are kept as in panic, until
    ///     enough is known of the load.
    ///   - now: The time.
    package init(_ configuration: ScalingConfiguration, readyCount: Int = 0, at now: Instant) {
        self.configuration = configuration
        if readyCount > 1 {
            self.panicSince = now
            self.panicCountMax = readyCount
        }
        if configuration.scaleDownDelay > .zero {
            self.recent = RecentMaximum(over: configuration.scaleDownDelay)
        }
    }

    /// When panic ends, if nothing renews it.
    package var panicEndsAt: Instant? {
        self.panicSince.map { $0.advanced(by: self.configuration.stableWindow) }
    }

    /// Decides; the times of calls never go back.
    package mutating func decide(_ input: Input, at now: Instant) -> Output {
        let ready = Double(max(1, input.readyCount))
        let target = self.configuration.targetValue
        let stable = (input.stableAverage / target).rounded(.up)
        let panic = (input.panicAverage / target).rounded(.up)
        self.updatePanic(isOver: panic / ready >= self.configuration.panicThreshold, at: now)

        let upper = (self.configuration.scaleUpRateMax * ready).rounded(.up)
        let lower =
            input.isReachable ? (ready / self.configuration.scaleDownRateMax).rounded(.down) : 0
        var wanted = self.count(for: stable, lower, upper)
        if self.panicSince != nil {
            let panicked = self.count(for: panic, lower, upper)
            self.panicCountMax = max(self.panicCountMax, wanted, panicked)
            wanted = self.panicCountMax
        }
        if input.lagCount > 0 {
            wanted = max(wanted, self.count(for: Double(input.lagCount), lower, upper))
        }
        self.delayedUntil = nil
        if input.isReachable, let held = self.recent?.add(wanted, at: now), held > wanted {
            wanted = held
            self.delayedUntil = self.recent?.largestEndsAt
        }
        return self.output(wanted, input)
    }

    private mutating func updatePanic(isOver: Bool, at now: Instant) {
        if isOver {
            self.panicSince = now
        } else if let end = self.panicEndsAt, end < now {
            self.panicSince = nil
            self.panicCountMax = 0
        }
    }

    /// The instances that a load alone would want, within the rates.
    private func count(for wanted: Double, _ lower: Double, _ upper: Double) -> Int {
        let bounded = min(max(wanted, lower), upper)
        let count = Int(min(max(0, bounded), Double(Self.countMax)))
        guard self.configuration.activationScale > 1, wanted > 0 else { return count }
        return max(count, self.configuration.activationScale)
    }

    private func output(_ wanted: Int, _ input: Input) -> Output {
        let burst = self.configuration.targetBurstCapacity
        let capacity = Double(input.readyCount) * self.configuration.totalValue
        var excess = -1.0
        if burst == 0 {
            excess = 0
        } else if burst > 0 {
            excess = (capacity - burst - input.panicAverage).rounded(.down)
        }
        var activators = 0.0
        if burst != 0 {
            activators = (capacity + max(0, burst)) / max(1, self.configuration.activatorCapacity)
        }
        return Output(
            wantedCount: wanted,
            isPanicking: self.panicSince != nil,
            excessBurstCapacity: Self.clamped(excess),
            mode: wanted > 0 && excess >= 0 ? .serve : .proxy,
            activatorCount: max(Self.activatorCountMin, Self.clamped(activators.rounded(.up)))
        )
    }

    private static func clamped(_ number: Double) -> Int {
        Int(min(max(number, -Double(self.countMax)), Double(self.countMax)))
    }
}

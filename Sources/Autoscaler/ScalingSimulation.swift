// SPDX-License-Identifier: Apache-2.0

/// Runs an ``Autoscaler`` over a recorded load, second by second, with instances that need a time
/// to start.
package struct ScalingSimulation: Sendable {
    /// One decision, and what it was made from.
    package struct Frame: Sendable, Equatable {
        /// Seconds since the start.
        package var second: Int
        /// The load of the second before.
        package var load: Double
        /// Records that the sources of events have left to do.
        package var lag: Int
        /// The mean over the stable window.
        package var stable: Double
        /// The mean over the panic window.
        package var panic: Double
        /// Instances that there should be.
        package var desired: Int
        /// Instances that take requests.
        package var ready: Int
        /// Whether panic keeps instances from going.
        package var isPanicking: Bool
        /// Whether the activator has to be in the path.
        package var mode: ScaleDecider.Mode
    }

    /// What came of it all.
    package struct Summary: Sendable, Equatable {
        /// The most instances that took requests at once.
        package var readyMax = 0
        /// Instances that were started.
        package var starts = 0
        /// How often the first instance was started from zero.
        package var coldStarts = 0
        /// Seconds of all instances together.
        package var instanceSeconds = 0
        /// Seconds in which the load was more than the instances are meant to bear.
        package var overloadedSeconds = 0
        /// Seconds without any instance.
        package var secondsAtZero = 0
    }

    /// How long it goes on after the last point: until zero is reached, at most so many seconds.
    package static let tailSecondsMax = 2 * 3600

    /// The decisions, one every two seconds and one when load comes to zero instances.
    package private(set) var frames: [Frame] = []
    /// What came of it all.
    package private(set) var summary = Summary()

    private let configuration: ScalingConfiguration
    private let startSeconds: Int
    private var autoscaler: Autoscaler
    private var ready: Int
    private var desired: Int
    /// When instances that were started will take requests, the earliest first.
    private var starting: [Int] = []

    /// Runs the whole trace.
    ///
    /// - Parameters:
    ///   - trace: The load.
    ///   - configuration: The settings to try.
    ///   - startTime: How long an instance needs until it takes requests.
    package init(
        _ trace: ScalingTrace,
        configuration: ScalingConfiguration,
        startTime: Duration = .seconds(1)
    ) {
        self.configuration = configuration
        self.startSeconds = max(0, Int(startTime.components.seconds))
        self.ready = configuration.initialScale
        self.desired = self.ready
        self.autoscaler = Autoscaler(configuration, at: Instant(second: 0))
        let traced = trace.seconds + 1
        let loads = trace.values(count: traced)
        let lags = trace.lags(count: traced)
        var second = 0
        while second < traced || (self.mayGoOn && second < traced + Self.tailSecondsMax) {
            let isTraced = second < traced
            self.pass(
                second,
                load: isTraced ? loads[second] : 0,
                lag: isTraced ? lags[second] : 0
            )
            second += 1
        }
    }

    /// Whether instances are there that no load asks for any more.
    private var mayGoOn: Bool {
        self.ready + self.starting.count > self.configuration.instancesMin(isReachable: true)
    }

    /// Lets one second go by.
    private mutating func pass(_ second: Int, load: Double, lag: Int) {
        while let first = self.starting.first, first <= second {
            self.starting.removeFirst()
            self.ready += 1
        }
        let now = Instant(second: Int64(second) + 1)
        self.autoscaler.lagReported(
            SourceLag(records: lag, parallelMax: .max),
            by: "the trace",
            at: now
        )
        let isAsked = load > 0 || self.autoscaler.lag.wantedCount(at: now) > 0
        let isFromZero = self.ready == 0 && self.starting.isEmpty && isAsked
        self.autoscaler.add(load, second: Int64(second))
        // As soon as a request comes to nobody, and else at every tick.
        if isFromZero || second % 2 == 1 { self.decide(second, load, isFromZero: isFromZero) }
        self.summary.readyMax = max(self.summary.readyMax, self.ready)
        self.summary.instanceSeconds += self.ready + self.starting.count
        if self.ready + self.starting.count == 0 { self.summary.secondsAtZero += 1 }
        if load > Double(self.ready) * self.configuration.totalValue {
            self.summary.overloadedSeconds += 1
        }
    }

    private mutating func decide(_ second: Int, _ load: Double, isFromZero: Bool) {
        let decision = self.autoscaler.decide(
            readyCount: self.ready,
            at: Instant(second: Int64(second) + 1)
        )
        if isFromZero, decision.desiredCount > 0 { self.summary.coldStarts += 1 }
        self.frames.append(
            Frame(
                second: second + 1,
                load: load,
                lag: decision.lagRecords,
                stable: decision.stableAverage,
                panic: decision.panicAverage,
                desired: decision.desiredCount,
                ready: self.ready,
                isPanicking: decision.isPanicking,
                mode: decision.mode
            )
        )
        self.approach(decision.desiredCount, second)
    }

    /// Starts what is missing, and ends what is too much, what starts before what is ready.
    private mutating func approach(_ desired: Int, _ second: Int) {
        let missing = desired - self.ready - self.starting.count
        guard missing < 0 else {
            self.summary.starts += missing
            self.starting += Array(repeating: second + 1 + self.startSeconds, count: missing)
            return
        }
        let dropped = min(-missing, self.starting.count)
        self.starting.removeLast(dropped)
        self.ready -= -missing - dropped
    }
}

// SPDX-License-Identifier: Apache-2.0

/// The settings of a revision's autoscaler; the defaults are those of Knative's
/// `config-autoscaler`.
///
/// Values outside of their ranges are taken as the nearest end: whoever reads annotations refuses
/// them before, with a message.
package struct ScalingConfiguration: Sendable, Equatable {
    /// What is measured.
    package enum Metric: String, CaseIterable, Sendable {
        /// Requests under way.
        case concurrency
        /// Requests that arrive in a second.
        case rps
    }

    /// How the seconds of a window are weighed.
    package enum Aggregation: String, CaseIterable, Sendable {
        /// All alike.
        case linear
        /// Recent ones more.
        case weightedExponential = "weighted-exponential"
    }

    /// The least target that an instance may have.
    package static let targetMin = 0.01

    /// What is measured.
    package var metric = Metric.concurrency
    /// How the seconds of a window are weighed (`metric-aggregation-algorithm`).
    package var aggregation = Aggregation.linear
    /// What one instance may bear of the metric; `nil` leaves it to ``containerConcurrency``, or
    /// else to Knative's default of 100 requests under way or 200 per second.
    package var target: Double?
    /// How much of the target is used, above 0 and up to 1 (`target-utilization-percentage`).
    package var targetUtilization = 0.7
    /// Most requests at one instance; 0 is no limit.
    package var containerConcurrency = 0
    /// Requests that a burst may bring at once; -1 keeps the activator in the path always
    /// (`target-burst-capacity`).
    package var targetBurstCapacity = 211.0
    /// Records of the sources' lag that one instance should have before it; `nil` leaves the lag
    /// out (`swiftlet.dev/lag-target`).
    package var lagTarget: Int?
    /// What one activator bears (`activator-capacity`).
    package var activatorCapacity = 100.0
    /// The stable window, 6 s to 1 h (`window`).
    package var stableWindow = Duration.seconds(60)
    /// The panic window as a share of the stable one, above 0 and up to 1.
    package var panicWindowShare = 0.1
    /// The load at which panic begins, as a multiple of what is ready, 1.1 to 10.
    package var panicThreshold = 2.0
    /// By how much instances may be multiplied in one decision (`max-scale-up-rate`).
    package var scaleUpRateMax = 1000.0
    /// By how much instances may be divided in one decision (`max-scale-down-rate`).
    package var scaleDownRateMax = 2.0
    /// Fewest instances.
    package var scaleMin = 0
    /// Most instances; 0 is no limit.
    package var scaleMax = 0
    /// Instances when the revision is new.
    package var initialScale = 1
    /// Fewest instances when there is any load; 0 and 1 mean nothing.
    package var activationScale = 0
    /// How long less load has to last before instances go, 0 to 1 h.
    package var scaleDownDelay = Duration.zero
    /// Whether the last instance may go (`enable-scale-to-zero`).
    package var mayScaleToZero = true
    /// The time that the activator gets to come into the path before the last instance goes.
    package var scaleToZeroGracePeriod = Duration.seconds(30)
    /// How long the last instance stays after the decision that none is needed, 0 to 1 h.
    package var scaleToZeroPodRetentionPeriod = Duration.zero

    /// The defaults.
    package init() {}

    /// What one instance may bear of the metric.
    package var totalValue: Double {
        switch self.metric {
        case .rps: return max(Self.targetMin, self.target ?? 200)
        case .concurrency:
            let limit = Double(self.containerConcurrency)
            let total = self.target ?? (limit > 0 ? limit : 100)
            return max(Self.targetMin, limit > 0 ? min(total, limit) : total)
        }
    }

    /// What one instance should bear of the metric.
    package var targetValue: Double {
        max(Self.targetMin, self.totalValue * min(1, max(0, self.targetUtilization)))
    }

    /// The stable window in whole seconds, at least 1.
    package var stableWindowSeconds: Int { Int(max(1, self.stableWindow.components.seconds)) }

    /// The panic window in whole seconds, at least 1.
    package var panicWindowSeconds: Int {
        max(1, Int((Double(self.stableWindowSeconds) * self.panicWindowShare).rounded()))
    }

    /// Fewest instances of a revision; one that no traffic can reach needs none.
    package func instancesMin(isReachable: Bool) -> Int {
        max(self.mayScaleToZero ? 0 : 1, isReachable ? self.scaleMin : 0)
    }
}

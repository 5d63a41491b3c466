// SPDX-License-Identifier: Apache-2.0

/// What a revision asks of the autoscaler, by annotations in `autoscaling.knative.dev/`, and by one
/// in `swiftlet.dev/` for what Knative does not measure.
///
/// `nil` is what the manifest leaves to the defaults. Beside the names with a dash the older ones
/// without (`minScale`) are read.
package struct ScalingAnnotations: Sendable, Equatable {
    /// What the autoscaler measures.
    package enum Metric: String, CaseIterable, Sendable {
        /// Requests under way.
        case concurrency
        /// Requests per second.
        case rps
    }

    /// How samples within a window are weighed.
    package enum Aggregation: String, CaseIterable, Sendable {
        /// All alike.
        case linear
        /// Recent ones more.
        case weightedExponential = "weighted-exponential"
    }

    /// The autoscaler, `kpa.autoscaling.knative.dev` unless given.
    package var autoscalerClass: String?
    /// What is measured.
    package var metric: Metric?
    /// How samples are weighed.
    package var aggregation: Aggregation?
    /// Fewest instances.
    package var minScale: Int?
    /// Most instances; 0 is no limit.
    package var maxScale: Int?
    /// Instances when a revision is new.
    package var initialScale: Int?
    /// Fewest instances when there is more than none.
    package var activationScale: Int?
    /// What one instance should bear of the metric, 0.01 or more.
    package var target: Double?
    /// How much of the target is used, in percent, 1 to 100.
    package var targetUtilizationPercentage: Double?
    /// Requests that a burst may bring at once; -1 keeps the activator in the path always.
    package var targetBurstCapacity: Double?
    /// The stable window, 6 s to 1 h.
    package var window: Duration?
    /// The panic window as a share of the stable one, in percent, 1 to 100.
    package var panicWindowPercentage: Double?
    /// The load at which panic begins, in percent of what is ready, 110 to 1000.
    package var panicThresholdPercentage: Double?
    /// How long the last instance stays at least, 0 to 1 h.
    package var scaleToZeroPodRetentionPeriod: Duration?
    /// How long less load has to last before instances go, 0 to 1 h.
    package var scaleDownDelay: Duration?

    /// Records of its sources' lag that one instance should have before it, 1 to 1 000 000 000
    /// (`swiftlet.dev/lag-target`).
    package var lagTarget: Int?

    /// Asks nothing.
    package init() {}
}

// SPDX-License-Identifier: Apache-2.0

/// What the autoscaler decided at one time, and why it was not fewer.
package struct ScalingDecision: Sendable, Equatable {
    /// What keeps the number of instances from being lower.
    package enum Hold: Sendable, Equatable {
        /// Nothing: no instance is wanted.
        case none
        /// The mean over the stable window.
        case load
        /// The lag of the sources.
        case lag
        /// A burst that the panic window saw; until then unless renewed.
        case panic(until: Instant)
        /// Instances go one half at a time, or as the rate says.
        case scaleDownRate
        /// `scale-down-delay`.
        case scaleDownDelay(until: Instant)
        /// `min-scale`, or a cluster that does not scale to zero.
        case minScale
        /// `initial-scale`, until so many were ready once.
        case initialScale
        /// The last instance stays for a stable window after it became active.
        case young(until: Instant)
        /// `scale-to-zero-grace-period`.
        case gracePeriod(until: Instant)
        /// `scale-to-zero-pod-retention-period`.
        case retention(until: Instant)
    }

    /// When it was made.
    package var time: Instant
    /// Instances that there should be, within the revision's bounds.
    package var desiredCount: Int
    /// Instances that the load wants, before the bounds; `nil` when nothing is known of the load.
    package var wantedCount: Int?
    /// The mean over the stable window.
    package var stableAverage: Double
    /// The mean over the panic window.
    package var panicAverage: Double
    /// Records that the sources have left to do.
    package var lagRecords: Int
    /// Whether panic keeps instances from going.
    package var isPanicking: Bool
    /// What a burst may bring before the activator is needed.
    package var excessBurstCapacity: Int
    /// Whether the activator has to be in the path.
    package var mode: ScaleDecider.Mode
    /// How many activators the revision needs.
    package var activatorCount: Int
    /// What keeps the number from being lower.
    package var hold: Hold
}

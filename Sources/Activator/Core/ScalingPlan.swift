// SPDX-License-Identifier: Apache-2.0

internal import Autoscaler
internal import EventLoop

/// The numbers and the policy by which a revision is run, from what its manifest and the activator
/// say.
struct ScalingPlan {
    private(set) var limits = RevisionLimits()
    private(set) var policy: any ScalingPolicy

    init(_ spec: RevisionSpec, _ configuration: ActivatorConfiguration, at now: MonotonicTime) {
        let hasLimit = spec.containerConcurrency > 0
        let most = max(1, configuration.connectionsPerInstanceMax)
        let target = hasLimit ? Double(spec.containerConcurrency) : spec.concurrencyTarget
        self.policy = DemandScaling(target: target, lagTarget: spec.lagTarget)
        self.limits.instanceCapacity = hasLimit ? spec.containerConcurrency : most
        self.limits.instanceTarget = min(
            self.limits.instanceCapacity,
            max(1, Int(min(target, Double(most)).rounded(.up)))
        )
        self.limits.instancesMin = max(0, spec.scale.min)
        let mostDefault =
            spec.deployment == nil
            ? configuration.instancesMaxDefault : configuration.podsMaxDefault
        let instancesMax = spec.scale.max > 0 ? spec.scale.max : mostDefault
        self.limits.instancesMax = max(1, self.limits.instancesMin, instancesMax)
        self.limits.instancesInitial = max(0, spec.scale.initial)
        self.limits.queueCountMax = max(1, configuration.queueCountMax)
        self.limits.queueBytesMax = configuration.queueBytesMax
        self.limits.queueTimeout = configuration.queueTimeout
        self.limits.idleWindow = spec.idleWindow
        // Nobody can stop the processes of a pod and keep its memory.
        self.limits.pausedMax = spec.pausesWhenIdle && spec.deployment == nil ? 1 : 0
        self.limits.pauseTime = spec.pauseTime
        self.limits.spareCount = max(0, spec.spareCount)
        self.limits.backOff = StartBackOff(
            failuresMax: max(1, configuration.startFailuresMax),
            restMin: configuration.startRestMin,
            restMax: configuration.startRestMax
        )
        if let autoscaling = spec.autoscaling {
            self.use(autoscaling, lagTarget: spec.lagTarget, at: now)
        }
    }

    /// The autoscaler knows when the fewest and the first instances are wanted, and when not.
    private mutating func use(
        _ autoscaling: ScalingConfiguration,
        lagTarget: Int?,
        at now: MonotonicTime
    ) {
        var configuration = autoscaling
        configuration.lagTarget = lagTarget
        configuration.scaleMin = self.limits.instancesMin
        configuration.initialScale = self.limits.instancesInitial
        configuration.scaleMax = self.limits.instancesMax
        self.limits.instancesKept = self.limits.instancesMin
        self.limits.instancesMin = 0
        self.limits.instancesInitial = 0
        self.policy = WindowedScaling(
            configuration,
            instanceCapacity: self.limits.instanceCapacity,
            at: now
        )
    }
}

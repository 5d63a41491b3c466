// SPDX-License-Identifier: Apache-2.0

internal import Autoscaler
internal import Manifests

extension ScalingConfiguration {
    /// Takes over what a manifest asks of the autoscaler; what it leaves out keeps its default.
    init(_ annotations: ScalingAnnotations, containerConcurrency: Int) {
        self.init()
        self.containerConcurrency = containerConcurrency
        if let metric = annotations.metric { self.metric = metric == .rps ? .rps : .concurrency }
        if let aggregation = annotations.aggregation {
            self.aggregation = aggregation == .linear ? .linear : .weightedExponential
        }
        self.target = annotations.target
        if let percentage = annotations.targetUtilizationPercentage {
            self.targetUtilization = percentage / 100
        }
        self.targetBurstCapacity = annotations.targetBurstCapacity ?? self.targetBurstCapacity
        self.stableWindow = annotations.window ?? self.stableWindow
        if let percentage = annotations.panicWindowPercentage {
            self.panicWindowShare = percentage / 100
        }
        if let percentage = annotations.panicThresholdPercentage {
            self.panicThreshold = percentage / 100
        }
        self.scaleMin = annotations.minScale ?? self.scaleMin
        self.scaleMax = annotations.maxScale ?? self.scaleMax
        self.initialScale = annotations.initialScale ?? self.initialScale
        self.activationScale = annotations.activationScale ?? self.activationScale
        self.scaleDownDelay = annotations.scaleDownDelay ?? self.scaleDownDelay
        self.scaleToZeroPodRetentionPeriod =
            annotations.scaleToZeroPodRetentionPeriod ?? self.scaleToZeroPodRetentionPeriod
        self.lagTarget = annotations.lagTarget
    }
}

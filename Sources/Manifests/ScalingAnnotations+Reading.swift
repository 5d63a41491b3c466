// SPDX-License-Identifier: Apache-2.0

extension ScalingAnnotations {
    /// What all of these annotations start with.
    static let domain = "autoscaling.knative.dev/"

    private static let windowRange = Duration.seconds(6)...Duration.seconds(3600)
    private static let delayRange = Duration.zero...Duration.seconds(3600)
    private static let classes = ["kpa.autoscaling.knative.dev", "hpa.autoscaling.knative.dev"]
    private static let scaleMax = Int(Int32.max)
    /// The largest lag that an instance may be given.
    static let lagTargetMax = 1_000_000_000

    /// Reads the annotations of a revision template, with the ranges of Knative's webhook.
    init(_ annotations: [String: Field<String>], _ problems: ProblemCollector) {
        var reader = AnnotationReader(annotations, domain: Self.domain, problems)
        self.readClass(&reader)
        self.readScales(&reader)
        self.readTargets(&reader)
        self.window = reader.duration("window", in: Self.windowRange, wholeSeconds: true)
        self.scaleDownDelay = reader.duration(
            "scale-down-delay",
            in: Self.delayRange,
            wholeSeconds: true
        )
        self.scaleToZeroPodRetentionPeriod = reader.duration(
            "scale-to-zero-pod-retention-period",
            in: Self.delayRange,
            wholeSeconds: false
        )
        reader.finish()
        var ours = AnnotationReader(annotations, domain: SwiftletAnnotation.domain, problems)
        self.lagTarget = ours.integer(Self.lagTargetName, in: 1...Self.lagTargetMax)
    }

    private mutating func readClass(_ reader: inout AnnotationReader) {
        let autoscaler = reader.text("class")
        self.autoscalerClass = autoscaler?.value
        if let autoscaler, autoscaler.value.hasSuffix(".knative.dev"),
            !Self.classes.contains(autoscaler.value)
        {
            let expected = Self.classes.joined(separator: " or ")
            reader.problems.error(
                autoscaler,
                "expected \(expected), got \(ShownText.quoted(autoscaler.value))"
            )
        }
        // Other autoscalers have metrics and algorithms of their own.
        guard autoscaler == nil || autoscaler?.value == Self.classes[0] else {
            _ = reader.text("metric")
            _ = reader.text("metric-aggregation-algorithm")
            return
        }
        self.metric = reader.choice("metric", of: Metric.self)
        self.aggregation = reader.choice("metric-aggregation-algorithm", of: Aggregation.self)
    }

    private mutating func readScales(_ reader: inout AnnotationReader) {
        self.minScale = reader.integer("min-scale", "minScale", in: 0...Self.scaleMax)
        self.maxScale = reader.integer("max-scale", "maxScale", in: 0...Self.scaleMax)
        self.initialScale = reader.integer("initial-scale", "initialScale", in: 0...Self.scaleMax)
        self.activationScale = reader.integer("activation-scale", in: 2...Self.scaleMax)
        if let field = reader.text("initial-scale", "initialScale"), self.initialScale == 0 {
            reader.problems.warning(field, "a cluster refuses 0 unless it is set up to allow it")
        }
        guard let field = reader.text("max-scale", "maxScale"), let most = self.maxScale, most > 0
        else { return }
        if let fewest = self.minScale, most < fewest {
            reader.problems.error(field, "expected min-scale, \(fewest), or more, got \(most)")
        }
        if let activation = self.activationScale, most < activation {
            reader.problems.error(
                field,
                "expected activation-scale, \(activation), or more, got \(most)"
            )
        }
    }

    private mutating func readTargets(_ reader: inout AnnotationReader) {
        self.target = reader.number("target", in: 0.01...1e9)
        self.targetUtilizationPercentage = reader.number(
            "target-utilization-percentage",
            "targetUtilizationPercentage",
            in: 1...100
        )
        self.panicWindowPercentage = reader.number(
            "panic-window-percentage",
            "panicWindowPercentage",
            in: 1...100
        )
        self.panicThresholdPercentage = reader.number(
            "panic-threshold-percentage",
            "panicThresholdPercentage",
            in: 110...1000
        )
        self.targetBurstCapacity = reader.number(
            "target-burst-capacity",
            "targetBurstCapacity",
            in: -1...1e9
        )
        if let capacity = self.targetBurstCapacity, capacity < 0, capacity != -1,
            let field = reader.text("target-burst-capacity", "targetBurstCapacity")
        {
            reader.problems.error(field, "expected -1, 0 or more")
        }
    }
}

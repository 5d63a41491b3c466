// SPDX-License-Identifier: Apache-2.0

import Manifests
import Testing

@Suite("autoscaling.knative.dev annotations")
struct ScalingAnnotationsTests {
    private static func service(_ annotations: String) -> String {
        """
        apiVersion: serving.knative.dev/v1
        kind: Service
        metadata: {name: s}
        spec:
          template:
            metadata:
              annotations: {\(annotations)}
            spec: {containers: [{image: i}]}
        """
    }

    private static func annotation(_ name: String, _ value: String) -> String {
        "autoscaling.knative.dev/\(name): \"\(value)\""
    }

    @Test("every annotation is read")
    func readsAll() throws {
        let annotations = [
            ("class", "kpa.autoscaling.knative.dev"), ("metric", "rps"), ("target", "0.5"),
            ("target-utilization-percentage", "80"), ("min-scale", "1"), ("max-scale", "3"),
            ("initial-scale", "2"), ("activation-scale", "2"), ("scale-down-delay", "15m"),
            ("scale-to-zero-pod-retention-period", "1m5s"), ("window", "6s"),
            ("panic-window-percentage", "10"), ("panic-threshold-percentage", "200"),
            ("target-burst-capacity", "-1"),
            ("metric-aggregation-algorithm", "weighted-exponential"),
        ]
        let text = Self.service(annotations.map(Self.annotation).joined(separator: ", "))
        let set = try Load.set(text)
        #expect(set.diagnostics == [])
        var expected = ScalingAnnotations()
        expected.autoscalerClass = "kpa.autoscaling.knative.dev"
        expected.metric = .rps
        expected.aggregation = .weightedExponential
        expected.target = 0.5
        expected.targetUtilizationPercentage = 80
        expected.minScale = 1
        expected.maxScale = 3
        expected.initialScale = 2
        expected.activationScale = 2
        expected.scaleDownDelay = .seconds(900)
        expected.scaleToZeroPodRetentionPeriod = .seconds(65)
        expected.window = .seconds(6)
        expected.panicWindowPercentage = 10
        expected.panicThresholdPercentage = 200
        expected.targetBurstCapacity = -1
        #expect(set.services.first?.scaling == expected)
    }

    @Test("older names are read, and newer ones win")
    func olderNames() throws {
        let older = [Self.annotation("minScale", "1"), Self.annotation("maxScale", "2")]
        let both = older + [Self.annotation("max-scale", "3")]
        let set = try Load.set(Self.service(both.joined(separator: ", ")))
        #expect(set.diagnostics == [])
        #expect(set.services.first?.scaling.minScale == 1)
        #expect(set.services.first?.scaling.maxScale == 3)
    }

    static let good: [(String, String)] = [
        ("min-scale", "0"), ("max-scale", "0"), ("initial-scale", "1"), ("activation-scale", "2"),
        ("target", "0.01"), ("target-utilization-percentage", "1"), ("window", "6s"),
        ("target-utilization-percentage", "100"), ("window", "1h"), ("scale-down-delay", "0s"),
        ("scale-down-delay", "1h"), ("scale-to-zero-pod-retention-period", "1h"),
        ("panic-window-percentage", "1"), ("panic-threshold-percentage", "110"),
        ("panic-threshold-percentage", "1000"), ("target-burst-capacity", "0"),
        ("target-burst-capacity", "211"), ("scale-to-zero-pod-retention-period", "1.5s"),
        ("class", "own.example.com"),
    ]

    @Test("values at the ends of their ranges are taken", arguments: good)
    func takes(_ name: String, _ value: String) {
        #expect(Load.diagnostics(Self.service(Self.annotation(name, value))) == [])
    }

    static let bad: [(String, String, String)] = [
        ("min-scale", "-1", "expected an integer from 0 to 2147483647, got \"-1\""),
        ("max-scale", "2147483648", "expected an integer from 0 to 2147483647, got \"2147483648\""),
        ("min-scale", "1.5", "expected an integer from 0 to 2147483647, got \"1.5\""),
        ("min-scale", "", "expected an integer from 0 to 2147483647, got \"\""),
        ("activation-scale", "1", "expected an integer from 2 to 2147483647, got \"1\""),
        ("target", "0.009", "expected a number, 0.01 or more, got \"0.009\""),
        ("target", "nan", "expected a number, 0.01 or more, got \"nan\""),
        ("target", "inf", "expected a number, 0.01 or more, got \"inf\""),
        ("target-utilization-percentage", "101", "expected a number, 1.0 to 100.0, got \"101\""),
        ("panic-window-percentage", "0.5", "expected a number, 1.0 to 100.0, got \"0.5\""),
        ("panic-threshold-percentage", "109", "expected a number, 110.0 to 1000.0, got \"109\""),
        ("target-burst-capacity", "-2", "expected a number, -1.0 or more, got \"-2\""),
        ("target-burst-capacity", "-0.5", "expected -1, 0 or more"),
        ("window", "5s", "expected a duration such as 90s or 1m30s, 6s to 3600s, got \"5s\""),
        ("window", "3601s", "expected a duration such as 90s or 1m30s, 6s to 3600s, got \"3601s\""),
        ("window", "6.5s", "expected whole seconds, got \"6.5s\""),
        ("window", "60", "expected a duration such as 90s or 1m30s, 6s to 3600s, got \"60\""),
        ("scale-down-delay", "1.5s", "expected whole seconds, got \"1.5s\""),
        (
            "scale-down-delay", "61m",
            "expected a duration such as 90s or 1m30s, 0s to 3600s, got \"61m\""
        ),
        ("metric", "cpu", "expected one of concurrency, rps, got \"cpu\""),
        (
            "metric-aggregation-algorithm", "x",
            "expected one of linear, weighted-exponential, got \"x\""
        ),
        (
            "class", "x.autoscaling.knative.dev",
            "expected kpa.autoscaling.knative.dev or hpa.autoscaling.knative.dev, got \"x.autoscaling.knative.dev\""
        ),
        ("initial-scale", "0", "warning: a cluster refuses 0 unless it is set up to allow it"),
        (
            "min-scal", "1",
            "warning: unknown annotation; did you mean autoscaling.knative.dev/min-scale?"
        ),
    ]

    @Test("values outside are refused", arguments: bad)
    func refuses(_ name: String, _ value: String, _ message: String) {
        let told = Load.diagnostics(Self.service(Self.annotation(name, value)))
        let path = "spec.template.metadata.annotations[\"autoscaling.knative.dev/\(name)\"]: "
        let found = told.map { $0.replacing(path, with: "") }
        #expect(found == ["m:7:\(told.first?.split(separator: ":")[2] ?? ""): \(message)"])
    }

    @Test(
        "lag-target is ours, and from 1 on",
        arguments: [
            ("1", nil), ("1000000000", nil),
            ("0", "expected an integer from 1 to 1000000000, got \"0\""),
            ("1000000001", "expected an integer from 1 to 1000000000, got \"1000000001\""),
            ("many", "expected an integer from 1 to 1000000000, got \"many\""),
        ] as [(String, String?)]
    )
    func lagTarget(_ value: String, _ message: String?) throws {
        let text = Self.service("swiftlet.dev/lag-target: \"\(value)\"")
        let told = Load.diagnostics(text)
        guard let message else {
            #expect(told == [])
            #expect(try Load.set(text).services.first?.scaling.lagTarget == Int(value))
            return
        }
        #expect(told.count == 1 && told.first?.hasSuffix(message) == true, "\(told)")
        #expect(told.first?.contains("swiftlet.dev/lag-target") == true)
    }

    @Test("the most is not less than the fewest")
    func minAndMax() {
        func told(_ fewest: (String, String), _ most: String) -> [String] {
            let annotations = [
                Self.annotation(fewest.0, fewest.1), Self.annotation("max-scale", most),
            ]
            return Load.diagnostics(Self.service(annotations.joined(separator: ", ")))
                .map { String($0.split(separator: " ", maxSplits: 2)[2]) }
        }
        #expect(told(("min-scale", "3"), "3") == [])
        #expect(told(("min-scale", "3"), "0") == [])
        #expect(told(("min-scale", "3"), "2") == ["expected min-scale, 3, or more, got 2"])
        #expect(
            told(("activation-scale", "3"), "2") == ["expected activation-scale, 3, or more, got 2"]
        )
    }
}

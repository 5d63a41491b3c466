// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Telemetry

@Suite("Metrics (Prometheus text format 0.0.4)")
struct MetricsTests {
    @Test("counters, gauges and histograms, sorted, with help and type")
    func renders() {
        let metrics = Metrics()
        metrics.counter("b_total", help: "Bees.", labels: ["kind": "x"]).increment()
        metrics.counter("b_total", help: "Bees.", labels: ["kind": "a"]).increment(by: 41)
        let gauge = metrics.gauge("a_bytes", help: "Ants\nand \\ \"more\".")
        gauge.set(5)
        gauge.add(-2.5)
        metrics.gauge("c_ratio", help: "Computed.") { .infinity }
        let histogram = metrics.histogram("d_seconds", help: "Time.", bounds: [0.1, 1, 2.5])
        for value in [0.1, 0.11, 1, 3, .nan] { histogram.observe(value) }
        histogram.observe(.milliseconds(500))
        #expect(
            metrics.render() == """
                # HELP a_bytes Ants\\nand \\\\ "more".
                # TYPE a_bytes gauge
                a_bytes 2.5
                # HELP b_total Bees.
                # TYPE b_total counter
                b_total{kind="a"} 41
                b_total{kind="x"} 1
                # HELP c_ratio Computed.
                # TYPE c_ratio gauge
                c_ratio +Inf
                # HELP d_seconds Time.
                # TYPE d_seconds histogram
                d_seconds_bucket{le="0.1"} 1
                d_seconds_bucket{le="1"} 4
                d_seconds_bucket{le="2.5"} 4
                d_seconds_bucket{le="+Inf"} 5
                d_seconds_sum 4.71
                d_seconds_count 5

                """
        )
    }

    @Test("label values are escaped, label names sorted, histograms keep their labels")
    func labels() {
        let metrics = Metrics()
        metrics.counter("x_total", help: "X.", labels: ["z": "a\"b\\c\nd", "a": "ü"]).increment()
        metrics.histogram("y_seconds", help: "Y.", bounds: [1], labels: ["k": "v"]).observe(1)
        let text = metrics.render()
        #expect(text.contains(#"x_total{a="ü",z="a\"b\\c\nd"} 1"# + "\n"))
        #expect(text.contains("y_seconds_bucket{k=\"v\",le=\"1\"} 1\n"))
        #expect(text.contains("y_seconds_sum{k=\"v\"} 1\n"))
    }

    @Test("the same name and labels, in any order, are the same instrument")
    func identity() {
        let metrics = Metrics()
        let first = metrics.counter("x_total", help: "X.", labels: ["a": "1", "b": "2"])
        let second = metrics.counter("x_total", help: "X.", labels: ["b": "2", "a": "1"])
        #expect(first === second)
        #expect(metrics.gauge("g", help: "G.") === metrics.gauge("g", help: "G."))
        metrics.remove("x_total", labels: ["a": "1", "b": "2"])
        #expect(!metrics.render().contains("x_total"))
    }

    @Test("series beyond the limit count, and are not shown")
    func limit() {
        let metrics = Metrics()
        for index in 0..<Metrics.seriesCountMax + 1 {
            metrics.counter("x_total", help: "X.", labels: ["i": "\(index)"]).increment()
        }
        let lines = metrics.render().split(separator: "\n")
        #expect(lines.count == Metrics.seriesCountMax + 2)
    }

    @Test(
        "names are judged by Prometheus' rules",
        arguments: [
            ("a", true, true), ("a_b9", true, true), ("_a", true, true), ("__a", true, false),
            ("a:b", true, false), ("9a", false, false), ("", false, false), ("a-b", false, false),
            ("ü", false, false), ("a b", false, false),
        ]
    )
    func names(_ name: String, _ isName: Bool, _ isLabelName: Bool) {
        #expect(MetricsText.isName(name) == isName)
        #expect(MetricsText.isLabelName(name) == isLabelName)
    }

    @Test("a name that Prometheus refuses stops the program")
    func traps() async {
        await #expect(processExitsWith: .failure) {
            _ = Metrics().gauge("a-b", help: "No.")
        }
        await #expect(processExitsWith: .failure) {
            _ = Metrics().counter("requests", help: "No suffix.")
        }
        await #expect(processExitsWith: .failure) {
            let metrics = Metrics()
            _ = metrics.gauge("a", help: "One kind.")
            _ = metrics.histogram("a", help: "Another.")
        }
    }

    @Test("no increment is lost between threads")
    func threads() async {
        let metrics = Metrics()
        let counter = metrics.counter("x_total", help: "X.")
        let gauge = metrics.gauge("g", help: "G.")
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    for _ in 0..<1000 {
                        counter.increment()
                        gauge.add(0.5)
                    }
                }
            }
        }
        #expect(counter.value == 8000)
        #expect(gauge.value == 4000)
    }

    @Test(
        "numbers read as Prometheus reads them",
        arguments: [
            (0.0, "0"), (-3, "-3"), (0.25, "0.25"), (1e300, "1e+300"), (.nan, "NaN"),
            (-.infinity, "-Inf"), (9_007_199_254_740_992, "9007199254740992"),
        ]
    )
    func numbers(_ value: Double, _ text: String) {
        #expect(MetricsText.number(value) == text)
    }
}

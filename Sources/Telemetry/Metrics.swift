// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// The numbers of a process, for Prometheus.
///
/// Ask once for an instrument and keep it: the registry takes a lock, the instruments do not.
/// Asking again with the same name and labels gives the same instrument. Names, help texts and
/// label names are part of the program, so a wrong one stops it; label values may be anything.
package final class Metrics: Sendable {
    /// What `/metrics` answers as its content type.
    package static let contentType = "text/plain; version=0.0.4; charset=utf-8"
    /// Most series under one name; further ones count but are not shown.
    package static let seriesCountMax = 2000

    enum Instrument {
        case counter(Counter)
        case gauge(Gauge)
        case computedGauge(@Sendable () -> Double)
        case histogram(Histogram)
    }

    enum Kind: String {
        case counter
        case gauge
        case histogram
    }

    struct Family {
        var kind: Kind
        var help: String
        /// By the labels as they are written, `{…}` or nothing.
        var series: [String: Instrument] = [:]
    }

    private let families = Mutex<[String: Family]>([:])

    /// Makes a registry without any instrument.
    package init() {}

    /// A counter; its name ends in `_total`, as Prometheus wants it.
    package func counter(
        _ name: String,
        help: String,
        labels: KeyValuePairs<String, String> = [:]
    ) -> Counter {
        precondition(name.hasSuffix("_total"), "a counter's name ends in _total: \(name)")
        let made = self.instrument(name, .counter, help, labels) { .counter(Counter()) }
        guard case .counter(let counter) = made else { return Counter() }
        return counter
    }

    /// A gauge that the program sets.
    package func gauge(
        _ name: String,
        help: String,
        labels: KeyValuePairs<String, String> = [:]
    ) -> Gauge {
        let made = self.instrument(name, .gauge, help, labels) { .gauge(Gauge()) }
        guard case .gauge(let gauge) = made else { return Gauge() }
        return gauge
    }

    /// A gauge that is computed whenever somebody looks, on the thread of whoever does.
    package func gauge(
        _ name: String,
        help: String,
        labels: KeyValuePairs<String, String> = [:],
        compute: @escaping @Sendable () -> Double
    ) {
        _ = self.instrument(name, .gauge, help, labels) { .computedGauge(compute) }
    }

    /// A histogram; all series of a name have the bounds of the first.
    package func histogram(
        _ name: String,
        help: String,
        bounds: [Double] = Histogram.secondsBounds,
        labels: KeyValuePairs<String, String> = [:]
    ) -> Histogram {
        precondition(!labels.contains { $0.key == "le" }, "the label le belongs to Prometheus")
        let made = self.instrument(name, .histogram, help, labels) {
            .histogram(Histogram(bounds: bounds))
        }
        guard case .histogram(let histogram) = made else { return Histogram(bounds: bounds) }
        return histogram
    }

    /// Forgets one series, for instance that of a partition which is somebody else's now.
    package func remove(_ name: String, labels: KeyValuePairs<String, String> = [:]) {
        let key = MetricsText.labels(labels)
        self.families.withLock { families in
            _ = families[name]?.series.removeValue(forKey: key)
        }
    }

    /// All numbers in Prometheus' text format 0.0.4, sorted by name and labels.
    package func render() -> String {
        // Computed gauges are foreign code: they run outside the lock.
        let families = self.families.withLock { $0 }
        var text = ""
        for (name, family) in families.sorted(by: { $0.key < $1.key })
        where !family.series.isEmpty {
            MetricsText.append(name, family, to: &text)
        }
        return text
    }

    private func instrument(
        _ name: String,
        _ kind: Kind,
        _ help: String,
        _ labels: KeyValuePairs<String, String>,
        make: () -> Instrument
    ) -> Instrument {
        precondition(MetricsText.isName(name), "this cannot name a metric: \(name)")
        for (label, _) in labels {
            precondition(MetricsText.isLabelName(label), "this cannot name a label: \(label)")
        }
        let key = MetricsText.labels(labels)
        return self.families.withLock { families in
            var family = families[name] ?? Family(kind: kind, help: help)
            precondition(family.kind == kind, "\(name) is a \(family.kind) already")
            if let instrument = family.series[key] { return instrument }
            let instrument = make()
            guard family.series.count < Self.seriesCountMax else { return instrument }
            family.series[key] = instrument
            families[name] = family
            return instrument
        }
    }
}

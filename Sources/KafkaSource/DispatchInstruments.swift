// SPDX-License-Identifier: Apache-2.0

internal import Telemetry

/// The numbers of one source, for Prometheus; the first two have the names of Knative.
struct DispatchInstruments: Sendable {
    let latency: Histogram
    let inFlight: Gauge
    let received: Counter
    let delivered: Counter
    let retried: Counter
    let filtered: Counter
    let replied: Counter
    let undecodable: Counter
    let attempts: Histogram
    let held: Gauge
    let heldAge: Gauge
    let lag: Gauge
    let age: Histogram
    let concurrency: Gauge
    let rebalances: Counter
    let rebalanceTime: Histogram
    let stalled: Gauge
    private let metrics: Metrics
    private let namespace: String
    private let name: String

    init(_ metrics: Metrics, namespace: String, name: String) {
        let labels: KeyValuePairs = ["namespace": namespace, "name": name]
        self.metrics = metrics
        self.namespace = namespace
        self.name = name
        func counter(_ name: String, _ help: String) -> Counter {
            metrics.counter("swiftlet_kafkasource_" + name, help: help, labels: labels)
        }
        func gauge(_ name: String, _ help: String) -> Gauge {
            metrics.gauge("swiftlet_kafkasource_" + name, help: help, labels: labels)
        }
        func histogram(_ name: String, _ help: String, _ bounds: [Double]) -> Histogram {
            metrics.histogram(
                "swiftlet_kafkasource_" + name,
                help: help,
                bounds: bounds,
                labels: labels
            )
        }
        self.latency = metrics.histogram(
            "kn_eventing_dispatch_latency_milliseconds",
            help: "Time from sending an event to its answer.",
            bounds: [1, 2.5, 5, 10, 25, 50, 100, 500, 1000, 5000, 10_000],
            labels: labels
        )
        self.inFlight = metrics.gauge(
            "kn_eventing_dispatch_in_flight_requests",
            help: "Events that are with a sink.",
            labels: labels
        )
        self.received = counter("records_received_total", "Records taken from the topics.")
        self.delivered = counter("events_delivered_total", "Events that the sink accepted.")
        self.retried = counter("retries_total", "Attempts after the first.")
        self.filtered = counter("records_filtered_total", "Records that no event is made of.")
        self.replied = counter("replies_total", "Replies that were sent on.")
        self.undecodable = counter(
            "records_undecodable_total",
            "Records that said they were events and were none, or were too large."
        )
        self.attempts = histogram(
            "delivery_attempts",
            "Attempts until the sink or the dead letter sink accepted an event.",
            [1, 2, 3, 5, 10, 20, 50]
        )
        self.held = gauge("events_held", "Events that no sink takes.")
        self.heldAge = gauge("held_age_seconds", "Time since the oldest held event was taken.")
        self.lag = gauge("lag_records", "Records that are there and not finished.")
        self.age = histogram(
            "delivery_age_seconds",
            "Time from the record's timestamp to the acknowledgement of its event.",
            [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5, 10, 60, 600, 3600]
        )
        self.concurrency = gauge("concurrency_limit", "Most events with the sink at present.")
        self.rebalances = counter("rebalances_total", "Partitions that came or went.")
        self.rebalanceTime = histogram(
            "rebalance_seconds",
            "Time that the group waited for records that were with the sink.",
            [0.001, 0.01, 0.1, 0.5, 1, 5, 10, 30]
        )
        self.stalled = gauge("stalled", "1 when there is lag, nothing under way and no progress.")
    }

    /// Events that the dead letter sink accepted, by the reason of their failure.
    func deadLettered(_ reason: DeadLetterReason) -> Counter {
        self.metrics.counter(
            "swiftlet_kafkasource_events_dead_lettered_total",
            help: "Events that the dead letter sink accepted.",
            labels: ["namespace": self.namespace, "name": self.name, "reason": reason.rawValue]
        )
    }
}

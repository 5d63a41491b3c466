// SPDX-License-Identifier: Apache-2.0

internal import Telemetry

/// The numbers of one source, for Prometheus; the first two have the names of Knative.
struct DispatchInstruments: Sendable {
    let latency: Histogram
    let inFlight: Gauge
    let received: Counter
    let delivered: Counter
    let retried: Counter
    let deadLettered: Counter
    let undecodable: Counter
    let held: Gauge
    let lag: Gauge
    let age: Histogram

    init(_ metrics: Metrics, namespace: String, name: String) {
        let labels: KeyValuePairs = ["namespace": namespace, "name": name]
        self.latency = metrics.histogram(
            "kn_eventing_dispatch_latency_milliseconds",
            help: "Time from sending an event to its answer.",
            bounds: [1, 2.5, 5, 10, 25, 50, 100, 500, 1000, 5000, 10_000],
            labels: labels
        )
        self.inFlight = metrics.gauge(
            "kn_eventing_dispatch_in_flight_requests",
            help: "Records being worked on.",
            labels: labels
        )
        self.received = metrics.counter(
            "swiftlet_kafkasource_records_received_total",
            help: "Records taken from the topics.",
            labels: labels
        )
        self.delivered = metrics.counter(
            "swiftlet_kafkasource_events_delivered_total",
            help: "Events that the sink accepted.",
            labels: labels
        )
        self.retried = metrics.counter(
            "swiftlet_kafkasource_retries_total",
            help: "Attempts after the first.",
            labels: labels
        )
        self.deadLettered = metrics.counter(
            "swiftlet_kafkasource_events_dead_lettered_total",
            help: "Events that the dead letter sink accepted.",
            labels: labels
        )
        self.undecodable = metrics.counter(
            "swiftlet_kafkasource_records_undecodable_total",
            help: "Records that said they were events and were none.",
            labels: labels
        )
        self.held = metrics.gauge(
            "swiftlet_kafkasource_events_held",
            help: "Events that neither the sink nor the dead letter sink takes.",
            labels: labels
        )
        self.lag = metrics.gauge(
            "swiftlet_kafkasource_lag_records",
            help: "Records that are there and not finished.",
            labels: labels
        )
        self.age = metrics.histogram(
            "swiftlet_kafkasource_delivery_age_seconds",
            help: "Time from the record's timestamp to the acknowledgement of its event.",
            labels: labels
        )
    }
}

// SPDX-License-Identifier: Apache-2.0

internal import Telemetry

/// The numbers of one revision, for Prometheus.
struct RevisionMetrics {
    let requests: Counter
    let failed: Counter
    let starts: Counter
    let crashes: Counter
    let coldStart: Histogram
    private let refusals: [String: Counter]
    private let queued: Gauge
    private let inFlight: Gauge
    private let instances: Gauge

    init(_ metrics: Metrics, _ spec: RevisionSpec) {
        func counter(_ name: String, _ help: String) -> Counter {
            metrics.counter(
                name,
                help: help,
                labels: ["namespace": spec.namespace, "service": spec.service]
            )
        }
        func gauge(_ name: String, _ help: String) -> Gauge {
            metrics.gauge(
                name,
                help: help,
                labels: [
                    "namespace": spec.namespace, "service": spec.service,
                    "revision": spec.revision,
                ]
            )
        }
        self.requests = counter("swiftlet_activator_requests_total", "Requests that came.")
        self.failed = counter(
            "swiftlet_activator_failures_total",
            "Requests that a function left without a proper answer."
        )
        self.starts = counter("swiftlet_activator_starts_total", "Instances that were started.")
        self.crashes = counter(
            "swiftlet_activator_crashes_total",
            "Instances that ended without being asked to, or could not be started."
        )
        self.coldStart = metrics.histogram(
            "swiftlet_activator_cold_start_seconds",
            help: "From the start of a process to the first byte of its first answer.",
            labels: ["namespace": spec.namespace, "service": spec.service]
        )
        self.queued = gauge("swiftlet_activator_queued", "Requests that wait for an instance.")
        self.inFlight = gauge("swiftlet_activator_in_flight", "Requests that an instance has.")
        self.instances = gauge("swiftlet_activator_instances", "Instances that take requests.")
        var refusals: [String: Counter] = [:]
        for reason in Self.reasons {
            refusals[reason] = metrics.counter(
                "swiftlet_activator_refusals_total",
                help: "Requests that were answered without asking the function.",
                labels: [
                    "namespace": spec.namespace, "service": spec.service, "reason": reason,
                ]
            )
        }
        self.refusals = refusals
    }

    private static let reasons = [
        "queue_full", "queue_bytes_full", "all_queues_full", "queue_timed_out", "starts_rest",
        "stopping",
    ]

    /// Counts a refusal.
    func refused(_ reason: RefusalReason) {
        let name =
            switch reason {
            case .queueFull: "queue_full"
            case .queueBytesFull: "queue_bytes_full"
            case .allQueuesFull: "all_queues_full"
            case .queueTimedOut: "queue_timed_out"
            case .startsRest: "starts_rest"
            case .stopping: "stopping"
            }
        self.refusals[name]?.increment()
    }

    /// Shows what the state holds.
    func set(_ state: RevisionState) {
        self.queued.set(Double(state.requests.queuedCount))
        self.inFlight.set(Double(state.requests.dispatchedCount))
        self.instances.set(Double(state.liveCount))
    }
}

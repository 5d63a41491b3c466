// SPDX-License-Identifier: Apache-2.0

internal import EventLoop
internal import HTTP
internal import HTTPServer
internal import Telemetry

/// The numbers of a function, under the names that Knative's queue-proxy gives them where it has
/// any.
///
/// Confined to the loop's thread, like whoever owns it.
final class RequestInstruments {
    /// Stands for the status of an answer that nobody waited for.
    static let clientGone = 499
    /// queue-proxy's period of reports.
    private static let period = Duration.seconds(1)
    /// The bounds of Knative's `kn.serving.invocation.duration`, in seconds.
    private static let secondsBounds = [
        0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10,
    ]

    private struct StatusInstruments {
        var duration: Histogram
        var requestBytes: Counter
        var responseBytes: Counter
    }

    let metrics = Metrics()
    private let loop: EventLoop
    private var stats: RequestStats
    private let startedAt: MonotonicTime
    private var byStatus: [Int: StatusInstruments] = [:]
    private let averageConcurrency: Gauge
    private let averageProxiedConcurrency: Gauge
    private let requestsPerSecond: Gauge
    private let proxiedPerSecond: Gauge
    private let queueDepth: Gauge
    private let uptime: Gauge

    init(loop: EventLoop) {
        self.loop = loop
        self.startedAt = .now()
        self.stats = RequestStats(now: self.startedAt)
        self.averageConcurrency = self.metrics.gauge(
            "queue_average_concurrent_requests",
            help: "Requests under way, averaged over the last second."
        )
        self.averageProxiedConcurrency = self.metrics.gauge(
            "queue_average_proxied_concurrent_requests",
            help: "Those of them that came through the activator."
        )
        self.requestsPerSecond = self.metrics.gauge(
            "queue_requests_per_second",
            help: "Requests that arrived in the last second."
        )
        self.proxiedPerSecond = self.metrics.gauge(
            "queue_proxied_operations_per_second",
            help: "Those of them that came through the activator."
        )
        self.queueDepth = self.metrics.gauge(
            "kn_serving_queue_depth",
            help: "Requests that run or wait under CONTAINER_CONCURRENCY."
        )
        self.uptime = self.metrics.gauge("process_uptime", help: "Seconds since the start.")
    }

    /// Begins to report, and asks for the depth once a period; loop only.
    func start(depth: @escaping () -> Int) {
        self.loop.schedule(after: Self.period) { [weak self] in
            self?.report(depth: depth())
            self?.start(depth: depth)
        }
    }

    private func report(depth: Int) {
        let now = self.loop.now
        let report = self.stats.report(now: now)
        self.averageConcurrency.set(report.averageConcurrency)
        self.averageProxiedConcurrency.set(report.averageProxiedConcurrency)
        self.requestsPerSecond.set(report.requestCount)
        self.proxiedPerSecond.set(report.proxiedRequestCount)
        self.queueDepth.set(depth)
        self.uptime.set(self.startedAt.duration(to: now).milliseconds / 1000)
    }

    /// A request arrived.
    func started(_ exchange: HTTPExchange) {
        let isProxied = Self.isProxied(exchange)
        self.stats.requestStarted(isProxied: isProxied, now: self.loop.now)
    }

    /// Nothing of it is left.
    func ended(_ exchange: HTTPExchange) {
        self.stats.requestEnded(isProxied: Self.isProxied(exchange), now: self.loop.now)
    }

    /// A request was answered at once, for no handler is for it.
    func refused(_ exchange: HTTPExchange, _ response: Response) {
        self.started(exchange)
        self.answered(
            status: response.status,
            after: .zero,
            requestBytes: 0,
            responseBytes: response.body.count
        )
        self.ended(exchange)
    }

    /// A request was answered, or its client went.
    ///
    /// The bodies of streams are not known here, and count as empty.
    func answered(status: Int, after time: Duration, requestBytes: Int, responseBytes: Int) {
        let instruments = self.instruments(status)
        instruments.duration.observe(time)
        instruments.requestBytes.increment(by: UInt64(requestBytes))
        instruments.responseBytes.increment(by: UInt64(responseBytes))
    }

    private func instruments(_ status: Int) -> StatusInstruments {
        // A handler may invent statuses, but no more series than there are real ones.
        let status = 100...599 ~= status ? status : 500
        if let instruments = self.byStatus[status] { return instruments }
        let label = String(status)
        let made = StatusInstruments(
            duration: self.metrics.histogram(
                "kn_serving_invocation_duration_seconds",
                help: "From the head of a request to its answer, waiting included.",
                bounds: Self.secondsBounds,
                labels: ["http_response_status_code": label]
            ),
            requestBytes: self.metrics.counter(
                "swiftlet_request_body_bytes_total",
                help: "Bytes of request bodies that were held in memory.",
                labels: ["http_response_status_code": label]
            ),
            responseBytes: self.metrics.counter(
                "swiftlet_response_body_bytes_total",
                help: "Bytes of answers that were not streamed.",
                labels: ["http_response_status_code": label]
            )
        )
        self.byStatus[status] = made
        return made
    }

    private static func isProxied(_ exchange: HTTPExchange) -> Bool {
        exchange.request.fields.valueEquals("k-proxy-request", "activator")
    }
}

/// Answers Prometheus, on a port of its own.
struct MetricsHandler: HTTPHandler {
    let metrics: Metrics

    func handle(_ exchange: HTTPExchange) {
        guard exchange.request.pathSlice == "/metrics" else { return exchange.respond(.notFound) }
        guard exchange.request.method == .get || exchange.request.method == .head else {
            return exchange.respond(.methodNotAllowed, ["Allow": "GET, HEAD"])
        }
        exchange.respond(
            .ok,
            ["Content-Type": Metrics.contentType],
            body: Array(self.metrics.render().utf8)
        )
    }
}

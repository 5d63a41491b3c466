// SPDX-License-Identifier: Apache-2.0

package import Autoscaler
package import EventLoop
internal import HTTP
package import HTTPServer
package import Kubernetes
package import Telemetry

/// Starts functions when requests come for them, hands the requests over, and ends what is idle.
///
/// Each function has a queue of its own, each instance a process and a socket of its own; the
/// decisions are made by pure values in `Core`, and nothing is polled. It works on one loop: the
/// one of the server that it is the handler of.
///
/// `@unchecked Sendable`: all but the immutable belongs to the thread of ``loop``.
package final class Activator: HTTPHandler, @unchecked Sendable {
    /// The loop that all happens on.
    package let loop: EventLoop
    private let context: ProxyContext
    private var routes = RouteTable(revisions: [], services: [])
    private var services: [ServiceRoute] = []
    /// Those that requests are led to, by the routes' numbers.
    private var revisions: [Revision] = []
    /// Those that are no longer in the plan and still have something to finish.
    private var leaving: [Revision] = []
    private let unrouted: Counter
    private var isStopping = false
    private var stopWaiters: [CheckedContinuation<Void, Never>] = []
    private var stopTimer = TimerID.none
    private var idleWaiters: [IdleWaiter] = []
    private var idleWaiterLast = 0

    private struct IdleWaiter {
        var number: Int
        var revision: Revision
        var timer: TimerID
        var continuation: CheckedContinuation<Bool, Never>
    }

    /// Makes an activator without any process; the loop is started by its owner.
    ///
    /// - Parameters:
    ///   - loop: The loop of the server that it is the handler of.
    ///   - configuration: Limits and times.
    ///   - plan: What is served at first.
    ///   - cluster: Where revisions with a Deployment run; on the same loop, and closed with the
    ///     activator.
    ///   - logger: What it does, and the output of functions.
    ///   - milestones: Told of each instance.
    ///   - metrics: Where it counts.
    package init(
        loop: EventLoop,
        configuration: ActivatorConfiguration = ActivatorConfiguration(),
        plan: ActivatorPlan,
        cluster: KubernetesClient? = nil,
        logger: Logger,
        milestones: MilestoneRecorder = .none,
        metrics: Metrics = Metrics()
    ) {
        self.loop = loop
        let context = ProxyContext(
            loop: loop,
            configuration: configuration,
            logger: logger,
            milestones: milestones,
            metrics: metrics,
            pods: cluster.map {
                PodBackend($0, startTimeout: configuration.podStartTimeout)
            }
        )
        self.context = context
        self.unrouted = metrics.counter(
            "swiftlet_activator_unrouted_total",
            help: "Requests whose host is no function's."
        )
        self.take(plan)
    }

    /// Starts the instances that the revisions want before any request.
    package func start() async {
        await self.loop.run {
            // Better now than when a request waits.
            if self.revisions.contains(where: { $0.spec.resourceLimits.memoryBytesMax > 0 }) {
                self.context.cgroups?.prepare()
            }
            for revision in self.revisions { revision.start() }
        }
    }

    // MARK: Plan

    /// Serves another plan from now on.
    ///
    /// Revisions that are in both go on as they are. Requests that are with the others, or wait
    /// for them, are still served by them; then they end.
    package func update(_ plan: ActivatorPlan) async {
        await self.loop.run {
            guard !self.isStopping else { return }
            let before = Set(self.revisions.map(ObjectIdentifier.init))
            self.take(plan)
            for revision in self.revisions where !before.contains(ObjectIdentifier(revision)) {
                revision.start()
            }
        }
    }

    private func take(_ plan: ActivatorPlan) {
        var old = self.revisions
        self.revisions = plan.revisions.map { spec in
            if let index = old.firstIndex(where: { $0.spec == spec }) {
                return old.remove(at: index)
            }
            let revision = Revision(spec, context: self.context)
            revision.emptied = { [weak self, weak revision] in
                if let revision { self?.emptied(revision) }
            }
            return revision
        }
        let names = self.revisions.map {
            RouteTable.RevisionName(namespace: $0.spec.namespace, revision: $0.spec.revision)
        }
        self.routes = RouteTable(revisions: names, services: plan.services)
        self.services = plan.services
        let reached = Set(plan.services.flatMap(\.reached))
        for (revision, name) in zip(self.revisions, names) {
            revision.setReachable(reached.contains(name))
        }
        self.leaving += old
        for revision in old { revision.setReachable(false) }
        self.leaving.removeAll(where: \.isEmpty)
    }

    private var allRevisions: [Revision] { self.revisions + self.leaving }

    // MARK: Requests

    package func handle(_ exchange: HTTPExchange) {
        assert(self.loop.isCurrent, "the activator works on its server's loop")
        var traits = RequestTraits(exchange.request)
        // In HTTP/2 no field tells of a body of unknown length.
        traits.framing = exchange.framing
        if traits.mayBeProbe,
            let answer = KnativeProbe.answer(
                to: exchange.request.fields,
                isStopping: self.isStopping
            )
        {
            exchange.respond(answer.status, answer.fields, body: Array(answer.text.utf8))
            return
        }
        guard exchange.request.method != .connect else {
            let detail = "functions are no proxies: CONNECT is not answered"
            return self.refuse(exchange, ProblemAnswer(status: .notImplemented, detail: detail))
        }
        guard let index = self.route(exchange.request, traits) else {
            self.unrouted.increment()
            let detail = self.routes.helpText
            return self.refuse(exchange, ProblemAnswer(status: .notFound, detail: detail))
        }
        guard traits.forwardsLeft != 0 else { return self.answerWay(exchange) }
        self.revisions[index].admit(exchange, traits)
    }

    /// Answers a request that may be forwarded no further as the one that it was for.
    private func answerWay(_ exchange: HTTPExchange) {
        guard exchange.request.method == .trace else { return exchange.respond(.noContent) }
        let detail = "what a TRACE brought is not sent back"
        self.refuse(exchange, ProblemAnswer(status: .notImplemented, detail: detail))
    }

    private func refuse(_ exchange: HTTPExchange, _ answer: ProblemAnswer) {
        exchange.respond(answer)
    }

    private func route(_ request: HTTPRequestHead, _ traits: RequestTraits) -> Int? {
        if let namespace = traits.servingNamespace, let revision = traits.servingRevision {
            return self.routes.route(namespace: namespace, revision: revision)
        }
        guard request.target.utf8.first != UInt8(ascii: "/"), request.target != "*" else {
            return self.routes.route(host: traits.host ?? [])
        }
        return self.routes.route(host: Array((request.authority ?? "").utf8)[...])
    }

    // MARK: Lag

    /// A source of events has so much left to do for a service.
    ///
    /// Each revision gets the part of it that its share of the traffic is. Any thread.
    ///
    /// - Parameters:
    ///   - lag: What is left; it counts until the next report, and no longer than
    ///     `LagMeter.reportLifetime`.
    ///   - source: What tells the source from others.
    ///   - service: The service that gets its events; one that is not served is passed over.
    ///   - namespace: The namespace of the service.
    ///   - taken: Told on the loop whether the service is served.
    package func report(
        _ lag: SourceLag,
        of source: String,
        for service: String,
        namespace: String,
        taken: @escaping @Sendable (Bool) -> Void = { _ in }
    ) {
        self.loop.execute {
            let route = self.services.first {
                $0.service == service && $0.namespace == namespace
            }
            if let route { self.take(lag, of: source, for: route) }
            taken(route != nil)
        }
    }

    private func take(_ lag: SourceLag, of source: String, for route: ServiceRoute) {
        guard !self.isStopping else { return }
        for revision in self.revisions where revision.spec.namespace == route.namespace {
            let percent = route.targets.reduce(0) {
                $1.revision == revision.spec.revision ? $0 + $1.percent : $0
            }
            if percent > 0 { revision.lagReported(lag.share(percent: percent), by: source) }
        }
    }

    // MARK: Looking

    /// What each revision looks like now.
    package func status() async -> [RevisionStatus] {
        await self.loop.run { self.allRevisions.map(\.status) }
    }

    /// Waits until a service has no process and no request.
    ///
    /// - Parameters:
    ///   - service: Its name.
    ///   - namespace: Its namespace; any when `nil`.
    ///   - deadline: How long to wait.
    /// - Returns: Whether it came to that in time; `false` for an unknown service.
    package func waitUntilIdle(
        service: String,
        namespace: String? = nil,
        deadline: Duration
    ) async -> Bool {
        await withCheckedContinuation { continuation in
            self.loop.execute {
                let meant = self.allRevisions.filter {
                    $0.spec.service == service
                        && (namespace == nil || $0.spec.namespace == namespace)
                }
                guard let first = meant.first else { return continuation.resume(returning: false) }
                let busy = meant.first { !$0.isEmpty }
                self.awaitEmptiness(of: busy ?? first, deadline, continuation)
            }
        }
    }

    private func awaitEmptiness(
        of revision: Revision,
        _ deadline: Duration,
        _ continuation: CheckedContinuation<Bool, Never>
    ) {
        guard !revision.isEmpty else {
            return continuation.resume(returning: true)
        }
        self.idleWaiterLast += 1
        let number = self.idleWaiterLast
        let timer = self.loop.schedule(after: deadline) { [weak self] in
            self?.resumeIdleWaiters(with: false) { $0.number == number }
        }
        self.idleWaiters.append(
            IdleWaiter(
                number: number,
                revision: revision,
                timer: timer,
                continuation: continuation
            )
        )
    }

    private func resumeIdleWaiters(with result: Bool, where isMeant: (IdleWaiter) -> Bool) {
        let meant = self.idleWaiters.filter(isMeant)
        guard !meant.isEmpty else { return }
        self.idleWaiters.removeAll(where: isMeant)
        for waiter in meant {
            self.loop.cancel(waiter.timer)
            waiter.continuation.resume(returning: result)
        }
    }

    private func emptied(_ revision: Revision) {
        if !self.idleWaiters.isEmpty {
            self.resumeIdleWaiters(with: true) { $0.revision === revision }
        }
        if !self.leaving.isEmpty { self.leaving.removeAll { $0 === revision } }
        if self.isStopping { self.finishStop() }
    }

    // MARK: End

    /// Refuses new requests, lets those that are there finish, and ends all instances.
    ///
    /// When it returns no process is left.
    ///
    /// - Parameter deadline: When this much time has passed, what still runs is cut off.
    package func stop(deadline: Duration) async {
        await withCheckedContinuation { continuation in
            self.loop.execute { self.beginStop(deadline, continuation) }
        }
    }

    private func beginStop(_ deadline: Duration, _ continuation: CheckedContinuation<Void, Never>) {
        self.stopWaiters.append(continuation)
        if !self.isStopping {
            self.isStopping = true
            self.context.pods?.keepPods()
            self.stopTimer = self.loop.schedule(after: deadline) { [weak self] in
                for revision in self?.allRevisions ?? [] { revision.stopNow() }
            }
            for revision in self.allRevisions { revision.beginStop() }
        }
        self.finishStop()
    }

    private func finishStop() {
        guard self.allRevisions.allSatisfy(\.isEmpty) else { return }
        self.loop.cancel(self.stopTimer)
        self.context.pods?.close()
        self.context.cgroups?.close()
        let waiters = self.stopWaiters
        self.stopWaiters = []
        for waiter in waiters { waiter.resume() }
    }
}

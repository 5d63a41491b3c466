// SPDX-License-Identifier: Apache-2.0

package import EventLoop
internal import HTTP
package import HTTPServer
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
    private let routes: RouteTable
    private let revisions: [Revision]
    private let unrouted: Counter
    private var isStopping = false
    private var stopWaiters: [CheckedContinuation<Void, Never>] = []
    private var stopTimer = TimerID.none
    private var idleWaiters: [IdleWaiter] = []
    private var idleWaiterLast = 0

    private struct IdleWaiter {
        var number: Int
        var revision: Int
        var timer: TimerID
        var continuation: CheckedContinuation<Bool, Never>
    }

    /// Makes an activator without any process; the loop is started by its owner.
    package init(
        loop: EventLoop,
        configuration: ActivatorConfiguration = ActivatorConfiguration(),
        revisions: [RevisionSpec],
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
            metrics: metrics
        )
        self.context = context
        self.routes = RouteTable(
            revisions.map {
                RouteTable.Name(
                    namespace: $0.namespace,
                    service: $0.service,
                    revision: $0.revision
                )
            }
        )
        self.revisions = revisions.map { Revision($0, context: context) }
        self.unrouted = metrics.counter(
            "swiftlet_activator_unrouted_total",
            help: "Requests whose host is no function's."
        )
        for (index, revision) in self.revisions.enumerated() {
            revision.emptied = { [weak self] in self?.emptied(index) }
        }
    }

    /// Starts the instances that the revisions want before any request.
    package func start() async {
        await self.loop.run { for revision in self.revisions { revision.start() } }
    }

    // MARK: Requests

    package func handle(_ exchange: HTTPExchange) {
        assert(self.loop.isCurrent, "the activator works on its server's loop")
        let traits = RequestTraits(exchange.request)
        if traits.mayBeProbe,
            let answer = KnativeProbe.answer(
                to: exchange.request.fields,
                isStopping: self.isStopping
            )
        {
            exchange.respond(answer.status, answer.fields, body: Array(answer.text.utf8))
            return
        }
        guard let index = self.route(exchange.request, traits) else {
            self.unrouted.increment()
            let answer = ProblemAnswer(status: .notFound, detail: self.routes.helpText)
            exchange.respond(answer.status, answer.fields, body: answer.body)
            return
        }
        self.revisions[index].admit(exchange, traits)
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

    // MARK: Looking

    /// What each revision looks like now.
    package func status() async -> [RevisionStatus] {
        await self.loop.run { self.revisions.map(\.status) }
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
                let index = self.revisions.firstIndex {
                    $0.spec.service == service
                        && (namespace == nil || $0.spec.namespace == namespace)
                }
                guard let index else { return continuation.resume(returning: false) }
                self.awaitEmptiness(of: index, deadline, continuation)
            }
        }
    }

    private func awaitEmptiness(
        of revision: Int,
        _ deadline: Duration,
        _ continuation: CheckedContinuation<Bool, Never>
    ) {
        guard !self.revisions[revision].isEmpty else {
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

    private func emptied(_ index: Int) {
        if !self.idleWaiters.isEmpty {
            self.resumeIdleWaiters(with: true) { $0.revision == index }
        }
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
            self.stopTimer = self.loop.schedule(after: deadline) { [weak self] in
                for revision in self?.revisions ?? [] { revision.stopNow() }
            }
            for revision in self.revisions { revision.beginStop() }
        }
        self.finishStop()
    }

    private func finishStop() {
        guard self.revisions.allSatisfy(\.isEmpty) else { return }
        self.loop.cancel(self.stopTimer)
        let waiters = self.stopWaiters
        self.stopWaiters = []
        for waiter in waiters { waiter.resume() }
    }
}

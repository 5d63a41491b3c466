// SPDX-License-Identifier: Apache-2.0

internal import CloudEvents
internal import EventLoop
internal import HTTP
internal import HTTPServer

/// Connects a function to the server: probes, turns, deadlines, and where handlers run.
///
/// `@unchecked Sendable`: its variables belong to the thread of ``loop``. Exclusive access to those
/// that every request touches is not checked at run time: they are read and set at once.
final class FunctionHandler: HTTPHandler, @unchecked Sendable {
    /// What a refused client may try again after.
    static let retryDelay = Duration.seconds(1)

    let runtime: FunctionRuntime
    let loop: EventLoop
    let settings: FunctionSettings
    let turns: TurnKeeper
    let deadlines: InvocationDeadlines
    let pool: WorkerPool
    let finished: FinishedInvocations
    /// `nil` unless somebody asks for metrics.
    let instruments: RequestInstruments?
    /// The largest body of any handler, which is what the server lets in.
    let bodyBytesMax: Int
    /// Whether events of a handler that never waits are handled at once, by its options' index.
    private let isHandledAtOnce: [Bool]
    /// Whether there is such a handler.
    private let mayHandleAtOnce: Bool
    private var isStopping = false
    @exclusivity(unchecked)
    private var quietWaiters: [CheckedContinuation<Void, Never>] = []
    private var quietTimer = TimerID.none
    private(set) var lastRequestAt = MonotonicTime.now()
    @exclusivity(unchecked)
    private var liveCount = 0
    @exclusivity(unchecked)
    private var idleWaiters: [() -> Void] = []

    init(
        _ runtime: FunctionRuntime,
        settings: FunctionSettings,
        loop: EventLoop,
        instruments: RequestInstruments? = nil
    ) {
        self.runtime = runtime
        self.loop = loop
        self.settings = settings
        self.turns = TurnKeeper(runtime.function, settings: settings, loop: loop)
        self.deadlines = InvocationDeadlines(runtime.function, settings: settings, loop: loop)
        self.pool = WorkerPool(loop: loop)
        self.finished = FinishedInvocations(loop: loop)
        self.instruments = instruments
        let bodies = runtime.function.options.compactMap(\.bodyBytesMax)
        self.bodyBytesMax = bodies.reduce(settings.bodyBytesMax, max)
        let turns = self.turns
        let atOnce = runtime.function.options.indices.map { index in
            runtime.placement(index) == .loop && !turns.isLimited(.handler(index))
        }
        self.isHandledAtOnce = atOnce
        self.mayHandleAtOnce =
            !turns.isLimited(.function)
            && runtime.function.eventHandlers.contains { $0.neverWaits && atOnce[$0.optionsIndex] }
    }

    func handle(_ exchange: HTTPExchange) {
        if HealthProbes.mayAnswer(exchange.request.fields, target: exchange.request.target),
            let answer = HealthProbes.answer(to: exchange.request, isReady: !self.isStopping)
        {
            return exchange.respond(answer.status, answer.fields, body: answer.body)
        }
        let plan = self.runtime.plan(exchange.request)
        let isProbe = HealthProbes.isFromProber(exchange.request.fields)
        if isProbe {
            guard !self.isStopping else {
                let answer = HealthProbes.Answer.stopping
                return exchange.respond(answer.status, answer.fields, body: answer.body)
            }
            guard case .route = plan else { return exchange.respond(.ok) }
        } else {
            self.lastRequestAt = self.loop.now
        }
        if case .event = plan {
            if let refusal = self.webhookRefusal(exchange) { return self.refuse(exchange, refusal) }
            if self.mayHandleAtOnce, !isProbe, self.handleAtOnce(exchange) { return }
        }
        if case .refuse(let response) = plan { return self.refuse(exchange, response) }
        self.liveCount += 1
        Invocation(exchange, plan: plan, handler: self, isProbe: isProbe).begin()
    }

    /// Handles an event on the spot, when all of it is there and its handler never waits.
    ///
    /// It has no turn to wait for, and nothing can end it or go away meanwhile, so that no
    /// ``Invocation`` need be made.
    ///
    /// - Returns: Whether the exchange is taken care of; if not, nothing was done.
    private func handleAtOnce(_ exchange: HTTPExchange) -> Bool {
        guard let length = exchange.wholeBodyBytes, length <= Invocation.decodedOnLoopBytesMax,
            length <= self.settings.bodyBytesMax, let body = exchange.takeWholeBody()
        else { return false }
        do {
            switch try self.runtime.message(exchange.request.fields, body) {
            case .event(let delivery): self.handle(exchange, delivery, length)
            case let batch: self.begin(exchange, batch, length)
            }
        } catch {
            self.instruments?.started(exchange)
            let context = self.context(of: exchange, self.deadlines.general)
            self.answer(exchange, self.runtime.refusal(error, context), requestBytes: length)
        }
        return true
    }

    private func handle(
        _ exchange: HTTPExchange,
        _ delivery: consuming Invocation.Delivery,
        _ bodyBytes: Int
    ) {
        guard self.isHandledAtOnce[delivery.entry.optionsIndex],
            case .synchronous(let handle) = delivery.entry.handler
        else { return self.begin(exchange, .event(delivery), bodyBytes) }
        self.instruments?.started(exchange)
        let queue = self.deadlines.queue(delivery.entry.optionsIndex)
        let context = self.context(of: exchange, queue)
        let response = self.runtime.answer(delivery.event, handle, delivery.mode, context)
        self.answer(exchange, response, requestBytes: bodyBytes)
    }

    private func begin(
        _ exchange: HTTPExchange,
        _ message: consuming Invocation.Message,
        _ bodyBytes: Int
    ) {
        self.liveCount += 1
        Invocation(exchange, message: message, bodyBytes: bodyBytes, handler: self).begin()
    }

    private func context(of exchange: HTTPExchange, _ queue: InvocationDeadlines.Queue) -> Context {
        self.runtime.makeContext(
            exchange.request.fields,
            deadline: queue.deadline(from: self.loop.now)
        )
    }

    private func answer(
        _ exchange: HTTPExchange,
        _ response: consuming Response,
        requestBytes: Int
    ) {
        if let instruments = self.instruments {
            instruments.answered(
                status: response.status,
                after: exchange.receivedAt.duration(to: .now()),
                requestBytes: requestBytes,
                responseBytes: response.body.count
            )
            instruments.ended(exchange)
        }
        exchange.respond(response)
    }

    private func webhookRefusal(_ exchange: HTTPExchange) -> Response? {
        guard self.runtime.webhookGate.isOpen else { return nil }
        return self.runtime.webhookGate.refusal(of: exchange.request.fields, now: self.loop.now)
    }

    private func refuse(_ exchange: HTTPExchange, _ response: Response) {
        self.instruments?.refused(exchange, response)
        exchange.respond(response)
    }

    /// An invocation holds nothing any more.
    func invocationEnded() {
        self.liveCount -= 1
        guard self.liveCount == 0, !self.idleWaiters.isEmpty else { return }
        let waiters = self.idleWaiters
        self.idleWaiters = []
        for waiter in waiters { waiter() }
    }

    // MARK: Drain, any thread

    /// Lets readiness fail, so that no new requests are sent here (Knative runtime contract).
    func stop() async {
        await self.loop.run {
            self.isStopping = true
            self.lastRequestAt = max(self.lastRequestAt, .now())
        }
    }

    /// Waits until no request has come for the quiet period, but not for longer than the drain
    /// may take.
    func untilQuiet() async {
        let period = self.settings.drainQuietPeriod
        guard period > .zero else { return }
        await withCheckedContinuation { continuation in
            self.loop.execute {
                let latest = self.loop.now.advanced(by: period + self.settings.drainTimeout)
                self.quietWaiters.append(continuation)
                self.waitForQuiet(period, latest)
            }
        }
    }

    private func waitForQuiet(_ period: Duration, _ latest: MonotonicTime) {
        let quietAt = min(latest, self.lastRequestAt.advanced(by: period))
        guard self.loop.now < quietAt else { return self.endQuiet() }
        self.quietTimer = self.loop.schedule(at: quietAt) { self.waitForQuiet(period, latest) }
    }

    /// Waits for quiet no longer; loop only.
    func endQuiet() {
        self.loop.cancel(self.quietTimer)
        let waiters = self.quietWaiters
        self.quietWaiters = []
        for waiter in waiters { waiter.resume() }
    }

    /// Waits until no handler runs, also none whose client is gone.
    func untilIdle() async {
        await withCheckedContinuation { continuation in
            self.loop.execute {
                guard self.liveCount > 0 else { return continuation.resume() }
                self.idleWaiters.append { continuation.resume() }
            }
        }
    }
}

extension HTTPExchange {
    /// Sends a whole answer; loop only.
    func respond(_ response: Response) {
        self.respond(
            HTTPStatus(rawValue: response.status),
            response.headers.fields,
            body: response.body
        )
    }
}

// SPDX-License-Identifier: Apache-2.0

internal import CloudEvents
internal import EventLoop
internal import HTTP
internal import HTTPServer

/// One request on its way: its turn, its body, its handler, its answer.
///
/// `@unchecked Sendable`: its variables belong to the thread of the handler's loop, but for
/// ``delivery``, which belongs to the handler's task once that was started.
/// Exclusive access to those that every event touches is not checked at run time: they are taken,
/// set and read, and nobody else is called meanwhile.
final class Invocation: TurnWaiter, @unchecked Sendable {
    /// What is to be done, as far as that is known.
    enum Work: Sendable {
        case route(RouteEntry, parameters: [String: String])
        /// An event or a batch that was not read yet.
        case message
        /// The event that is kept as ``Invocation/delivery``.
        case delivery
        case batch([CloudEvent])
    }

    /// What a message turned out to hold.
    enum Message: Sendable {
        case event(Delivery)
        case batch([CloudEvent])
    }

    /// An event on its way into its handler.
    struct Delivery: Sendable {
        let event: CloudEvent
        let entry: EventHandlerEntry
        let mode: CloudEventContentMode
    }

    /// Larger bodies are decoded on the pool: it would keep the sockets waiting.
    static let decodedOnLoopBytesMax = 64 * 1024

    let exchange: HTTPExchange
    let handler: FunctionHandler
    @exclusivity(unchecked)
    private var work: Work
    /// Never waits for a turn, and counts nowhere.
    private let isProbe: Bool
    @exclusivity(unchecked)
    private var hasFunctionTurn = false
    @exclusivity(unchecked)
    private var handlerTurn: Int?
    @exclusivity(unchecked)
    private var queuedTurn: QueuedTurn?
    @exclusivity(unchecked)
    var body: [UInt8] = []
    private var isBodyComplete = false
    @exclusivity(unchecked)
    var deadlines: InvocationDeadlines.Queue?
    private var deadline = SlotID.none
    @exclusivity(unchecked)
    var stream: ExchangeStream?
    @exclusivity(unchecked)
    var task: Task<Void, Never>?
    /// Kept here, the event is moved into the task and not copied.
    @exclusivity(unchecked)
    var delivery: Delivery?
    /// Whether the handler's first steps run within the call that makes its task.
    private var isStarting = false
    private var isAbandoned = false
    private var bodyBytes = 0
    private var isAnswered = false
    private var isOver = false

    init(_ exchange: HTTPExchange, plan: RequestPlan, handler: FunctionHandler, isProbe: Bool) {
        self.exchange = exchange
        self.handler = handler
        self.isProbe = isProbe
        if case .route(let entry, let parameters) = plan {
            self.work = .route(entry, parameters: parameters)
        } else {
            self.work = .message
        }
    }

    /// Makes one whose message was read already.
    convenience init(
        _ exchange: HTTPExchange,
        message: consuming Message,
        bodyBytes: Int,
        handler: FunctionHandler
    ) {
        self.init(exchange, plan: .event, handler: handler, isProbe: false)
        self.bodyBytes = bodyBytes
        self.isBodyComplete = true
        self.keep(message)
    }

    var runtime: FunctionRuntime { self.handler.runtime }

    // MARK: From arrival to the handler

    func begin() {
        if !self.isProbe { self.handler.instruments?.started(self.exchange) }
        self.exchange.onCancelled = { self.cancelled() }
        self.proceed()
    }

    /// Takes the next step of those that are left; comes back when there was something to wait for.
    private func proceed() {
        guard self.takeFunctionTurn() else { return }
        switch self.work {
        case .route(let entry, let parameters):
            guard self.takeHandlerTurn(entry.optionsIndex) else { return }
            switch entry.handler {
            case .streaming(let handle): self.startStream(handle, parameters, entry)
            case .whole(let handle):
                guard self.isBodyComplete else { return self.readBody(entry) }
                self.start(handle, parameters, entry)
            }
        case .message:
            guard self.isBodyComplete else { return self.readBody(nil) }
            self.decode()
        case .delivery:
            guard let index = self.delivery?.entry.optionsIndex else { return }
            guard self.takeHandlerTurn(index) else { return }
            self.startDelivery(index)
        case .batch(let events): self.start(events)
        }
    }

    private func takeFunctionTurn() -> Bool {
        guard !self.hasFunctionTurn, !self.isProbe else { return true }
        guard self.take(.function) else { return false }
        self.functionTurnCame()
        return true
    }

    private func takeHandlerTurn(_ index: Int) -> Bool {
        guard self.handlerTurn == nil else { return true }
        guard self.isProbe || self.take(.handler(index)) else { return false }
        self.handlerTurnCame(index)
        return true
    }

    private func functionTurnCame() {
        self.hasFunctionTurn = true
        self.startTime(self.handler.deadlines.general)
    }

    private func handlerTurnCame(_ index: Int) {
        if !self.isProbe { self.handlerTurn = index }
        self.startTime(self.handler.deadlines.queue(index))
    }

    private func take(_ level: TurnKeeper.Level) -> Bool {
        switch self.handler.turns.take(level, for: self) {
        case .taken: return true
        case .waiting(let turn):
            // Waiting is not running.
            self.stopTime()
            self.queuedTurn = turn
        case .refused: self.answer(.busy)
        }
        return false
    }

    func turnCame() {
        guard let turn = self.queuedTurn.take() else { return }
        switch turn.level {
        case .function: self.functionTurnCame()
        case .handler(let index): self.handlerTurnCame(index)
        }
        self.proceed()
    }

    func waitedTooLong() {
        self.queuedTurn = nil
        self.answer(.waitedTooLong)
    }

    // MARK: Body

    private func readBody(_ entry: RouteEntry?) {
        let own = entry.flatMap { self.runtime.options($0.optionsIndex).bodyBytesMax }
        let bytesMax = own ?? self.handler.settings.bodyBytesMax
        // Nearly every body is there already, and needs no closure to wait for it.
        if let body = self.exchange.takeWholeBody() {
            return self.received(
                body.count <= bytesMax ? .success(body) : .failure(.tooLarge),
                bytesMax
            )
        }
        self.exchange.collectBody(upTo: bytesMax) { result in
            if !self.isOver { self.received(result, bytesMax) }
        }
    }

    private func received(_ result: Result<[UInt8], HTTPBodyError>, _ bytesMax: Int) {
        switch result {
        case .success(let body):
            self.body = body
            self.bodyBytes = body.count
            self.isBodyComplete = true
            self.proceed()
        case .failure(.tooLarge):
            self.answer(.refusal(413, "the body is larger than \(bytesMax) bytes"))
        case .failure(let error): self.bodyFailed(error)
        }
    }

    private func bodyFailed(_ error: HTTPBodyError) {
        // Without a client the exchange says so next.
        guard !self.exchange.isOver else { return }
        self.answer(.refusal(error.status.rawValue, "the request body cannot be read to its end"))
    }

    // MARK: Decoding

    /// In binary mode the body is the data, which nobody reads here, however large it is.
    private var isDecodedOnPool: Bool {
        guard self.body.count > Self.decodedOnLoopBytesMax else { return false }
        let mode = CloudEventContentMode(httpFields: self.exchange.request.fields)
        return mode == .structured || mode == .batch
    }

    private func decode() {
        guard self.isDecodedOnPool else {
            do {
                self.keep(try self.runtime.message(self.exchange.request.fields, self.body))
            } catch {
                return self.answer(self.runtime.refusal(error, self.context()))
            }
            return self.proceed()
        }
        let body = self.body
        self.task = Task(executorPreference: self.handler.pool) {
            let fields = self.exchange.request.fields
            let decoded = Result { try self.runtime.message(fields, body) }
            self.exchange.loop.execute { self.decoded(decoded) }
        }
    }

    private func decoded(_ result: Result<Message, any Error>) {
        self.task = nil
        guard !self.isOver else { return }
        guard !self.exchange.isOver else { return self.end() }
        switch result {
        case .success(let message):
            self.keep(message)
            self.proceed()
        case .failure(let error):
            self.answer(self.runtime.refusal(error, self.context()))
        }
    }

    private func keep(_ message: consuming Message) {
        self.body = []
        switch consume message {
        case .event(let delivery):
            self.delivery = delivery
            self.work = .delivery
        case .batch(let events): self.work = .batch(events)
        }
    }

    // MARK: The answer

    /// The handler has given its answer; any thread.
    func finish(_ response: Response) {
        if self.exchange.loop.isCurrent {
            self.sendAnswer(response)
        } else {
            self.handler.finished.add(self, response)
        }
    }

    /// Sends what the handler answered; loop only.
    func sendAnswer(_ response: Response) {
        self.task = nil
        self.answer(response)
    }

    func onLoop(_ body: @escaping @Sendable () -> Void) {
        let loop = self.exchange.loop
        if loop.isCurrent { body() } else { loop.execute(body) }
    }

    /// Sends an answer, unless there is one or nobody to read it; nothing is left to do then.
    func answer(_ response: Response) {
        if !self.exchange.isOver {
            self.answered(response.status, bytes: response.body.count)
            self.exchange.respond(response)
        }
        self.end()
    }

    /// Notes the answer in the metrics, once.
    func answered(_ status: Int, bytes: Int = 0) {
        guard !self.isAnswered, !self.isProbe else { return }
        self.isAnswered = true
        self.handler.instruments?.answered(
            status: status,
            after: self.exchange.receivedAt.duration(to: .now()),
            requestBytes: self.bodyBytes,
            responseBytes: bytes
        )
    }

    // MARK: Time and ends

    private func startTime(_ queue: InvocationDeadlines.Queue) {
        // What was known before its handler has run since then, and goes on.
        guard self.deadlines !== queue else { return }
        self.stopTime()
        self.deadlines = queue
        self.deadline = queue.append(self)
    }

    private func stopTime() {
        self.deadlines?.remove(self.deadline)
        self.deadlines = nil
    }

    /// The time to run, to begin the answer, or to go on with it, is over.
    func timedOut() {
        self.stopTime()
        if self.exchange.isStarted {
            // The only honest end of an answer that cannot be completed.
            self.exchange.abort()
        } else if !self.exchange.isOver {
            self.answered(504)
            self.exchange.respond(.timedOut)
        }
        self.abandon()
    }

    /// The client is gone, or the server had to answer itself.
    private func cancelled() {
        self.answered(RequestInstruments.clientGone)
        self.abandon()
    }

    /// Nobody waits for the answer; a handler that runs is told, and keeps its turn until it ends.
    private func abandon() {
        self.stream?.cancel()
        self.isAbandoned = true
        guard !self.isStarting else { return }
        guard let task = self.task else { return self.end() }
        task.cancel()
    }

    /// Makes a task that runs at once, so that it may be over, or abandoned, when it is returned.
    func starting(_ make: () -> Task<Void, Never>) {
        self.isStarting = true
        let task = make()
        self.isStarting = false
        guard !self.isOver else { return }
        self.task = task
        if self.isAbandoned { task.cancel() }
    }

    /// Gives everything back, once.
    func end() {
        guard !self.isOver else { return }
        self.isOver = true
        self.stopTime()
        self.stream?.stopTime()
        if let turn = self.queuedTurn.take() { self.handler.turns.withdraw(turn) }
        if let index = self.handlerTurn { self.handler.turns.finish(.handler(index)) }
        if self.hasFunctionTurn { self.handler.turns.finish(.function) }
        if !self.isProbe { self.handler.instruments?.ended(self.exchange) }
        self.handler.invocationEnded()
    }
}

extension Response {
    fileprivate static let busy = Self.refusal(
        503,
        "pending request queue full",
        retryAfter: FunctionHandler.retryDelay
    )
    fileprivate static let waitedTooLong = Self.refusal(
        503,
        "the request waited too long for its turn",
        retryAfter: FunctionHandler.retryDelay
    )
    fileprivate static let timedOut = Self.refusal(504, "the function did not answer in time")
}

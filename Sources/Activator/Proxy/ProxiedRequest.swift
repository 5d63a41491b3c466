// SPDX-License-Identifier: Apache-2.0

internal import EventLoop
internal import HTTP
internal import HTTPServer

/// One request on its way: from its client through the queue to an instance, and its answer back.
///
/// Belongs to the loop's thread.
final class ProxiedRequest: UpstreamClient {
    /// How often a request goes to another connection after one that failed it.
    private static let retriesMax = 1
    /// How often a request goes to an instance that gives it back.
    private static let refusalsMax = 5

    let id: RequestID
    let traits: RequestTraits
    let revision: Revision
    /// `nil` once the request is over.
    private var exchange: HTTPExchange?
    /// The instance that has it; `nil` while it waits.
    private(set) var instance: Instance?
    private var connection: (any UpstreamCarrier)?
    /// Ends the wait for a connection.
    var waitTimer = TimerID.none
    /// What carries the bytes after a switch of protocols.
    private var tunnel: UpgradeTunnel?

    let arrivedAt: MonotonicTime
    private var dispatchedAt: MonotonicTime
    private var isCold = false
    private var retryCount = 0
    private var refusalCount = 0

    private var hasBodyBegun = false
    /// The trailers, once the body of the request is complete.
    private var bodyEnd: HTTPFields?
    /// What was sent of the body so far; `nil` when it is not kept.
    private var replay: [[UInt8]]?
    private var replayBytes = 0
    /// Whether ``replay`` is being sent, so that what follows it has to wait.
    private var isReplaying = false

    /// Makes a request that waits.
    init(_ id: RequestID, exchange: HTTPExchange, traits: RequestTraits, revision: Revision) {
        self.id = id
        self.exchange = exchange
        self.traits = traits
        self.revision = revision
        self.arrivedAt = exchange.receivedAt
        self.dispatchedAt = exchange.receivedAt
        exchange.onCancelled = { [self] in self.clientLeft() }
    }

    var mayUpgrade: Bool {
        self.traits.upgrade != nil && self.exchange?.canBeTakenOver == true
    }
    var method: HTTPMethod { self.exchange?.request.method ?? .get }
    /// The port of our end of its connection.
    var localPort: UInt16? { self.connection?.localPort }
    /// Whether its connection is still being made.
    var isConnecting: Bool { self.connection.map { !$0.hasConnected } ?? false }
    /// The event's identity, for whoever follows it.
    var eventAttributes: [String: String] {
        var attributes: [String: String] = [:]
        for name in ["ce-id", "ce-source", "ce-subject"] {
            attributes[name] = self.exchange?.request.fields[name]
        }
        return attributes
    }

    // MARK: To the instance

    /// Sends the request to an instance.
    func dispatch(to instance: Instance) {
        guard self.exchange != nil else { return self.revision.finished(self) }
        guard !self.hasBodyBegun || self.replay != nil else { return self.failIncomplete() }
        self.instance = instance
        self.isCold = instance.isCold(for: self.arrivedAt)
        self.dispatchedAt = self.revision.context.loop.now
        do {
            guard let connection = try instance.pool.take(for: self) else {
                return self.awaitConnection()
            }
            self.send(on: connection)
        } catch {
            self.upstreamFailed(.notConnected((error as? SystemError)?.code ?? 0))
        }
    }

    /// Begins the request on a connection, unless it is over.
    func send(on connection: any UpstreamCarrier) {
        guard let exchange = self.exchange else { return connection.close() }
        let context = self.revision.context
        self.connection = connection
        connection.begin(
            UpstreamRequestHead(
                head: exchange.request,
                traits: self.traits,
                peer: exchange.peer,
                proto: context.configuration.proto,
                hostDefault: self.revision.hostDefault,
                isUpgrade: self.mayUpgrade
            ),
            for: self,
            timeout: self.revision.timeout
        )
        self.sendBody(exchange, on: connection)
        connection.planFlush()
    }

    private func sendBody(_ exchange: HTTPExchange, on connection: any UpstreamCarrier) {
        if self.traits.framing == .none {
            connection.endRequest(trailers: HTTPFields())
        } else if !self.hasBodyBegun {
            self.hasBodyBegun = true
            let mayComeBack =
                self.instance?.answeredAt == nil || self.isConnecting || connection.mayGiveBack
            self.replay = mayComeBack ? [] : nil
            exchange.consumeBody { [self] event in self.received(event) }
        } else {
            self.replayBody(exchange, on: connection)
        }
    }

    /// Sends again what was kept of the body, and lets the rest follow.
    ///
    /// Any piece may find that nobody is there: the request has left the connection then, and may
    /// be on another already.
    private func replayBody(_ exchange: HTTPExchange, on connection: any UpstreamCarrier) {
        self.isReplaying = true
        for chunk in self.replay ?? [] where self.connection === connection {
            connection.sendBody(chunk)
        }
        self.isReplaying = false
        guard self.connection === connection else { return }
        if let trailers = self.bodyEnd {
            connection.endRequest(trailers: trailers)
        } else {
            // Where there is no room, the next bytes find that out.
            exchange.resumeBody()
        }
    }

    private func received(_ event: HTTPBodyEvent) {
        guard let exchange = self.exchange else { return }
        switch event {
        case .chunk(let bytes):
            self.keep(bytes)
            guard let connection = self.connection else {
                if self.replay == nil { self.failIncomplete() }
                return
            }
            connection.sendBody(bytes)
            if self.connection === connection, connection.isOutputBlocked { exchange.pauseBody() }
        case .end(let trailers):
            self.bodyEnd = trailers
            self.connection?.endRequest(trailers: trailers)
        case .failed(let error):
            self.bodyFailed(error)
        }
    }

    private func keep(_ bytes: [UInt8]) {
        guard self.replay != nil else { return }
        self.replayBytes += bytes.count
        if self.replayBytes > self.revision.context.configuration.replayBytesMax {
            self.replay = nil
        } else {
            self.replay?.append(bytes)
        }
    }

    /// The server has answered already, but for a client that stopped sending and still listens.
    private func bodyFailed(_ error: HTTPBodyError) {
        guard let exchange = self.exchange else { return }
        self.leaveConnection()
        if error == .connectionClosed, !exchange.isOver {
            if exchange.isStarted {
                exchange.abort()
            } else {
                self.answer(ProblemAnswer(status: .badRequest, detail: "The body is incomplete."))
            }
        }
        self.finish()
    }

    /// Ends a request whose body has lost its beginning, so that no instance can get all of it.
    private func failIncomplete() {
        self.leaveConnection()
        let detail = "The body cannot be sent again: what came of it at first was not kept."
        self.answer(ProblemAnswer(status: .badGateway, detail: detail))
        self.finish()
    }

    func upstreamDrained() {
        if !self.isReplaying { self.exchange?.resumeBody() }
    }

    // MARK: From the instance

    func upstreamAnswered() {
        self.replay = nil
        guard let instance = self.instance else { return }
        self.revision.answered(instance, isCold: self.isCold)
    }

    func upstreamSentInterim(_ head: HTTPResponseHead) {
        guard let exchange = self.exchange, !exchange.isStarted else { return }
        var head = head
        if Self.hasFieldsOfConnection(head.fields) { Self.removeFieldsOfConnection(&head.fields) }
        exchange.sendInformational(head)
    }

    func upstreamSentHead(
        _ head: HTTPResponseHead,
        bodyLength: Int?,
        body: [UInt8],
        end: HTTPFields?
    ) {
        guard let exchange = self.exchange, !exchange.isOver else { return self.finish() }
        if end != nil { self.connection = nil }
        let isHead = exchange.request.method == .head
        let head = self.answerHead(of: head)
        let isBare = isHead && !head.fields.contains("content-length")
        if let end, end.isEmpty, !isBare {
            exchange.respond(head.status, head.fields, body: body)
            return self.finish()
        }
        exchange.start(head, bodyLength: bodyLength)
        self.pass(body, end, to: exchange)
    }

    func upstreamSentBody(_ bytes: [UInt8], end: HTTPFields?) {
        guard let exchange = self.exchange, !exchange.isOver else { return self.finish() }
        if end != nil { self.connection = nil }
        self.pass(bytes, end, to: exchange)
    }

    private func pass(_ bytes: [UInt8], _ end: HTTPFields?, to exchange: HTTPExchange) {
        let mayGoOn = bytes.isEmpty || exchange.write(bytes)
        if let end {
            exchange.end(trailers: end.isEmpty ? nil : end)
            self.finish()
        } else if !mayGoOn, let connection = self.connection {
            connection.pause()
            exchange.onWritable = { [weak connection] in connection?.resume() }
        }
    }

    func upstreamSwitched(_ head: HTTPResponseHead, fd: Int32, rest: [UInt8]) {
        self.connection = nil
        var head = head
        head.fields.remove("connection")
        guard let stream = self.exchange?.takeOver(head) else {
            Socket.close(fd)
            return self.finish()
        }
        do {
            self.tunnel = try UpgradeTunnel(
                fd: fd,
                rest: rest,
                stream: stream,
                context: self.revision.context
            ) { [weak self] in self?.finish() }
        } catch {
            Socket.close(fd)
            stream.abort()
            self.finish()
        }
    }

    /// The head without what belongs to the connection, and with what a cold start took.
    private func answerHead(of head: HTTPResponseHead) -> HTTPResponseHead {
        var head = head
        if Self.hasFieldsOfConnection(head.fields) { Self.removeFieldsOfConnection(&head.fields) }
        if self.isCold, let start = self.instance?.startDuration {
            let wait = self.arrivedAt.duration(to: self.dispatchedAt)
            head.fields.append("X-Swiftlet-Cold-Start", "true")
            head.fields.append(
                "Server-Timing",
                "queue;dur=\(Self.milliseconds(wait)), start;dur=\(Self.milliseconds(start))"
            )
        }
        return head
    }

    /// Whether there may be fields that end here (RFC 9110 section 7.6.1); most answers have none.
    private static func hasFieldsOfConnection(_ fields: HTTPFields) -> Bool {
        var found = false
        fields.forEachSpan { name, _ in
            switch RequestField(name) {
            case .hopByHop, .connection, .upgrade: found = true
            default: break
            }
        }
        return found
    }

    /// The server writes framing and connection fields itself, whatever is left here.
    private static func removeFieldsOfConnection(_ fields: inout HTTPFields) {
        for line in fields.values("connection") {
            for part in line.split(separator: ",") {
                let name = String(decoding: HTTPText.trim(Array(part.utf8)[...]), as: UTF8.self)
                if name.lowercased() != "content-length" { fields.remove(name) }
            }
        }
        for name in ["upgrade", "proxy-connection", "te"] { fields.remove(name) }
    }

    /// Milliseconds with three digits behind the point.
    static func milliseconds(_ duration: Duration) -> String {
        let microseconds = max(0, duration.nanosecondsClamped) / 1000
        let fraction = String(microseconds % 1000 + 1000).dropFirst()
        return "\(microseconds / 1000).\(fraction)"
    }

    // MARK: Failure

    /// The process ended before it had accepted the connection of this request.
    func upstreamWasNeverAccepted() {
        self.leaveConnection()
        self.upstreamFailed(.neverAccepted)
    }

    func upstreamFailed(_ failure: UpstreamFailure) {
        let wasReused = self.connection?.isReused ?? false
        self.connection = nil
        guard let exchange = self.exchange, let instance = self.instance else { return }
        var failure = failure
        if failure.meansNobodyListens, self.revision.podRefused(instance) {
            failure = .neverAccepted
        }
        guard !exchange.isStarted else {
            self.revision.log(failure, of: instance, nil)
            exchange.breakOff(self.revision.answer(to: failure, of: instance, nil))
            return self.finish()
        }
        // Nothing more is taken of the body until it is known where it goes.
        if self.hasBodyBegun, self.bodyEnd == nil { exchange.pauseBody() }
        if self.mayRetry(failure, wasReused: wasReused) { return self.giveBack(after: failure) }
        guard failure == .closedEarly || failure == .neverAccepted || failure.meansNobodyListens
        else { return self.fail(failure, nil) }
        instance.whenExitIsKnown { [self] exit in
            // The port of a process closes a moment before its end is reported.
            if exit != nil, failure.meansNobodyListens,
                self.mayRetry(.neverAccepted, wasReused: wasReused)
            {
                self.giveBack(after: .neverAccepted)
            } else {
                self.fail(failure, exit)
            }
        }
    }

    /// Waits in the queue again.
    private func giveBack(after failure: UpstreamFailure) {
        guard self.exchange != nil else { return }
        switch failure {
        case .neverAccepted: break
        case .refused: self.refusalCount += 1
        default: self.retryCount += 1
        }
        self.instance = nil
        self.revision.returned(self)
    }

    /// A request is sent again only when no function can have begun with it, or when it may be
    /// repeated (RFC 9110 section 9.2.2) and met a connection that was just being closed.
    private func mayRetry(_ failure: UpstreamFailure, wasReused: Bool) -> Bool {
        let isReplayable =
            self.traits.framing == .none || !self.hasBodyBegun || self.replay != nil
        switch failure {
        case .neverAccepted: return isReplayable
        case .refused: return isReplayable && self.refusalCount < Self.refusalsMax
        case .notConnected: return isReplayable && self.retryCount < Self.retriesMax
        case .closedEarly:
            return wasReused && self.traits.framing == .none && self.method.isIdempotent
                && self.retryCount < Self.retriesMax
        default: return false
        }
    }

    private func fail(_ failure: UpstreamFailure, _ exit: ProcessExit?) {
        guard self.exchange != nil, let instance = self.instance else { return }
        self.revision.log(failure, of: instance, exit)
        self.answer(self.revision.answer(to: failure, of: instance, exit))
        self.finish()
    }

    /// Answers in the function's place; the state has forgotten the request, or is about to.
    func refuse(_ answer: ProblemAnswer) {
        self.answer(answer)
        self.end()
    }

    private func answer(_ answer: ProblemAnswer) {
        guard let exchange = self.exchange, !exchange.isOver, !exchange.isStarted else { return }
        exchange.respond(answer)
    }

    // MARK: End

    private func clientLeft() {
        self.leaveConnection()
        self.finish()
    }

    /// Gives the request up, at the end of all.
    func abandon(_ answer: ProblemAnswer) {
        guard let exchange = self.exchange else { return }
        self.leaveConnection()
        self.tunnel?.close()
        if exchange.isStarted { exchange.breakOff(answer) } else { self.answer(answer) }
        self.finish()
    }

    private func leaveConnection() {
        self.endWaiting()
        self.connection?.close()
        self.connection = nil
    }

    private func finish() {
        guard self.exchange != nil else { return }
        self.end()
        self.revision.finished(self)
    }

    /// Lets go of the client, which breaks the cycle of references.
    private func end() {
        self.exchange?.onCancelled = nil
        self.exchange?.onWritable = nil
        self.exchange = nil
        self.tunnel = nil
        self.replay = nil
    }
}

// SPDX-License-Identifier: Apache-2.0

internal import EventLoop
internal import HTTP

/// One connection of a server: reads requests one by one and writes their answers in order.
///
/// `@unchecked Sendable`: belongs to the thread of ``loop``.
final class HTTPConnection: EventHandler, @unchecked Sendable {
    enum Phase {
        /// Between requests; `hasBegun` once a first byte of the next one came.
        case head(hasBegun: Bool)
        /// Within a request: its body is being read, or its answer is awaited, or both.
        case exchange
        /// The answer is complete; the rest of the body is read to find the next request.
        case discarding(left: Int)
        /// The last answer is on its way; whatever the client still sends is dropped.
        case lingering
        case closed
    }

    let loop: EventLoop
    let fd: Int32
    private let peer: SocketAddress
    /// Outlives its connections: its drain, or its listener on the loop, holds it until then.
    unowned let server: HTTPServerState
    let configuration: HTTPServerConfiguration

    private(set) var phase = Phase.head(hasBegun: false)
    private var parser: HTTPRequestParser
    private(set) var decoder: HTTPBodyDecoder?
    private(set) var exchange: HTTPExchange?
    /// Received bytes that could not be used yet.
    private(set) var pending: [UInt8] = []
    var output = HTTPOutputBuffer()
    var interest: IOEvents = .readable
    private(set) var hasInputEnded = false
    private var isProcessing = false
    /// Whether pending requests wait because too many answers wait to be sent.
    var isStalled = false
    private var isResumeScheduled = false
    var corkDepth = 0
    /// Whether the connection ends with the answer that is being given.
    private var closesAfterAnswer = false
    var mustSendContinue = false

    private var timer = TimerID.none
    private var timerDeadline = MonotonicTime(nanoseconds: .max)
    /// When the phase has lasted too long; of no effect while output is blocked.
    private var phaseDeadline: MonotonicTime?
    /// When a peer that takes no output is given up; `nil` while it takes what there is.
    var writeDeadline: MonotonicTime?

    init(fd: Int32, peer: SocketAddress, server: HTTPServerState) {
        self.loop = server.loop
        self.fd = fd
        self.peer = peer
        self.server = server
        self.configuration = server.configuration
        self.parser = HTTPRequestParser(limits: server.configuration.limits)
    }

    func open() throws {
        Socket.disableDelay(self.fd)
        try self.loop.register(self.fd, for: .readable, handler: self)
        self.setDeadline(after: self.configuration.keepAliveTimeout)
    }

    // MARK: Events

    func handleEvents(_ events: IOEvents) {
        if events.contains(.writable) { self.flush() }
        if events.contains(.readable) {
            self.readInput()
        } else if events.contains(.failed) {
            self.reset()
        }
    }

    var isClosed: Bool {
        if case .closed = self.phase { return true }
        return false
    }

    private func readInput() {
        guard !self.isClosed, !self.hasInputEnded else { return }
        switch Socket.read(self.fd, into: self.server.scratch) {
        case .count(let count):
            self.received(UnsafeRawBufferPointer(rebasing: self.server.scratch[0..<count]))
        case .wouldBlock: return
        case .end:
            self.hasInputEnded = true
            self.inputEnded()
        case .failed: return self.reset()
        }
        self.endIfIdle()
        self.updateInterest()
    }

    /// The peer sends no more; it may still read an answer (RFC 9112 section 9.6).
    private func inputEnded() {
        switch self.phase {
        case .head, .closed: break
        case .discarding: self.linger()
        case .lingering: if self.output.isEmpty { self.close() }
        case .exchange:
            guard self.decoder != nil else { return }
            self.decoder = nil
            self.setDeadline(after: nil)
            self.closesAfterAnswer = true
            self.exchange?.bodyArrived(.failed(.connectionClosed))
        }
    }

    private func received(_ bytes: UnsafeRawBufferPointer) {
        self.corked {
            if self.pending.isEmpty {
                let used = self.process(bytes.assumingMemoryBound(to: UInt8.self).span)
                guard !self.isClosed, used < bytes.count else { return }
                self.pending.append(contentsOf: bytes[used...])
            } else {
                self.pending.append(contentsOf: bytes)
                self.processPending()
            }
        }
    }

    private func processPending() {
        // A decoder that has given all its bytes has its end to tell, with no further byte.
        guard !self.isClosed, !self.pending.isEmpty || self.decoder != nil else { return }
        var bytes: [UInt8] = []
        swap(&bytes, &self.pending)
        let used = self.process(bytes.span)
        guard !self.isClosed, used < bytes.count else { return }
        bytes.removeFirst(used)
        // A handler that ran meanwhile cannot have added input: only this thread reads.
        self.pending = bytes
    }

    /// Goes on with pending input, in a job of its own: not from a handler's call, where a chain of
    /// pipelined requests would become a chain of stack frames.
    func scheduleResume() {
        guard !self.isResumeScheduled else { return }
        self.isResumeScheduled = true
        self.loop.execute {
            self.isResumeScheduled = false
            self.corked { self.processPending() }
            self.endIfIdle()
            self.updateInterest()
        }
    }

    // MARK: Requests

    /// Uses as many bytes as the phase allows and returns how many those were.
    private func process(_ bytes: Span<UInt8>) -> Int {
        self.isProcessing = true
        defer { self.isProcessing = false }
        var used = 0
        do throws(HTTPParseError) {
            while true {
                switch self.phase {
                case .head:
                    guard try self.readHead(bytes, &used) else { return used }
                case .exchange:
                    guard self.decoder != nil, try self.readBody(bytes, &used) else { return used }
                case .discarding:
                    guard try self.readBody(bytes, &used) else { return used }
                case .lingering, .closed:
                    return bytes.count
                }
            }
        } catch {
            self.refuse(error)
            return bytes.count
        }
    }

    /// Whether a head was complete, so that it goes on.
    private func readHead(_ bytes: Span<UInt8>, _ used: inout Int) throws(HTTPParseError) -> Bool {
        guard used < bytes.count else { return false }
        // Who pipelines without reading would otherwise fill our memory with answers.
        guard self.hasRoomForOutput else {
            self.isStalled = true
            return false
        }
        guard let (request, length) = try self.parser.parse(bytes.extracting(used..<bytes.count))
        else {
            if case .head(hasBegun: false) = self.phase {
                self.phase = .head(hasBegun: true)
                self.setDeadline(after: self.configuration.headerTimeout)
            }
            return false
        }
        used += length
        self.begin(request)
        return true
    }

    private func begin(_ request: HTTPParsedRequest) {
        let hasBody = request.framing != .none
        self.closesAfterAnswer = !request.isKeepAlive || self.server.isDraining
        let exchange = HTTPExchange(
            connection: self,
            request: request.head,
            peer: self.peer,
            writer: HTTPResponseWriter(request: request.head, closesConnection: false),
            hasBody: hasBody
        )
        self.exchange = exchange
        self.phase = .exchange
        self.mustSendContinue = request.expectsContinue
        self.setDeadline(after: nil)
        if hasBody {
            self.decoder = HTTPBodyDecoder(
                framing: request.framing,
                limits: self.configuration.limits,
                bodyBytesMax: self.configuration.bodyBytesMax
            )
            if case .length(let length) = request.framing, length > self.configuration.bodyBytesMax
            {
                return self.refuse(.bodyTooLarge)
            }
        }
        self.server.requestsTotal += 1
        self.server.handler.handle(exchange)
    }

    /// Whether there is more to be done with the same bytes.
    private func readBody(_ bytes: Span<UInt8>, _ used: inout Int) throws(HTTPParseError) -> Bool {
        guard var decoder = self.decoder else { return false }
        if let exchange = self.exchange,
            exchange.bufferedBodyBytes >= self.configuration.bodyBufferBytesMax
        {
            return false
        }
        let step = try decoder.decode(bytes, from: used)
        self.decoder = decoder
        switch step {
        case .needMore(let consumed):
            used = consumed
            return false
        case .data(let range):
            used = range.upperBound
            self.bodyReceived(bytes.extracting(range))
        case .end(let consumed, let trailers):
            used = consumed
            self.bodyEnded(trailers)
        }
        return true
    }

    private func bodyReceived(_ bytes: Span<UInt8>) {
        if case .discarding(let left) = self.phase {
            guard bytes.count <= left else { return self.linger() }
            self.phase = .discarding(left: left - bytes.count)
            return
        }
        // A client that sends already does not wait for 100 (RFC 9110 section 10.1.1).
        self.mustSendContinue = false
        self.setDeadline(after: self.configuration.bodyTimeout)
        let chunk = [UInt8](unsafeUninitializedCapacity: bytes.count) { buffer, count in
            bytes.withUnsafeBufferPointer { _ = buffer.update(fromContentsOf: $0) }
            count = bytes.count
        }
        self.exchange?.bodyArrived(.chunk(chunk))
    }

    private func bodyEnded(_ trailers: HTTPFields) {
        self.decoder = nil
        if case .discarding = self.phase { return self.beginNext() }
        self.setDeadline(after: nil)
        self.exchange?.bodyArrived(.end(trailers: trailers))
    }

    /// The handler waits for the body: tell the client to send it, and hurry it.
    func bodyIsWanted() {
        guard self.decoder != nil else { return }
        self.setDeadline(after: self.configuration.bodyTimeout)
        guard self.mustSendContinue else { return }
        self.mustSendContinue = false
        self.output.bytes.append(contentsOf: "HTTP/1.1 100 Continue\r\n\r\n".utf8)
        self.flushUnlessCorked()
    }

    /// The handler took body bytes: there may be room to read again.
    func bodyWasConsumed() {
        guard !self.isProcessing, self.decoder != nil else { return }
        self.restoreDeadline()
        self.corked { self.processPending() }
        self.endIfIdle()
        self.updateInterest()
    }

    private func beginNext() {
        self.phase = .head(hasBegun: false)
        self.setDeadline(after: self.configuration.keepAliveTimeout)
        // Who processes goes on with the next request by itself.
        guard !self.isProcessing else { return }
        if self.pending.isEmpty { self.endIfIdle() } else { self.scheduleResume() }
    }

    /// Ends a connection between requests when no further one can come, or is to be taken.
    private func endIfIdle() {
        guard case .head = self.phase, !self.isResumeScheduled, !self.isProcessing else { return }
        if self.hasInputEnded {
            // What is pending and stalled is complete perhaps; what is not stalled never will be.
            if !self.isStalled { self.closeWhenWritten() }
        } else if self.server.isDraining, self.pending.isEmpty {
            if self.output.isEmpty { self.close() } else { self.closeWhenWritten() }
        }
    }

    // MARK: Answers

    var mustCloseAfterAnswer: Bool {
        // A client that waits for 100 and gets an answer may or may not send its body.
        self.closesAfterAnswer || self.mustSendContinue || self.server.isDraining
    }

    var hasRoomForOutput: Bool { self.output.count < self.configuration.outputBufferBytesMax }

    func report(_ text: String) { self.configuration.report(text) }

    func answerEnded(closesConnection: Bool) {
        guard !self.isClosed else { return }
        self.exchange = nil
        if closesConnection { return self.linger() }
        guard self.decoder != nil else { return self.beginNext() }
        self.phase = .discarding(left: self.configuration.discardBytesMax)
        self.setDeadline(after: self.configuration.bodyTimeout)
        if !self.isProcessing { self.scheduleResume() }
    }

    /// Answers a request that cannot be understood, and ends the connection.
    private func refuse(_ error: HTTPParseError) {
        // The answer to this request is out, and there is no other that could be refused.
        if case .discarding = self.phase { return self.linger() }
        self.failExchange(
            error == .bodyTooLarge ? .tooLarge : .malformed(error),
            answer: error.status,
            error.explanation
        )
    }

    /// Ends the current request, if there is one, with an answer of ours; then the handler is told.
    private func failExchange(
        _ reason: HTTPBodyError,
        answer status: HTTPStatus,
        _ explanation: String
    ) {
        let failed = self.exchange
        self.exchange = nil
        self.decoder = nil
        if failed?.isStarted == true {
            self.reset()
        } else {
            self.answerAndLinger(status, explanation, to: failed?.request)
        }
        failed?.connectionClosed(reason)
    }

    private func answerAndLinger(
        _ status: HTTPStatus,
        _ explanation: String,
        to request: HTTPRequestHead? = nil
    ) {
        var writer = HTTPResponseWriter(
            request: request ?? HTTPRequestHead(method: .get, target: "/"),
            closesConnection: true
        )
        let head = HTTPResponseHead(
            status: status,
            fields: ["Content-Type": "text/plain; charset=utf-8"]
        )
        let body = Array("\(explanation)\n".utf8)
        self.corked {
            do {
                try self.startResponse(head, bodyLength: body.count, with: &writer)
                try self.writeBody(body, with: &writer)
            } catch {
                return self.reset()
            }
            self.linger()
        }
    }

    // MARK: Time

    private func setDeadline(after delay: Duration?) {
        self.phaseDeadline = delay.map { self.loop.now.advanced(by: $0) }
        if let deadline = self.phaseDeadline { self.armTimer(noLaterThan: deadline) }
    }

    /// Starts the time of the phase anew, after a blocked write or when the handler took bytes.
    func restoreDeadline() {
        switch self.phase {
        case .head(let hasBegun):
            let times = self.configuration
            self.setDeadline(after: hasBegun ? times.headerTimeout : times.keepAliveTimeout)
        case .exchange:
            let isAwaited = self.decoder != nil && self.exchange?.isBodyAwaited == true
            self.setDeadline(after: isAwaited ? self.configuration.bodyTimeout : nil)
        case .discarding: self.setDeadline(after: self.configuration.bodyTimeout)
        case .lingering, .closed: break
        }
    }

    /// A timer that fires too early looks again; one that would fire too late is replaced.
    func armTimer(noLaterThan deadline: MonotonicTime) {
        guard deadline < self.timerDeadline else { return }
        self.loop.cancel(self.timer)
        self.timerDeadline = deadline
        self.timer = self.loop.schedule(at: deadline) { [unowned self] in self.timerFired() }
    }

    private func timerFired() {
        self.timerDeadline = MonotonicTime(nanoseconds: .max)
        guard !self.isClosed, let deadline = self.writeDeadline ?? self.phaseDeadline else {
            return
        }
        guard self.loop.now >= deadline else { return self.armTimer(noLaterThan: deadline) }
        guard self.writeDeadline == nil else { return self.reset() }
        self.phaseDeadline = nil
        switch self.phase {
        case .head(hasBegun: false), .lingering: self.close()
        case .discarding: self.linger()
        case .head(hasBegun: true):
            self.answerAndLinger(.requestTimeout, "the request head took too long")
        case .exchange:
            // Nobody can blame the client while it is the handler that does not read.
            guard self.decoder != nil, self.exchange?.isBodyAwaited == true else { return }
            self.failExchange(.timedOut, answer: .requestTimeout, "the request body took too long")
        case .closed: break
        }
    }

    // MARK: End

    /// Closes a connection that lies between requests; others end with their answer.
    func drain() { self.endIfIdle() }

    /// Drops the rest of the request, and ends when the answer was written.
    private func linger() {
        self.decoder = nil
        self.closeWhenWritten()
    }

    private func closeWhenWritten() {
        guard !self.isClosed else { return }
        self.phase = .lingering
        self.setDeadline(after: nil)
        if self.output.isEmpty { self.beginToLinger() }
    }

    /// Ends the sending side and drops what still comes, so that the peer can read the answer
    /// before a reset takes it away (RFC 9112 section 9.6).
    func beginToLinger() {
        guard !self.hasInputEnded else { return self.close() }
        Socket.shutdownWrite(self.fd)
        self.setDeadline(after: self.configuration.lingerTimeout)
        self.updateInterest()
    }

    /// Ends the connection at once with a reset.
    func reset() {
        guard !self.isClosed else { return }
        Socket.resetOnClose(self.fd)
        self.close()
    }

    private func close() {
        guard !self.isClosed else { return }
        self.phase = .closed
        self.decoder = nil
        self.loop.cancel(self.timer)
        self.loop.deregister(self.fd)
        Socket.close(self.fd)
        let exchange = self.exchange
        self.exchange = nil
        exchange?.connectionClosed(.connectionClosed)
        self.server.connectionClosed(self)
    }
}

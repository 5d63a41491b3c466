// SPDX-License-Identifier: Apache-2.0

internal import EventLoop
internal import HTTP

/// One connection of a server: reads requests one after the other and writes their answers in order.
///
/// `@unchecked Sendable`: belongs to the thread of ``loop``.
final class HTTPConnection: EventHandler, @unchecked Sendable {
    private enum Phase {
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
    private let fd: Int32
    private let peer: SocketAddress
    private unowned let server: HTTPServerState
    private let configuration: HTTPServerConfiguration

    private var phase = Phase.head(hasBegun: false)
    private var parser: HTTPRequestParser
    private var decoder: HTTPBodyDecoder?
    private var exchange: HTTPExchange?
    /// Received bytes that could not be used yet.
    private var pending: [UInt8] = []
    private var output: [UInt8] = []
    private var outputStart = 0
    private var interest: IOEvents = .readable
    private var hasInputEnded = false
    private var isProcessing = false
    private var corkDepth = 0
    private var closesWhenWritten = false
    private var mustSendContinue = false
    private var timer = TimerID.none
    private var deadline: MonotonicTime?
    private var timerDeadline = MonotonicTime(nanoseconds: .max)

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
        if events.contains(.readable) { self.readInput() }
        if events.contains(.failed), !events.contains(.readable), !self.isClosed { self.reset() }
    }

    private var isClosed: Bool {
        if case .closed = self.phase { return true }
        return false
    }

    private func readInput() {
        guard !self.isClosed, !self.hasInputEnded else { return }
        switch Socket.read(self.fd, into: self.server.scratch) {
        case .count(let count):
            let bytes = UnsafeRawBufferPointer(rebasing: self.server.scratch[0..<count])
            self.received(bytes)
        case .wouldBlock: return
        case .end:
            self.hasInputEnded = true
            self.inputEnded()
        case .failed: self.reset()
        }
        self.updateInterest()
    }

    /// The peer sends no more; it may still read an answer (RFC 9112 section 9.6).
    private func inputEnded() {
        switch self.phase {
        case .head, .discarding, .lingering: self.close()
        case .exchange:
            guard self.decoder != nil else { return }
            self.decoder = nil
            self.exchange?.bodyArrived(.failed(.connectionClosed))
            self.closesAfterAnswer = true
        case .closed: break
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
        guard !self.pending.isEmpty, !self.isClosed else { return }
        var bytes: [UInt8] = []
        swap(&bytes, &self.pending)
        let used = self.process(bytes.span)
        guard !self.isClosed, used < bytes.count else { return }
        bytes.removeFirst(used)
        // A handler that ran meanwhile cannot have added input: only this thread reads.
        self.pending = bytes
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
            if case .length(let length) = request.framing, length > self.configuration.bodyBytesMax {
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
        self.output.append(contentsOf: "HTTP/1.1 100 Continue\r\n\r\n".utf8)
        self.flush()
    }

    /// The handler took body bytes: there may be room to read again.
    func bodyWasConsumed() {
        guard !self.isProcessing, self.decoder != nil else { return }
        self.restoreDeadline()
        self.corked { self.processPending() }
        self.updateInterest()
    }

    private func beginNext() {
        self.phase = .head(hasBegun: false)
        self.setDeadline(after: self.configuration.keepAliveTimeout)
        guard !self.isProcessing, !self.pending.isEmpty else { return }
        // Not from here: a chain of pipelined requests would become a chain of stack frames.
        self.loop.execute {
            self.corked { self.processPending() }
            self.updateInterest()
        }
    }

    // MARK: Answers

    /// Whether the connection ends with the answer that is being given.
    private var closesAfterAnswer = false
    var mustCloseAfterAnswer: Bool {
        // A client that waits for 100 and gets an answer may or may not send its body.
        self.closesAfterAnswer || self.mustSendContinue || self.server.isDraining
    }
    var hasRoomForOutput: Bool {
        self.output.count - self.outputStart < self.configuration.outputBufferBytesMax
    }

    func report(_ text: String) { self.configuration.report(text) }

    func startResponse(
        _ head: HTTPResponseHead,
        bodyLength: Int?,
        with writer: inout HTTPResponseWriter
    ) throws(HTTPEncodeError) {
        try writer.start(
            head,
            bodyLength: bodyLength,
            serverName: self.configuration.serverName,
            date: &self.server.date,
            to: &self.output
        )
        self.flushUnlessCorked()
    }

    func writeBody(
        _ bytes: [UInt8],
        with writer: inout HTTPResponseWriter
    ) throws(HTTPResponseWriter.Mistake) {
        try writer.write(bytes, to: &self.output)
        self.flushUnlessCorked()
    }

    func endResponse(
        trailers: HTTPFields?,
        with writer: inout HTTPResponseWriter
    ) throws(HTTPResponseWriter.Mistake) {
        try writer.end(trailers: trailers, to: &self.output)
        self.flushUnlessCorked()
    }

    func answerEnded(closesConnection: Bool) {
        guard !self.isClosed else { return }
        self.exchange = nil
        if closesConnection || self.hasInputEnded {
            if self.decoder == nil { return self.closeWhenWritten() }
            return self.linger()
        }
        if self.decoder != nil {
            self.phase = .discarding(left: self.configuration.discardBytesMax)
            self.setDeadline(after: self.configuration.bodyTimeout)
            if !self.isProcessing { self.bodyWasConsumed() }
        } else {
            self.beginNext()
        }
    }

    /// Answers a request that cannot be understood, and ends the connection.
    private func refuse(_ error: HTTPParseError) {
        let failed = self.exchange
        self.decoder = nil
        if let failed, failed.isStarted { return self.reset() }
        self.exchange = nil
        self.answerAndLinger(error.status, error.explanation)
        let reason: HTTPBodyError = error == .bodyTooLarge ? .tooLarge : .malformed(error)
        failed?.bodyArrived(.failed(reason))
        failed?.connectionClosed()
    }

    private func answerAndLinger(_ status: HTTPStatus, _ explanation: String) {
        var writer = HTTPResponseWriter(
            request: HTTPRequestHead(method: .get, target: "/"),
            closesConnection: true
        )
        let head = HTTPResponseHead(
            status: status,
            fields: ["Content-Type": "text/plain; charset=utf-8"]
        )
        let body = Array("\(explanation)\n".utf8)
        do {
            try self.startResponse(head, bodyLength: body.count, with: &writer)
            try self.writeBody(body, with: &writer)
        } catch {
            return self.reset()
        }
        self.linger()
    }

    // MARK: Output

    /// Holds writes back until `body` is done, so that they leave in one system call.
    func corked(_ body: () -> Void) {
        self.corkDepth += 1
        body()
        self.corkDepth -= 1
        self.flushUnlessCorked()
    }

    private func flushUnlessCorked() {
        if self.corkDepth == 0 { self.flush() }
    }

    private func flush() {
        guard !self.isClosed, self.outputStart < self.output.count else { return }
        let hadNoRoom = !self.hasRoomForOutput
        while self.outputStart < self.output.count {
            let start = self.outputStart
            let written = self.output.withUnsafeBytes { bytes in
                Socket.write(self.fd, from: UnsafeRawBufferPointer(rebasing: bytes[start...]))
            }
            switch written {
            case .count(let count): self.outputStart += count
            case .wouldBlock, .end: return self.outputBlocked(hadNoRoom)
            case .failed: return self.reset()
            }
        }
        self.outputWritten(hadNoRoom)
    }

    private func outputWritten(_ hadNoRoom: Bool) {
        self.output.removeAll(keepingCapacity: self.output.capacity <= 16 * 1024)
        self.outputStart = 0
        if self.closesWhenWritten {
            if case .lingering = self.phase { return self.beginToLinger() }
            return self.close()
        }
        if self.interest.contains(.writable) {
            self.updateInterest()
            self.restoreDeadline()
        }
        if hadNoRoom { self.exchange?.outputDrained() }
    }

    private func outputBlocked(_ hadNoRoom: Bool) {
        if self.outputStart > 1 << 20 {
            self.output.removeFirst(self.outputStart)
            self.outputStart = 0
        }
        self.setDeadline(after: self.configuration.writeTimeout)
        self.updateInterest()
        if hadNoRoom, self.hasRoomForOutput { self.exchange?.outputDrained() }
    }

    private func updateInterest() {
        guard !self.isClosed else { return }
        var interest: IOEvents = []
        if self.wantsInput { interest.insert(.readable) }
        if self.outputStart < self.output.count { interest.insert(.writable) }
        guard interest != self.interest else { return }
        self.interest = interest
        self.loop.modify(self.fd, for: interest)
    }

    private var wantsInput: Bool {
        guard !self.hasInputEnded else { return false }
        switch self.phase {
        case .head, .discarding, .lingering: return true
        case .exchange:
            guard let exchange = self.exchange else { return false }
            if self.decoder != nil {
                return exchange.bufferedBodyBytes < self.configuration.bodyBufferBytesMax
            }
            // Pipelined requests are read ahead a little, which also notices a closed connection.
            return self.pending.count < self.configuration.bodyBufferBytesMax
        case .closed: return false
        }
    }

    // MARK: Time

    private func setDeadline(after delay: Duration?) {
        guard let delay else {
            self.deadline = nil
            return
        }
        let deadline = self.loop.now.advanced(by: delay)
        self.deadline = deadline
        // A timer that fires too early looks again; one that would fire too late is replaced.
        guard deadline < self.timerDeadline else { return }
        self.loop.cancel(self.timer)
        self.armTimer(deadline)
    }

    /// The deadline of the phase, after that of a blocked write.
    private func restoreDeadline() {
        switch self.phase {
        case .head(let hasBegun):
            let times = self.configuration
            self.setDeadline(after: hasBegun ? times.headerTimeout : times.keepAliveTimeout)
        case .exchange:
            self.setDeadline(after: self.decoder == nil ? nil : self.configuration.bodyTimeout)
        case .discarding, .lingering, .closed: break
        }
    }

    private func armTimer(_ deadline: MonotonicTime) {
        self.timerDeadline = deadline
        self.timer = self.loop.schedule(at: deadline) { [unowned self] in self.timerFired() }
    }

    private func timerFired() {
        self.timerDeadline = MonotonicTime(nanoseconds: .max)
        guard !self.isClosed, let deadline = self.deadline else { return }
        guard self.loop.now >= deadline else { return self.armTimer(deadline) }
        self.deadline = nil
        guard self.outputStart >= self.output.count else { return self.reset() }
        switch self.phase {
        case .head(hasBegun: false), .lingering, .discarding: self.close()
        case .head(hasBegun: true):
            self.answerAndLinger(.requestTimeout, "the request head took too long")
        case .exchange: self.bodyTimedOut()
        case .closed: break
        }
    }

    private func bodyTimedOut() {
        guard self.decoder != nil, let exchange = self.exchange else { return }
        // Nobody can blame the client while it is the handler that does not read.
        guard exchange.bufferedBodyBytes == 0 else { return }
        self.decoder = nil
        if exchange.isStarted { return self.reset() }
        self.exchange = nil
        self.answerAndLinger(.requestTimeout, "the request body took too long")
        exchange.bodyArrived(.failed(.timedOut))
        exchange.connectionClosed()
    }

    // MARK: End

    /// Closes a connection that lies between requests; others end with their answer.
    func drain() {
        if case .head(hasBegun: false) = self.phase { self.close() }
    }

    private func closeWhenWritten() {
        self.phase = .lingering
        self.closesWhenWritten = true
        if self.outputStart >= self.output.count { self.beginToLinger() }
    }

    /// Ends the sending side and drops what still comes, so that the peer can read the answer
    /// before a reset takes it away (RFC 9112 section 9.6).
    private func linger() {
        self.decoder = nil
        self.closeWhenWritten()
    }

    private func beginToLinger() {
        guard !self.hasInputEnded else { return self.close() }
        self.closesWhenWritten = false
        Socket.shutdownWrite(self.fd)
        self.setDeadline(after: self.configuration.lingerTimeout)
        self.updateInterest()
    }

    /// Ends the connection at once with a reset.
    func reset() {
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
        exchange?.connectionClosed()
        self.server.connectionClosed(self)
    }
}

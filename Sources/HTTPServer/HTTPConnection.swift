// SPDX-License-Identifier: Apache-2.0

internal import EventLoop
internal import Glibc
internal import HTTP

/// One connection of a server: reads requests one by one and writes their answers in order.
///
/// `@unchecked Sendable`: belongs to the thread of ``loop``.
///
/// Exclusive access is not checked at run time where a request comes by a dozen times: nothing that
/// is called with one of these variables comes back to the connection.
final class HTTPConnection: EventHandler, @unchecked Sendable {
    enum Phase {
        /// TLS is being agreed on.
        case handshake
        /// Between requests; `hasBegun` once a first byte of the next one came.
        case head(hasBegun: Bool)
        /// Within a request: its body is being read, or its answer is awaited, or both.
        case exchange
        /// The answer is complete; the rest of the body is read to find the next request.
        case discarding(left: Int)
        /// HTTP/2 has taken over.
        case http2
        /// A handler has taken over.
        case upgraded
        /// The last answer is on its way; whatever the client still sends is dropped.
        case lingering
        case closed
    }

    /// How much is read at once where a head is expected.
    private static let headReadBytes = 32 * 1024

    let loop: EventLoop
    @exclusivity(unchecked)
    var transport: HTTPTransport
    let peer: SocketAddress
    /// Has this connection in its list until it is closed.
    let server: HTTPServerState
    /// Where it is in that list.
    var place = 0

    @exclusivity(unchecked)
    var phase = Phase.head(hasBegun: false)
    @exclusivity(unchecked)
    var parser: HTTPRequestParser
    @exclusivity(unchecked)
    var decoder: HTTPBodyDecoder?
    @exclusivity(unchecked)
    var exchange: HTTPExchange?
    /// Of the answer to ``exchange``, or of our own to what was refused.
    @exclusivity(unchecked)
    var writer = HTTPResponseWriter(
        request: HTTPRequestHead(method: .get, target: "/"),
        closesConnection: true
    )
    /// Whether the first bytes may be a preface of HTTP/2, and the first request may ask for it.
    @exclusivity(unchecked)
    var mayBeHTTP2 = true
    var http2: HTTP2Session?
    var byteStream: HTTPByteStream?
    /// Received bytes that could not be used yet.
    @exclusivity(unchecked)
    var pending: [UInt8] = []
    @exclusivity(unchecked)
    var output = HTTPOutputBuffer()
    @exclusivity(unchecked)
    var interest: IOEvents = .readable
    @exclusivity(unchecked)
    var hasInputEnded = false
    /// Whether the peer is known to send no more than what is not read yet.
    var hasSeenUnreadEnd = false
    @exclusivity(unchecked)
    var isProcessing = false
    /// Whether pending requests wait because too many answers wait to be sent.
    @exclusivity(unchecked)
    var isStalled = false
    var isResumeScheduled = false
    @exclusivity(unchecked)
    var corkDepth = 0
    /// Whether the connection ends with the answer that is being given.
    @exclusivity(unchecked)
    var closesAfterAnswer = false
    @exclusivity(unchecked)
    var mustSendContinue = false

    private var isReset = false

    private var timer = TimerID.none
    private var timerDeadline = MonotonicTime(nanoseconds: .max)
    /// When the phase has lasted too long; of no effect while output is blocked.
    @exclusivity(unchecked)
    var phaseDeadline: MonotonicTime?
    /// When a peer that takes no output is given up; `nil` while it takes what there is.
    @exclusivity(unchecked)
    var writeDeadline: MonotonicTime?

    init(fd: Int32, peer: SocketAddress, server: HTTPServerState) {
        self.loop = server.loop
        self.transport = HTTPTransport(fd: fd)
        self.peer = peer
        self.server = server
        self.parser = HTTPRequestParser(limits: server.configuration.limits)
    }

    var configuration: HTTPServerConfiguration { self.server.configuration }
    var times: HTTPServerTimes { self.server.times }

    func open() throws {
        Socket.disableDelay(self.transport.fd)
        if let identity = self.configuration.tls {
            guard let tls = identity.current.makeSession(self.transport.fd) else {
                throw SystemError("begin TLS", code: ENOMEM)
            }
            self.transport.tls = tls
            self.phase = .handshake
        }
        try self.loop.register(self.transport.fd, for: .readable, handler: self)
        let times = self.times
        self.setDeadline(
            after: self.transport.tls == nil ? times.keepAlive : times.handshake
        )
    }

    // MARK: Events

    func handleEvents(_ events: IOEvents) {
        if case .handshake = self.phase { return self.continueHandshake() }
        if events.contains(.writable) { self.flush() }
        if events.contains(.readable) {
            self.readInput()
        } else if events.contains(.failed) {
            self.reset()
        } else if events.contains(.peerClosed) {
            self.inputEndedUnread()
        }
    }

    var isClosed: Bool {
        if case .closed = self.phase { return true }
        return false
    }

    private func readInput() {
        guard self.transport.tls == nil else { return self.readThroughTLS() }
        // The rest of a long body is there as a rule: read now, it finds memory that is in a cache.
        if self.readOnce(), self.isCollecting { _ = self.readOnce() }
    }

    /// Whether there may be more to read.
    func readOnce() -> Bool {
        guard !self.isClosed, !self.hasInputEnded else { return false }
        let collected = self.readCollected()
        let room = self.readRoom
        var mayBeMore = self.transport.tls != nil
        switch collected ?? self.transport.read(into: room) {
        case .count where collected != nil: break
        case .count(let count):
            mayBeMore = mayBeMore || count == room.count
            self.received(UnsafeRawBufferPointer(rebasing: room[0..<count]))
        case .wouldBlock: return false
        case .end:
            self.hasInputEnded = true
            self.inputEnded()
        case .failed:
            self.reset()
            return false
        }
        self.endIfIdle()
        self.updateInterest()
        return mayBeMore
    }

    /// Where bytes are read to that have no place of their own.
    private var readRoom: UnsafeMutableRawBufferPointer {
        // What is read with a head is copied; of a long body the rest is read to where it stays.
        guard case .head = self.phase else { return self.server.scratch }
        return UnsafeMutableRawBufferPointer(
            rebasing: self.server.scratch.prefix(Self.headReadBytes)
        )
    }

    /// The peer sends no more; it may still read an answer (RFC 9112 section 9.6).
    func inputEnded() {
        switch self.phase {
        case .handshake, .head, .closed: break
        case .discarding: self.linger()
        case .http2:
            if self.configuration.halfClose == .cancel { return self.close() }
            self.corked { self.http2?.inputEnded() }
        case .upgraded:
            self.byteStream?.inputEnded()
            if self.byteStream?.isOutputEnded == true { self.byteStreamOutputEnded() }
        case .lingering: if self.output.isEmpty { self.close() }
        case .exchange:
            if self.decoder != nil {
                // Nobody hears now that the request was given up: it is over (RFC 9112 section 8).
                guard self.exchange?.isBodyAwaited == true else { return self.close() }
                self.decoder = nil
                self.setDeadline(after: nil)
                self.closesAfterAnswer = true
                self.exchange?.bodyArrived(.failed(.connectionClosed))
            } else if self.configuration.halfClose == .cancel {
                self.close()
            }
        }
    }

    func received(_ bytes: UnsafeRawBufferPointer) {
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

    func processPending() {
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

    // MARK: Time

    func setDeadline(after delay: TimeSpan?) {
        self.phaseDeadline = delay.map { self.loop.now.advanced(by: $0) }
        if let deadline = self.phaseDeadline { self.armTimer(noLaterThan: deadline) }
    }

    /// Starts the time of the phase anew, after a blocked write or when the handler took bytes.
    func restoreDeadline() {
        switch self.phase {
        case .head(let hasBegun):
            let times = self.times
            self.setDeadline(after: hasBegun ? times.header : times.keepAlive)
        case .exchange:
            let isAwaited = self.decoder != nil && self.exchange?.isBodyAwaited == true
            self.setDeadline(after: isAwaited ? self.times.body : nil)
        case .discarding: self.setDeadline(after: self.times.body)
        case .http2: if self.http2?.streams.isEmpty == true { self.http2IsIdle() }
        case .upgraded: self.setDeadline(after: self.times.tunnelIdle)
        case .handshake, .lingering, .closed: break
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
        if case .http2 = self.phase, let http2 = self.http2 { return self.http2TimerFired(http2) }
        guard !self.isClosed, let deadline = self.writeDeadline ?? self.phaseDeadline else {
            return
        }
        guard self.loop.now >= deadline else { return self.armTimer(noLaterThan: deadline) }
        guard self.writeDeadline == nil else { return self.reset() }
        self.phaseDeadline = nil
        switch self.phase {
        case .head(hasBegun: false), .lingering: self.close()
        case .handshake, .upgraded: self.reset()
        case .discarding: self.linger()
        case .head(hasBegun: true):
            self.answerAndLinger(.requestTimeout, "the request head took too long")
        case .exchange:
            // Nobody can blame the client while it is the handler that does not read.
            guard self.decoder != nil, self.exchange?.isBodyAwaited == true else { return }
            self.failExchange(.timedOut, answer: .requestTimeout, "the request body took too long")
        case .http2, .closed: break
        }
    }

    // MARK: End

    /// Closes a connection that lies between requests; others end with their answers.
    func drain() {
        self.http2?.drain()
        self.byteStream?.drainBegan()
        self.endIfIdle()
    }

    /// Drops the rest of the request, and ends when the answer was written.
    func linger() {
        self.decoder = nil
        self.closeWhenWritten()
    }

    func closeWhenWritten() {
        guard !self.isClosed else { return }
        self.phase = .lingering
        self.setDeadline(after: nil)
        if self.output.isEmpty { self.beginToLinger() }
    }

    /// Ends the sending side and drops what still comes, so that the peer can read the answer
    /// before a reset takes it away (RFC 9112 section 9.6).
    func beginToLinger() {
        guard !self.hasInputEnded else { return self.close() }
        self.transport.shutdownWrite()
        self.setDeadline(after: self.times.linger)
        self.updateInterest()
    }

    /// Ends the connection at once with a reset.
    func reset() {
        guard !self.isClosed else { return }
        Socket.resetOnClose(self.transport.fd)
        self.isReset = true
        self.close()
    }

    func close() {
        guard !self.isClosed else { return }
        self.phase = .closed
        self.decoder = nil
        self.loop.cancel(self.timer)
        self.loop.deregister(self.transport.fd)
        if !self.isReset { self.transport.tls?.shutdown() }
        Socket.close(self.transport.fd)
        let exchange = self.exchange
        self.exchange = nil
        exchange?.connectionClosed(.connectionClosed)
        self.byteStream.take()?.connectionClosed()
        self.endHTTP2()
        self.server.connectionClosed(self)
    }

    private func endHTTP2() {
        guard let http2 = self.http2 else { return }
        http2.cancelAll()
        // Whoever closes may be called by it.
        self.loop.execute { self.http2 = nil }
    }
}

// SPDX-License-Identifier: Apache-2.0

internal import EventLoop
internal import Glibc
internal import HTTP

/// One connection to an instance, which carries one request after the other in HTTP/1.1.
///
/// Belongs to the loop's thread, as everything in the proxy.
final class UpstreamConnection: EventHandler, UpstreamCarrier, PlannedFlush {
    private enum Phase {
        /// Between requests.
        case idle
        /// A request is being sent, its answer's head is awaited.
        case head
        /// The answer's body is being read.
        case body
        case closed
    }

    private let context: ProxyContext
    /// `nil` once closed.
    private var pool: UpstreamPool?
    private let fd: Int32
    private var phase = Phase.idle
    /// The request that is carried; `nil` between requests.
    private var client: (any UpstreamClient)?

    private var parser: HTTPResponseParser
    private var decoder: HTTPBodyDecoder?
    /// Received bytes that make no whole thing yet.
    private var pending: [UInt8] = []
    private var isResponseKeepAlive = false
    private var hasReceived = false

    private var output: [UInt8] = []
    private var outputStart = 0
    private var isFlushPlanned = false
    private var isRequestSent = true
    private var isChunked = false
    private(set) var hasConnected = false
    private var isPaused = false
    private var interest: IOEvents = .readable

    private var timer = TimerID.none
    private var timerDeadline = MonotonicTime(nanoseconds: .max)
    private var deadline = MonotonicTime(nanoseconds: .max)
    /// When the request has to be over.
    private var requestDeadline = MonotonicTime(nanoseconds: .max)

    private(set) var isReused = false
    var mayGiveBack: Bool { false }

    /// Takes over a socket that is connected, or about to be.
    init(fd: Int32, pool: UpstreamPool, context: ProxyContext) throws {
        self.fd = fd
        self.pool = pool
        self.context = context
        self.parser = HTTPResponseParser(limits: context.configuration.responseLimits)
        Socket.disableDelay(fd)
        try context.loop.register(fd, for: .readable, handler: self)
    }

    var isClosed: Bool {
        if case .closed = self.phase { return true }
        return false
    }

    var localPort: UInt16? { try? Socket.localAddress(of: self.fd).port }

    var isOutputBlocked: Bool { self.outputStart < self.output.count && !self.isFlushPlanned }

    // MARK: Request

    func begin(_ head: UpstreamRequestHead, for client: any UpstreamClient, timeout: TimeSpan) {
        assert(self.outputStart == self.output.count, "the request before was sent")
        self.client = client
        self.phase = .head
        self.hasReceived = false
        self.isRequestSent = false
        self.isChunked = head.traits.framing == .chunked
        self.requestDeadline = self.context.loop.now.advanced(by: timeout)
        if self.hasConnected {
            self.setDeadline(self.requestDeadline)
        } else {
            let connected = self.context.loop.now.advanced(by: self.context.connectTimeout)
            self.setDeadline(min(connected, self.requestDeadline))
        }
        head.append(
            to: &self.output,
            forwarded: &self.context.forwarded,
            trace: &self.context.trace
        )
    }

    func sendBody(_ bytes: [UInt8]) {
        guard !self.isClosed else { return }
        if self.isChunked {
            HTTPEncoder.append(chunk: bytes, to: &self.output)
        } else if self.outputStart == self.output.count, !self.isFlushPlanned {
            // Nothing waits before these bytes: they need no copy unless the socket is full.
            return self.writeThrough(bytes)
        } else {
            self.output.append(contentsOf: bytes)
        }
        if self.output.count - self.outputStart > ProxyContext.flushBytes { self.flush() }
        self.planFlush()
    }

    func endRequest(trailers: HTTPFields) {
        guard !self.isClosed else { return }
        if self.isChunked {
            let length = self.output.count
            do {
                try HTTPEncoder.append(lastChunkWith: trailers, to: &self.output)
            } catch {
                self.output.removeLast(self.output.count - length)
                self.output.append(contentsOf: "0\r\n\r\n".utf8)
            }
        }
        self.isRequestSent = true
        self.flush()
    }

    func planFlush() {
        guard !self.isFlushPlanned, self.outputStart < self.output.count,
            !self.interest.contains(.writable)
        else { return }
        self.isFlushPlanned = true
        self.context.planFlush(of: self)
    }

    func flush() {
        self.isFlushPlanned = false
        guard !self.isClosed, self.outputStart < self.output.count else { return }
        while self.outputStart < self.output.count {
            let start = self.outputStart
            let written = self.output.withUnsafeBytes { bytes in
                Socket.write(self.fd, from: UnsafeRawBufferPointer(rebasing: bytes[start...]))
            }
            switch written {
            case .count(let count):
                self.noteConnected()
                self.outputStart += count
            case .wouldBlock, .end: return self.updateInterest()
            case .failed(let code): return self.writeFailed(code)
            }
        }
        self.output.removeAll(keepingCapacity: self.output.capacity <= ProxyContext.flushBytes * 2)
        self.outputStart = 0
        let wasBlocked = self.interest.contains(.writable)
        self.updateInterest()
        if wasBlocked { self.client?.upstreamDrained() }
    }

    /// Bytes passed: the connection is made, and the request has the time that it may take.
    private func noteConnected() {
        guard !self.hasConnected else { return }
        self.hasConnected = true
        if self.client != nil { self.setDeadline(self.requestDeadline) }
    }

    private func writeThrough(_ bytes: [UInt8]) {
        switch bytes.withUnsafeBytes({ Socket.write(self.fd, from: $0) }) {
        case .count(let count) where count == bytes.count: break
        case .count(let count):
            self.output.append(contentsOf: bytes[count...])
            self.updateInterest()
        case .wouldBlock, .end:
            self.output.append(contentsOf: bytes)
            self.updateInterest()
        case .failed(let code): self.writeFailed(code)
        }
    }

    /// The function may have answered before it stopped reading: what it sent is read before the
    /// loop reports the failure.
    private func writeFailed(_ code: Int32) {
        self.output.removeAll()
        self.outputStart = 0
        self.isRequestSent = false
        guard self.hasConnected else { return self.fail(.notConnected(code)) }
        self.updateInterest()
    }

    // MARK: Events

    func handleEvents(_ events: IOEvents) {
        if events.contains(.writable) { self.flush() }
        guard !self.isClosed, events != .writable else { return }
        if !self.isPaused {
            self.readInput()
        } else if events.contains(.failed) {
            self.fail(.closedMidway)
        }
    }

    private func updateInterest() {
        guard !self.isClosed else { return }
        var interest: IOEvents = self.isPaused ? [] : .readable
        if self.outputStart < self.output.count { interest.insert(.writable) }
        guard interest != self.interest else { return }
        self.interest = interest
        self.context.loop.modify(self.fd, for: interest)
    }

    func pause() {
        self.isPaused = true
        self.updateInterest()
    }

    func resume() {
        guard self.isPaused else { return }
        self.isPaused = false
        self.updateInterest()
    }

    private func readInput() {
        guard !self.isClosed else { return }
        switch Socket.receive(self.fd, into: self.context.scratch) {
        case .count(let count):
            self.noteConnected()
            let bytes = UnsafeRawBufferPointer(rebasing: self.context.scratch[0..<count])
            self.received(bytes)
        case .wouldBlock: break
        case .end: self.inputEnded()
        case .failed(let code):
            self.hasConnected ? self.inputEnded() : self.fail(.notConnected(code))
        }
    }

    /// The end of the connection is a proper end for answers that have no other.
    private func inputEnded() {
        if case .body = self.phase, self.decoder?.mayEndByClose == true {
            let client = self.client
            self.close()
            client?.upstreamSentBody([], end: HTTPFields())
        } else {
            self.fail(self.hasReceived ? .closedMidway : .closedEarly)
        }
    }

    // MARK: Response

    private func received(_ bytes: UnsafeRawBufferPointer) {
        if case .idle = self.phase { return self.close() }  // Nobody asked.
        if !self.hasReceived {
            self.hasReceived = true
            self.client?.upstreamAnswered()
        }
        do throws(HTTPParseError) {
            if self.pending.isEmpty {
                let used = try self.process(bytes.assumingMemoryBound(to: UInt8.self).span)
                guard used < bytes.count, !self.isClosed else { return }
                self.pending.append(contentsOf: bytes[used...])
            } else {
                self.pending.append(contentsOf: bytes)
                var all: [UInt8] = []
                swap(&all, &self.pending)
                let used = try self.process(all.span)
                guard used < all.count, !self.isClosed else { return }
                all.removeFirst(used)
                self.pending = all
            }
        } catch {
            self.fail(.malformed(error))
        }
    }

    /// Uses as many bytes as make whole things and returns how many those were.
    private func process(_ bytes: Span<UInt8>) throws(HTTPParseError) -> Int {
        var used = 0
        var head: HTTPParsedResponse?
        if case .head = self.phase {
            guard let response = try self.readHead(bytes, &used) else { return used }
            guard response.head.status != 101 else {
                self.switchProtocols(response.head, bytes.extracting(used..<bytes.count))
                return bytes.count
            }
            self.isResponseKeepAlive = response.isKeepAlive
            self.decoder = HTTPBodyDecoder(
                framing: response.framing,
                limits: self.context.configuration.responseLimits
            )
            self.phase = .body
            head = response
        }
        var body: [UInt8] = []
        let end = try self.readBody(bytes, &used, into: &body)
        self.deliver(head, body, end, hasRest: used < bytes.count)
        return used
    }

    /// Gives the socket away, when that was asked for.
    private func switchProtocols(_ head: HTTPResponseHead, _ rest: Span<UInt8>) {
        guard let client = self.client, client.mayUpgrade else { return self.fail(.upgraded) }
        let bytes = rest.withUnsafeBufferPointer { Array($0) }
        self.release()
        client.upstreamSwitched(head, fd: self.fd, rest: bytes)
    }

    /// Reads heads until one is final; the interim ones are passed on (RFC 9110 section 15.2).
    private func readHead(
        _ bytes: Span<UInt8>,
        _ used: inout Int
    ) throws(HTTPParseError) -> HTTPParsedResponse? {
        // Whoever is told of an interim head may leave.
        while let client = self.client,
            let (response, length) = try self.parser.parse(
                bytes.extracting(used..<bytes.count),
                to: client.method
            )
        {
            used += length
            guard response.head.status.isInformational, response.head.status != 101 else {
                return response
            }
            client.upstreamSentInterim(response.head)
        }
        return nil
    }

    private func readBody(
        _ bytes: Span<UInt8>,
        _ used: inout Int,
        into body: inout [UInt8]
    ) throws(HTTPParseError) -> HTTPFields? {
        guard var decoder = self.decoder else { return nil }
        defer { self.decoder = decoder }
        while true {
            switch try decoder.decode(bytes, from: used) {
            case .needMore(let consumed):
                used = consumed
                return nil
            case .data(let range):
                used = range.upperBound
                bytes.extracting(range).withUnsafeBufferPointer { body.append(contentsOf: $0) }
            case .end(let consumed, let trailers):
                used = consumed
                return trailers
            }
        }
    }

    private func deliver(
        _ head: HTTPParsedResponse?,
        _ body: [UInt8],
        _ end: HTTPFields?,
        hasRest: Bool
    ) {
        guard let client = self.client else { return self.close() }
        // The connection is free before the client hears of it: it may be needed for the next.
        if end != nil { self.responseEnded(hasRest: hasRest) }
        if let head {
            var bodyLength: Int?
            if case .length(let length) = head.framing { bodyLength = length }
            client.upstreamSentHead(head.head, bodyLength: bodyLength, body: body, end: end)
        } else if !body.isEmpty || end != nil {
            client.upstreamSentBody(body, end: end)
        }
    }

    private func responseEnded(hasRest: Bool) {
        self.client = nil
        self.decoder = nil
        let isSent = self.isRequestSent && self.outputStart == self.output.count
        guard self.isResponseKeepAlive, isSent, !hasRest, let pool = self.pool else {
            return self.close()
        }
        self.phase = .idle
        self.isReused = true
        if self.isPaused { self.resume() }
        self.setDeadline(self.context.loop.now.advanced(by: self.context.upstreamIdleTimeout))
        pool.returned(self)
    }

    // MARK: Time

    private func setDeadline(_ deadline: MonotonicTime) {
        self.deadline = deadline
        // A timer that fires too early looks again; one that would fire too late is replaced.
        guard self.deadline < self.timerDeadline else { return }
        self.context.loop.cancel(self.timer)
        self.armTimer()
    }

    private func armTimer() {
        self.timerDeadline = self.deadline
        self.timer = self.context.loop.schedule(at: self.deadline) { [unowned self] in
            self.timerFired()
        }
    }

    private func timerFired() {
        self.timerDeadline = MonotonicTime(nanoseconds: .max)
        guard !self.isClosed else { return }
        guard self.context.loop.now >= self.deadline else { return self.armTimer() }
        if case .idle = self.phase { return self.close() }
        let isConnecting = !self.hasConnected && self.context.loop.now < self.requestDeadline
        self.fail(isConnecting ? .notConnected(ETIMEDOUT) : .timedOut)
    }

    // MARK: End

    private func fail(_ failure: UpstreamFailure) {
        let client = self.client
        self.close()
        client?.upstreamFailed(failure)
    }

    /// Ends the connection; its client hears nothing.
    ///
    /// A request that is under way is taken back by a reset: by an end alone the function could not
    /// tell that nobody waits for its answer.
    func close() {
        guard !self.isClosed else { return }
        if self.client != nil { Socket.resetOnClose(self.fd) }
        self.release()
        Socket.close(self.fd)
    }

    /// Lets go of everything but the socket.
    private func release() {
        self.phase = .closed
        self.client = nil
        self.decoder = nil
        self.context.loop.cancel(self.timer)
        self.context.loop.deregister(self.fd)
        let pool = self.pool.take()
        pool?.closed(self)
    }
}

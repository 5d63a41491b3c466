// SPDX-License-Identifier: Apache-2.0

internal import Bytes
internal import EventLoop
internal import HTTP

/// Reads requests of HTTP/1.1 one by one (RFC 9112).
extension HTTPConnection {
    /// Uses as many bytes as the phase allows and returns how many those were.
    func process(_ bytes: Span<UInt8>) -> Int {
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
                case .http2:
                    self.receiveHTTP2(bytes.extracting(used..<bytes.count))
                    return bytes.count
                case .upgraded:
                    self.byteStream?.received(bytes.extracting(used..<bytes.count))
                    return bytes.count
                case .lingering:
                    self.http2?.discard(bytes.count - used)
                    return bytes.count
                case .handshake, .closed:
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
        if self.mayBeHTTP2 {
            switch self.matchPreface(bytes.extracting(used..<bytes.count)) {
            case .none: break
            case .partial: return self.awaitHead()
            case .whole:
                self.startHTTP2()
                return true
            }
        }
        guard var request = try self.parser.parseHead(bytes.extracting(used..<bytes.count))
        else {
            try HTTPRequestParser.checkStart(bytes.extracting(used..<bytes.count))
            return self.awaitHead()
        }
        used += request.headLength
        if self.mayBeHTTP2 {
            self.mayBeHTTP2 = false
            if self.upgradedToHTTP2(request, bytes, &used) { return true }
        }
        let body = self.takeWholeBody(framedBy: request.framing, bytes, &used)
        self.begin(&request, wholeBody: body)
        return true
    }

    /// Takes a body that came with its head, so that nothing more is to be told of it; else `nil`.
    private func takeWholeBody(
        framedBy framing: HTTPBodyFraming,
        _ bytes: Span<UInt8>,
        _ used: inout Int
    ) -> [UInt8]? {
        switch framing {
        case .none: return []
        case .length(let length):
            let lengthMax = min(
                self.configuration.bodyBytesMax,
                self.configuration.bodyBufferBytesMax
            )
            guard length <= bytes.count - used, length <= lengthMax else { return nil }
            let end = used + length
            let body = [UInt8](copying: bytes.extracting(used..<end))
            used = end
            return body
        case .chunked, .untilClose: return nil
        }
    }

    /// Waits for the rest of a head, which the client has begun.
    private func awaitHead() -> Bool {
        if case .head(hasBegun: false) = self.phase {
            self.phase = .head(hasBegun: true)
            self.setDeadline(after: self.times.header)
        }
        return false
    }

    /// Begins a request, whose head is moved out.
    private func begin(_ request: inout HTTPParsedRequest, wholeBody: consuming [UInt8]?) {
        let framing = request.framing
        let isBodyMissing = wholeBody == nil
        self.closesAfterAnswer = !request.isKeepAlive || self.server.isDraining
        self.writer = HTTPResponseWriter(
            request.head.method,
            request.head.version,
            closesConnection: false
        )
        // A client that sent its body does not wait for 100 (RFC 9110 section 10.1.1).
        self.mustSendContinue = request.expectsContinue && isBodyMissing
        let exchange = HTTPExchange(
            carrier: self,
            loop: self.loop,
            request: request.takeHead(),
            peer: self.peer,
            framing: framing,
            wholeBody: wholeBody,
            isEncrypted: self.transport.tls != nil
        )
        self.exchange = exchange
        self.phase = .exchange
        self.setDeadline(after: nil)
        if isBodyMissing, !self.beginBody(framing) { return }
        self.server.requestsTotal += 1
        self.server.handler.handle(exchange)
    }

    /// Whether a body that is still to come may come.
    private func beginBody(_ framing: HTTPBodyFraming) -> Bool {
        self.decoder = HTTPBodyDecoder(
            framing: framing,
            limits: self.configuration.limits,
            bodyBytesMax: self.configuration.bodyBytesMax
        )
        guard case .length(let length) = framing, length > self.configuration.bodyBytesMax
        else { return true }
        self.refuse(.bodyTooLarge)
        return false
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
        self.setDeadline(after: self.times.body)
        guard let exchange = self.exchange else { return }
        if exchange.openCollector != nil { return exchange.collect(bytes) }
        exchange.bodyArrived(.chunk([UInt8](copying: bytes)))
    }

    /// Whether somebody keeps all the bytes of a body, of which some are still to come.
    var isCollecting: Bool {
        guard case .exchange = self.phase, self.decoder != nil else { return false }
        return self.exchange?.openCollector != nil
    }

    /// Reads the rest of a body to where its collector keeps it; `nil` when none does.
    func readCollected() -> Socket.Transfer? {
        guard case .exchange = self.phase, self.pending.isEmpty,
            let left = self.decoder?.bytesLeft, let collector = self.exchange?.openCollector,
            collector.hasRoom(for: left)
        else { return nil }
        let outcome = collector.read(left, through: self.transport)
        guard case .count(let count) = outcome else { return outcome }
        self.setDeadline(after: self.times.body)
        self.decoder?.skip(count)
        if count == left { self.corked { self.bodyEnded(HTTPFields()) } }
        return outcome
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
        self.setDeadline(after: self.times.body)
        guard self.mustSendContinue else { return }
        self.sendContinue()
        self.flushUnlessCorked()
    }

    func sendContinue() {
        self.mustSendContinue = false
        self.output.bytes.append(contentsOf: "HTTP/1.1 100 Continue\r\n\r\n".utf8)
    }

    /// The handler took body bytes: there may be room to read again.
    func bodyWasConsumed() {
        guard !self.isProcessing, self.decoder != nil else { return }
        self.restoreDeadline()
        self.corked { self.processPending() }
        self.endIfIdle()
        self.updateInterest()
    }

    func beginNext() {
        self.phase = .head(hasBegun: false)
        self.setDeadline(after: self.times.keepAlive)
        // Who processes goes on with the next request by itself.
        guard !self.isProcessing else { return }
        if self.pending.isEmpty { self.endIfIdle() } else { self.scheduleResume() }
    }

    /// Ends a connection between requests when no further one can come, or is to be taken.
    func endIfIdle() {
        if case .http2 = self.phase { return self.endHTTP2IfFinished() }
        guard case .head = self.phase, !self.isResumeScheduled, !self.isProcessing else { return }
        if self.hasInputEnded {
            // What is pending and stalled is complete perhaps; what is not stalled never will be.
            if !self.isStalled { self.closeWhenWritten() }
        } else if self.server.isDraining, self.pending.isEmpty {
            if self.output.isEmpty { self.close() } else { self.closeWhenWritten() }
        }
    }
}

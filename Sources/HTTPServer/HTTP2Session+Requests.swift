// SPDX-License-Identifier: Apache-2.0

internal import CNghttp2
internal import EventLoop
internal import HTTP
internal import HTTP2

/// Tells handlers of their requests, and the times that both sides have.
extension HTTP2Session {
    /// Acts on what the library told; it is not at work now, so that handlers may answer.
    func runEvents() {
        while !self.events.isEmpty, !self.connection.isClosed {
            var events: [Event] = []
            swap(&events, &self.events)
            for event in events { self.run(event) }
        }
    }

    private func run(_ event: Event) {
        switch event {
        case .request(let stream, let assembler):
            // Who takes a request back at once has made none.
            if self.streams[stream.id] === stream { self.begin(stream, assembler) }
        case .body(let stream, let bytes, let count):
            self.tellBody(bytes, to: stream)
            stream.delivered(count)
        case .end(let stream, let trailers):
            stream.bodyDeadline = nil
            stream.exchange?.bodyArrived(.end(trailers: trailers))
        case .room(let stream): stream.exchange?.outputDrained()
        case .closed(let stream): self.closed(stream)
        }
    }

    private func tellBody(_ bytes: [UInt8], to stream: HTTP2Stream) {
        guard !stream.isAbandoned, let exchange = stream.exchange else { return }
        guard !bytes.isEmpty else {
            let error = HTTPParseError.bodyTooLarge
            return self.fail(stream, .tooLarge, answer: error.status, error.explanation)
        }
        stream.mustSendContinue = false
        stream.hurryBody()
        exchange.bodyArrived(.chunk(bytes))
    }

    private func begin(_ stream: HTTP2Stream, _ assembler: HTTP2HeadAssembler) {
        let head: HTTPRequestHead
        do throws(HTTP2HeadAssembler.Refusal) {
            head = try assembler.head()
            stream.mustSendContinue = try assembler.expectsContinue(head) && stream.hasBody
        } catch .answered(let status, let explanation) {
            return self.fail(stream, .connectionClosed, answer: status, explanation)
        } catch {
            return self.reset(stream, NGHTTP2_PROTOCOL_ERROR, isClientsFault: true)
        }
        var framing = HTTPBodyFraming.none
        if stream.hasBody {
            let text = head.fields.valueBytes("content-length") ?? []
            framing = HTTPText.decimal(text.span).map { .length($0) } ?? .chunked
        }
        self.begin(stream, head, framing: framing)
    }

    /// Hands a request to the handler.
    func begin(_ stream: HTTP2Stream, _ head: HTTPRequestHead, framing: HTTPBodyFraming) {
        stream.isHead = head.method == .head
        let exchange = HTTPExchange(
            carrier: stream,
            loop: self.connection.loop,
            request: head,
            peer: self.connection.peer,
            framing: framing,
            wholeBody: framing.isNone ? [] : nil,
            isEncrypted: self.connection.transport.tls != nil
        )
        stream.exchange = exchange
        self.connection.setDeadline(after: nil)
        if case .length(let length) = framing, length > self.configuration.bodyBytesMax {
            let error = HTTPParseError.bodyTooLarge
            return self.fail(stream, .tooLarge, answer: error.status, error.explanation)
        }
        self.connection.server.requestsTotal += 1
        self.connection.server.handler.handle(exchange)
    }

    /// Answers in the handler's place, or resets what it began; then the handler is told.
    private func fail(
        _ stream: HTTP2Stream,
        _ reason: HTTPBodyError,
        answer status: HTTPStatus,
        _ explanation: String
    ) {
        guard !stream.isAbandoned, self.streams[stream.id] === stream else { return }
        let failed = stream.exchange.take()
        stream.abandonRequest()
        let head = HTTPResponseHead(
            status: status,
            fields: ["Content-Type": "text/plain; charset=utf-8"]
        )
        let body = Array("\(explanation)\n".utf8)
        do throws(HTTPAnswerMistake) {
            try stream.startAnswer(head, bodyLength: body.count)
            try stream.writeBody(body)
            try stream.endAnswer(trailers: nil)
        } catch {
            self.reset(stream, NGHTTP2_CANCEL)
        }
        failed?.connectionClosed(reason)
    }

    /// The client sends no more: what is not complete of its requests never will be.
    func inputEnded() {
        for stream in Array(self.streams.values) where !stream.isRequestComplete {
            if let exchange = stream.exchange {
                stream.bodyDeadline = nil
                exchange.bodyArrived(.failed(.connectionClosed))
            } else if !stream.isAnswerStarted {
                self.reset(stream, NGHTTP2_CANCEL)
            }
        }
    }

    private func closed(_ stream: HTTP2Stream) {
        let exchange = stream.exchange.take()
        stream.abandonRequest()
        stream.output.removeAll()
        exchange?.connectionClosed(.connectionClosed)
        if self.streams.isEmpty { self.connection.http2IsIdle() }
    }

    // MARK: Time

    /// Gives up what took too long.
    ///
    /// - Returns: When to look again.
    func checkDeadlines(_ now: MonotonicTime) -> MonotonicTime? {
        if let deadline = self.headerDeadline, deadline <= now {
            self.headerDeadline = nil
            self.connection.report("a client did not complete a header block in time")
            self.connection.reset()
            return nil
        }
        if let deadline = self.noticeDeadline, deadline <= now { self.finishDrain() }
        for stream in Array(self.streams.values) { self.checkDeadlines(of: stream, now) }
        let all = self.streams.values.flatMap { [$0.bodyDeadline, $0.writeDeadline] }
        return (all + [self.headerDeadline, self.noticeDeadline]).compactMap { $0 }.min()
    }

    private func checkDeadlines(of stream: HTTP2Stream, _ now: MonotonicTime) {
        if let deadline = stream.bodyDeadline, deadline <= now {
            stream.bodyDeadline = nil
            // Nobody can blame the client while it is the handler that does not read.
            if stream.exchange?.isBodyAwaited == true, !stream.isRequestComplete {
                self.fail(
                    stream,
                    .timedOut,
                    answer: .requestTimeout,
                    "the request body took too long"
                )
            }
        }
        if let deadline = stream.writeDeadline, deadline <= now {
            self.reset(stream, NGHTTP2_CANCEL)
        }
    }
}

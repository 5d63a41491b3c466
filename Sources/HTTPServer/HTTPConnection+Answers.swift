// SPDX-License-Identifier: Apache-2.0

internal import EventLoop
internal import HTTP

/// Gives the answers of HTTP/1.1, in the order of their requests.
extension HTTPConnection: HTTPExchangeCarrier {
    var hasRoomForOutput: Bool { self.output.count < self.configuration.outputBufferBytesMax }

    func report(_ text: String) { self.configuration.report(text) }

    func sendInformational(_ head: HTTPResponseHead) throws(HTTPAnswerMistake) {
        try self.writer.informational(head, to: &self.output.bytes)
        if head.status == .continue { self.mustSendContinue = false }
        self.flushUnlessCorked()
    }

    func closeAfterAnswer() { self.writer.closeConnection() }

    func answer(_ head: HTTPResponseHead, body: [UInt8]) throws(HTTPAnswerMistake) {
        // More than is dropped behind an answer ends the connection: the client hears of it now.
        if let left = self.decoder?.bytesLeft, left > self.configuration.discardBytesMax {
            self.writer.closeConnection()
        }
        try self.writeHead(head, bodyLength: body.count)
        self.writer.writeWhole(body, to: &self.output)
    }

    func startAnswer(
        _ head: HTTPResponseHead,
        bodyLength: Int?
    ) throws(HTTPAnswerMistake) {
        // Who accepts a request and answers piece by piece still means to read its body.
        if self.mustSendContinue, head.status.isSuccess { self.sendContinue() }
        try self.writeHead(head, bodyLength: bodyLength)
        self.flushUnlessCorked()
    }

    private func writeHead(
        _ head: HTTPResponseHead,
        bodyLength: Int?
    ) throws(HTTPAnswerMistake) {
        // A client that waits for 100 and gets an answer may or may not send its body.
        if self.closesAfterAnswer || self.mustSendContinue || self.server.isDraining {
            self.writer.closeConnection()
        }
        if self.output.isBare { self.output.borrow(&self.server.spareOutput) }
        try self.writer.start(
            head,
            bodyLength: bodyLength,
            serverName: self.configuration.serverName,
            date: &self.server.date,
            now: self.loop.now,
            to: &self.output.bytes
        )
        // From here on a 100 would lie within the answer.
        self.mustSendContinue = false
    }

    func writeBody(_ bytes: [UInt8]) throws(HTTPAnswerMistake) {
        try self.writer.write(bytes, to: &self.output)
        self.flushUnlessCorked()
    }

    func endAnswer(trailers: HTTPFields?) throws(HTTPAnswerMistake) {
        try self.writer.end(trailers: trailers, to: &self.output.bytes)
        self.flushUnlessCorked()
    }

    func answerEnded() {
        guard !self.isClosed else { return }
        self.exchange = nil
        if self.writer.closesConnection {
            self.linger()
        } else if self.decoder == nil {
            self.beginNext()
        } else {
            self.phase = .discarding(left: self.configuration.discardBytesMax)
            self.setDeadline(after: self.times.body)
            if !self.isProcessing { self.scheduleResume() }
        }
        self.flushUnlessCorked()
    }

    /// Answers a request that cannot be understood, and ends the connection.
    func refuse(_ error: HTTPParseError) {
        // The answer to this request is out, and there is no other that could be refused.
        if case .discarding = self.phase { return self.linger() }
        self.failExchange(
            error == .bodyTooLarge ? .tooLarge : .malformed(error),
            answer: error.status,
            error.explanation
        )
    }

    /// Ends the current request, if there is one, with an answer of ours; then the handler is told.
    func failExchange(
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

    func answerAndLinger(
        _ status: HTTPStatus,
        _ explanation: String,
        to request: HTTPRequestHead? = nil
    ) {
        self.writer = HTTPResponseWriter(
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
                try self.startAnswer(head, bodyLength: body.count)
                try self.writeBody(body)
            } catch {
                return self.reset()
            }
            self.linger()
        }
    }
}

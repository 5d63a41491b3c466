// SPDX-License-Identifier: Apache-2.0

internal import EventLoop
internal import HTTP

/// Hands a connection over to a handler that speaks something else on it.
extension HTTPConnection {
    func canBeTakenOver(_ request: HTTPRequestHead) -> Bool {
        // What is still to come of a body would be taken for the other protocol.
        guard self.decoder == nil, request.version == .http11, !self.hasInputEnded else {
            return false
        }
        return request.method == .connect
            || (request.fields.contains("upgrade")
                && request.fields.listContains("connection", "upgrade"))
    }

    func takeOver(
        _ request: HTTPRequestHead,
        _ head: HTTPResponseHead
    ) throws(HTTPAnswerMistake) -> HTTPByteStream {
        let isFitting =
            request.method == .connect
            ? head.status.isSuccess : head.status == .switchingProtocols
        guard isFitting, self.canBeTakenOver(request) else { throw .notUpgradable }
        try self.writer.switching(
            head,
            date: &self.server.date,
            now: self.loop.now,
            to: &self.output.bytes
        )
        let stream = HTTPByteStream(self)
        self.byteStream = stream
        self.exchange = nil
        self.phase = .upgraded
        self.setDeadline(after: self.times.tunnelIdle)
        self.flushUnlessCorked()
        // What came behind the request is the first of the other protocol.
        if !self.isProcessing, !self.pending.isEmpty { self.scheduleResume() }
        return stream
    }

    /// The tunnel carried something.
    func byteStreamMoved() {
        guard case .upgraded = self.phase else { return }
        self.setDeadline(after: self.times.tunnelIdle)
    }

    /// Ends our side when all is written, and the connection when the other side has ended too.
    func byteStreamOutputEnded() {
        guard case .upgraded = self.phase, self.output.isEmpty else { return }
        if self.hasInputEnded { return self.close() }
        self.transport.shutdownWrite()
    }

    func byteStreamClosed() {
        guard case .upgraded = self.phase else { return }
        self.closeWhenWritten()
    }
}

// SPDX-License-Identifier: Apache-2.0

internal import EventLoop
internal import HTTP
internal import HTTP2Client

/// One request on a connection of HTTP/2, and its answer.
///
/// What one read of the connection brought is told at once: head, body and end of a short answer
/// leave together. Belongs to the loop's thread.
final class HTTP2UpstreamStream: UpstreamCarrier {
    /// `nil` once the stream is over.
    private(set) var connection: HTTP2UpstreamConnection?
    /// `nil` before ``begin(_:for:timeout:)`` and once the stream is over.
    private var client: (any UpstreamClient)?
    /// Its name; 0 while it has none.
    var id: HTTP2ClientSession.StreamID = 0
    /// Until when the answer has to be complete.
    private(set) var deadline = MonotonicTime(nanoseconds: .max)
    let isReused: Bool

    private var news = News()
    /// Whether there are news that the connection will have told.
    private var hasNews = false
    private var isAnswered = false
    private var isPaused = false
    /// Body bytes that were told, and not given back to the windows.
    private var unconsumedBytes = 0

    /// What came and was not told.
    private struct News {
        var head: HTTPResponseHead?
        var body: [UInt8] = []
        var end: HTTPFields?
        var failure: UpstreamFailure?
    }

    init(_ connection: HTTP2UpstreamConnection) {
        self.connection = connection
        self.isReused = connection.hasCarried
    }

    var localPort: UInt16? { self.connection?.localPort }
    var hasConnected: Bool { self.connection?.hasConnected ?? false }
    var mayGiveBack: Bool { true }
    var isOutputBlocked: Bool { self.connection?.hasRoom(of: self) == false }

    // MARK: Request

    func begin(_ head: UpstreamRequestHead, for client: any UpstreamClient, timeout: TimeSpan) {
        guard let connection = self.connection else { return }
        self.client = client
        self.deadline = connection.context.loop.now.advanced(by: timeout)
        var head = head
        head.takesTrailers = head.head.fields.listContains("te", "trailers")
        connection.begin(self, head)
    }

    func sendBody(_ bytes: [UInt8]) { self.connection?.send(bytes, on: self) }
    func endRequest(trailers: HTTPFields) { self.connection?.end(self, trailers) }
    func planFlush() { self.connection?.planFlush() }

    // MARK: Answer

    func pause() { self.isPaused = true }

    func resume() {
        guard self.isPaused else { return }
        self.isPaused = false
        self.returnWindow()
        self.connection?.planFlush()
    }

    /// Opens the windows by what was taken.
    private func returnWindow() {
        guard self.unconsumedBytes > 0 else { return }
        self.connection?.consumed(self.unconsumedBytes, of: self)
        self.unconsumedBytes = 0
    }

    /// Notes what came.
    ///
    /// - Returns: Whether it is the first since the last ``tell()``.
    func note(_ event: HTTP2ClientSession.Event) -> Bool {
        switch event {
        case .head(_, let head, let isEnd):
            self.news.head = head
            if isEnd { self.news.end = HTTPFields() }
        case .body(_, let bytes):
            self.unconsumedBytes += bytes.count
            if self.news.body.isEmpty {
                self.news.body = bytes
            } else {
                self.news.body.append(contentsOf: bytes)
            }
        case .end(_, let trailers): self.news.end = trailers
        case .closed(_, let failure): self.news.failure = UpstreamFailure(failure)
        case .interim(_, let head):
            self.answerCame()
            self.client?.upstreamSentInterim(head)
        case .room: self.client?.upstreamDrained()
        case .settings, .goAway: break
        }
        defer { self.hasNews = true }
        return !self.hasNews
    }

    private func answerCame() {
        guard !self.isAnswered else { return }
        self.isAnswered = true
        self.client?.upstreamAnswered()
    }

    /// Tells the client what was noted.
    func tell() {
        self.hasNews = false
        var news = News()
        swap(&news, &self.news)
        if news.head != nil { self.answerCame() }
        guard let client = self.client else { return }
        // The stream is free before the client hears of it: it may be needed for the next.
        if news.end != nil { self.release() }
        if let head = news.head {
            client.upstreamSentHead(
                head,
                bodyLength: Self.bodyLength(head, to: client.method),
                body: news.body,
                end: news.end
            )
        } else if !news.body.isEmpty || news.end != nil {
            client.upstreamSentBody(news.body, end: news.end)
        }
        // Whoever was told may have left.
        guard self.client != nil else { return }
        if let failure = news.failure { return self.fail(failure) }
        if !self.isPaused { self.returnWindow() }
    }

    private static func bodyLength(_ head: HTTPResponseHead, to method: HTTPMethod) -> Int? {
        guard method != .head, let value = head.fields.valueBytes("content-length") else {
            return nil
        }
        return HTTPText.decimal(value)
    }

    // MARK: End

    /// The connection ended; it may not have carried anything of the request.
    func connectionEnded() {
        guard self.connection?.isHeadSent(of: self) != false else { return self.fail(.refused) }
        self.fail(self.isAnswered ? .closedMidway : .closedEarly)
    }

    /// The answer will not come.
    func fail(_ failure: UpstreamFailure) {
        let client = self.client
        self.release()
        client?.upstreamFailed(failure)
    }

    func close() { self.release() }

    private func release() {
        self.returnWindow()
        self.client = nil
        let connection = self.connection.take()
        connection?.left(self)
    }
}

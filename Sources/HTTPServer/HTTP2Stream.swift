// SPDX-License-Identifier: Apache-2.0

internal import EventLoop
internal import HTTP
internal import HTTP2

/// One stream of a connection: a request, its body, and its answer (RFC 9113 section 8).
///
/// Belongs to the loop's thread, and to its session's list until it is closed.
final class HTTP2Stream {
    enum Answer {
        case notStarted
        /// A body that is not sent: of HEAD, 204 or 304.
        case bodiless
        case counted(left: Int)
        case open
        case ended
    }

    let id: Int32
    /// Lets go of its streams, and they of their exchanges, before it ends.
    unowned let session: HTTP2Session
    /// Reads the head, and then the trailers; `nil` between and after them.
    @exclusivity(unchecked)
    var assembler: HTTP2HeadAssembler?
    var exchange: HTTPExchange?

    /// What its head and its trailers take of the connection's limit.
    var headerBytes = 0
    /// Whether a body follows the head.
    var hasBody = false
    var isRequestComplete = false
    /// Whether the handler is told nothing more of the request: it was refused, or has ended.
    var isAbandoned = false
    /// Body bytes that came, that were told to the exchange, and that were taken from it.
    private var receivedBytes = 0
    private var deliveredBytes = 0
    private var consumedBytes = 0
    var mustSendContinue = false

    var answer = Answer.notStarted
    var isHead = false
    /// The head that is sent with the next bytes.
    var head: HTTP2FieldBlock?
    var output = HTTP2StreamOutput()
    var trailers: HTTP2FieldBlock?
    var isAnswerSent = false
    /// Whether nghttp2 waits to be told that there are bytes again.
    var isDeferred = false
    /// Whether the reset of the stream was the handler's wish and not the client's doing.
    var isResetByServer = false

    /// When a client that sends no body, which somebody waits for, is given up.
    var bodyDeadline: MonotonicTime?
    /// When a client that lets no byte of the answer through is given up.
    var writeDeadline: MonotonicTime?

    init(id: Int32, session: HTTP2Session) {
        self.id = id
        self.session = session
    }

    var isAnswerStarted: Bool {
        if case .notStarted = self.answer { return false }
        return true
    }

    var isAnswerEnded: Bool {
        if case .ended = self.answer { return true }
        return false
    }

    // MARK: Body of the request

    /// Whether bytes are still within the limit.
    func received(_ count: Int) -> Bool {
        self.receivedBytes += count
        return self.receivedBytes <= self.session.configuration.bodyBytesMax
    }

    /// Notes bytes that were told to the exchange, or to nobody.
    func delivered(_ count: Int) {
        self.deliveredBytes += count
        self.returnWindow()
    }

    /// Opens the windows by what was taken since the last time.
    func returnWindow() {
        let waiting = self.isAbandoned ? 0 : self.exchange?.bufferedBodyBytes ?? 0
        let taken = self.deliveredBytes - waiting - self.consumedBytes
        guard taken > 0 else { return }
        self.consumedBytes += taken
        self.session.consume(taken, of: self)
    }

    /// The handler hears nothing more of the request; its last bytes are dropped.
    func abandonRequest() {
        self.isAbandoned = true
        self.bodyDeadline = nil
        self.returnWindow()
    }

    func hurryBody() {
        guard !self.isRequestComplete, !self.isAbandoned else { return }
        self.bodyDeadline = self.session.deadline(after: self.session.connection.times.body)
    }
}

/// Gives an answer in frames; what is written waits here until the windows let it through.
extension HTTP2Stream: HTTPExchangeCarrier {
    var hasRoomForOutput: Bool {
        self.output.count < self.session.configuration.http2.streamOutputBytesMax
    }

    func report(_ text: String) { self.session.configuration.report(text) }

    func sendInformational(_ head: HTTPResponseHead) throws(HTTPAnswerMistake) {
        guard !self.isAnswerStarted else { throw .startedTwice }
        let isAllowed = head.status.isInformational && head.status != .switchingProtocols
        guard isAllowed else { throw .headInvalid(.statusInvalid) }
        if head.status == .continue { self.mustSendContinue = false }
        self.session.submitInformational(try Self.block(head), of: self)
    }

    func closeAfterAnswer() {}

    func answer(_ head: HTTPResponseHead, body: [UInt8]) throws(HTTPAnswerMistake) {
        let connection = self.session.connection
        connection.corkDepth += 1
        defer { connection.corkDepth -= 1 }
        // Nobody will read the body that waits for 100.
        self.mustSendContinue = false
        try self.startAnswer(head, bodyLength: body.count)
        try self.writeBody(body)
        try self.endAnswer(trailers: nil)
    }

    func startAnswer(
        _ head: HTTPResponseHead,
        bodyLength: Int?
    ) throws(HTTPAnswerMistake) {
        guard !self.isAnswerStarted else { throw .startedTwice }
        guard !head.status.isInformational else { throw .headInvalid(.statusInvalid) }
        // Who accepts a request and answers piece by piece still means to read its body.
        if head.status.isSuccess { self.sendContinue() }
        var block = try Self.block(head)
        self.session.appendServersFields(to: &block, besides: head.fields)
        if head.status.forbidsBody {
            self.answer = .bodiless
        } else if let bodyLength {
            // A HEAD's length is the one that a GET would have had.
            let shown = self.isHead ? head.fields["content-length"].flatMap { Int($0) } : nil
            var digits: [UInt8] = []
            HTTPEncoder.append(decimal: max(0, shown ?? bodyLength), to: &digits)
            block.append("content-length", digits.span)
            self.answer = self.isHead ? .bodiless : .counted(left: bodyLength)
        } else {
            self.answer = self.isHead ? .bodiless : .open
        }
        self.mustSendContinue = false
        self.head = block
        self.session.answerChanged(self)
    }

    private static func block(_ head: HTTPResponseHead) throws(HTTPAnswerMistake) -> HTTP2FieldBlock
    {
        do throws(HTTPEncodeError) {
            var block = try HTTP2FieldBlock(status: head.status)
            try block.append(head.fields)
            return block
        } catch {
            throw .headInvalid(error)
        }
    }

    func writeBody(_ bytes: [UInt8]) throws(HTTPAnswerMistake) {
        switch self.answer {
        case .notStarted, .ended: throw .notStarted
        case .bodiless: return
        case .counted(let left):
            guard bytes.count <= left else { throw .moreThanAnnounced }
            self.answer = .counted(left: left - bytes.count)
        case .open: break
        }
        guard !bytes.isEmpty else { return }
        if self.output.count == 0 { self.noteProgress(isBlocked: true) }
        self.output.append(bytes)
        self.session.answerChanged(self)
    }

    func endAnswer(trailers: HTTPFields?) throws(HTTPAnswerMistake) {
        switch self.answer {
        case .notStarted, .ended: throw .notStarted
        case .counted(let left):
            guard left == 0 else { throw .lessThanAnnounced }
        case .bodiless, .open: break
        }
        if case .bodiless = self.answer {
        } else if let trailers, let block = try? HTTP2FieldBlock(trailers: trailers),
            !block.isEmpty
        {
            self.trailers = block
        }
        self.answer = .ended
        self.session.answerChanged(self)
    }

    func answerEnded() {
        self.exchange = nil
        self.abandonRequest()
        self.session.connection.flushUnlessCorked()
    }

    /// There is no upgrade in HTTP/2 (RFC 9113 section 8.6).
    func canBeTakenOver(_ request: HTTPRequestHead) -> Bool { false }

    func takeOver(
        _ request: HTTPRequestHead,
        _ head: HTTPResponseHead
    ) throws(HTTPAnswerMistake) -> HTTPByteStream { throw .notUpgradable }

    /// Begins the time anew in which the client must take some of the answer.
    func noteProgress(isBlocked: Bool) {
        guard isBlocked else {
            self.writeDeadline = nil
            return
        }
        self.writeDeadline = self.session.deadline(after: self.session.connection.times.write)
    }

    func bodyIsWanted() {
        self.hurryBody()
        self.sendContinue()
    }

    private func sendContinue() {
        guard self.mustSendContinue, !self.isRequestComplete else { return }
        self.mustSendContinue = false
        try? self.sendInformational(HTTPResponseHead(status: .continue))
    }

    func bodyWasConsumed() {
        if self.bodyDeadline != nil { self.hurryBody() }
        self.returnWindow()
    }

    func reset() { self.session.reset(self) }
}

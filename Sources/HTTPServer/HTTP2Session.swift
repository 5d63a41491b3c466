// SPDX-License-Identifier: Apache-2.0

internal import CNghttp2
internal import EventLoop
internal import HTTP
internal import HTTP2

/// One HTTP/2 connection: its streams, and the state of nghttp2 (RFC 9113).
///
/// Owns the session of the library, which calls only while a method of this object waits for it.
/// Belongs to the loop's thread. Exclusive access to what each
/// field line needs is not checked at run time: nothing called with it comes back here.
final class HTTP2Session: HTTP2SessionOwner {
    /// What the library told, to be acted on when it has returned: handlers call into it again.
    enum Event {
        case request(HTTP2Stream, HTTP2HeadAssembler)
        /// The bytes are left out when nobody will have them.
        case body(HTTP2Stream, [UInt8], count: Int)
        case end(HTTP2Stream, trailers: HTTPFields)
        case room(HTTP2Stream)
        case closed(HTTP2Stream)
    }

    /// How far the end of the connection has come.
    enum Ending {
        case none
        /// The client knows that no new stream should come; those on their way are served.
        case announced
        /// The number of the last stream is told.
        case final
    }

    /// Owns this session, and ends it before itself.
    unowned let connection: HTTPConnection
    /// `nil` only while it is being made.
    private var library: HTTP2LibrarySession?
    var raw: OpaquePointer? { self.library?.raw }
    @exclusivity(unchecked)
    var streams: [Int32: HTTP2Stream] = [:]
    /// Whose header block is being read.
    @exclusivity(unchecked)
    var headed: HTTP2Stream?
    /// What the heads and trailers of the streams take of their limit.
    private var openHeaderBytes = 0
    @exclusivity(unchecked)
    var events: [Event] = []
    /// Streams whose answer has something new to send.
    private var changed: [HTTP2Stream] = []
    var resets: TokenBucket
    private var frames = HTTP2FrameCounter()
    var frameBudget: HTTP2FrameBudget
    var ending = Ending.none
    /// Why the connection has to end although the library would go on.
    var fault: nghttp2_error_code?
    /// Whether the client was told that the connection ends by its fault; nothing more is read.
    var hasAccused = false
    /// What came behind that, in bytes.
    private var discardedBytes = 0
    /// Whether settings are among what the library was given last.
    var hasNewSettings = false
    /// The last stream that was begun, -1 before the first, and the newest of those that were left
    /// out before it.
    private var lastStream: Int32 = -1
    private var skipped: [ClosedRange<Int32>] = []
    private static let skippedMax = 16
    private var isBroken = false
    /// Until when a header block that was begun has to be complete.
    var headerDeadline: MonotonicTime?
    /// Until when the client may take to hear of a drain.
    var noticeDeadline: MonotonicTime?

    /// Makes the server's side of a connection, whose settings are the first thing to be sent.
    ///
    /// - Returns: `nil` when the library has no memory.
    init?(_ connection: HTTPConnection) {
        let limits = connection.configuration.http2
        self.connection = connection
        self.resets = TokenBucket(
            capacity: limits.resetsMax,
            interval: .seconds(1) / max(1, limits.resetsPerSecond)
        )
        self.frameBudget = HTTP2FrameBudget(limits)
        self.library = HTTP2LibrarySession(
            .server,
            owner: self,
            acknowledgementsMax: limits.acknowledgementsMax
        )
        guard self.raw != nil, self.submitSettings(limits) else { return nil }
    }

    private func submitSettings(_ limits: HTTP2Limits) -> Bool {
        let listBytesMax = HTTP2HeadAssembler.listBytesMax(self.configuration.limits)
        let settings = [
            nghttp2_settings_entry(
                settings_id: Int32(NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS.rawValue),
                value: limits.streamsMax
            ),
            nghttp2_settings_entry(
                settings_id: Int32(NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE.rawValue),
                value: UInt32(clamping: listBytesMax)
            ),
        ]
        let flags = UInt8(NGHTTP2_FLAG_NONE.rawValue)
        let window = limits.connectionWindowBytes
        return nghttp2_submit_settings(self.raw, flags, settings, settings.count) == 0
            && nghttp2_session_set_local_window_size(self.raw, flags, 0, window) == 0
    }

    var configuration: HTTPServerConfiguration { self.connection.configuration }

    func deadline(after delay: TimeSpan) -> MonotonicTime {
        let deadline = self.connection.loop.now.advanced(by: delay)
        self.connection.armTimer(noLaterThan: deadline)
        return deadline
    }

    /// Whether all is said, and heard.
    var isFinished: Bool {
        nghttp2_session_want_read(self.raw) == 0 && nghttp2_session_want_write(self.raw) == 0
    }

    // MARK: Input

    /// Takes bytes of the connection.
    func receive(_ bytes: UnsafeBufferPointer<UInt8>) {
        guard !self.isBroken, !self.hasAccused else { return self.discard(bytes.count) }
        self.hasNewSettings = false
        let frameCount = self.frames.count(bytes)
        let result = nghttp2_session_mem_recv(self.raw, bytes.baseAddress, bytes.count)
        if result < 0 { self.failed(Int32(truncatingIfNeeded: result)) }
        if !self.frameBudget.spend(frameCount, at: self.connection.loop.now) {
            self.fault = NGHTTP2_ENHANCE_YOUR_CALM
        }
        if let fault = self.fault { self.terminate(fault) }
        self.runEvents()
    }

    /// Drops bytes that come when no more are read; who told of a fault does not hear a flood to
    /// its end.
    func discard(_ count: Int) {
        guard self.isBroken || self.hasAccused else { return }
        self.discardedBytes += count
        if self.discardedBytes > self.configuration.discardBytesMax { self.connection.reset() }
    }

    /// The library understands the client no longer.
    private func failed(_ code: Int32) {
        switch code {
        case NGHTTP2_ERR_BAD_CLIENT_MAGIC.rawValue: self.terminate(NGHTTP2_PROTOCOL_ERROR)
        case NGHTTP2_ERR_FLOODED.rawValue, Self.tooManyContinuations:
            self.terminate(NGHTTP2_ENHANCE_YOUR_CALM)
        default: self.terminate(NGHTTP2_INTERNAL_ERROR)
        }
        self.isBroken = true
    }

    /// Of nghttp2 1.61 and of patched older ones, whose header may not name it (CVE-2024-28182).
    private static let tooManyContinuations: Int32 = -905

    /// Whether a stream may have been begun by this HEADERS or before it: each that a client leaves
    /// out is closed by the next (RFC 9113 section 5.1.1), and the library forgets which were.
    func mayHaveBegun(_ id: Int32) -> Bool {
        guard id > self.lastStream else { return !self.skipped.contains { $0.contains(id) } }
        // Both are odd, and the last is below `id`: the sum is no more than the highest number.
        let next = self.lastStream + 2
        if next < id { self.skipped.append(next...id - 2) }
        if self.skipped.count > Self.skippedMax { self.skipped.removeFirst() }
        self.lastStream = id
        return true
    }

    /// Whether there is room for a head or trailers beside those of other streams.
    func keepHeader(_ bytes: Int, of stream: HTTP2Stream) -> Bool {
        let others = self.openHeaderBytes
        guard others == 0 || bytes <= self.configuration.http2.openHeaderBytesMax - others else {
            return false
        }
        stream.headerBytes += bytes
        self.openHeaderBytes += bytes
        return true
    }

    /// Forgets the head and the trailers of a stream that is closed.
    func dropHeader(of stream: HTTP2Stream) {
        self.openHeaderBytes -= stream.headerBytes
        stream.headerBytes = 0
    }

    func terminate(_ code: nghttp2_error_code) {
        nghttp2_session_terminate_session(self.raw, code.rawValue)
    }

    /// Takes over the request that asked for HTTP/2, which becomes stream 1 (RFC 7540 section 3.2).
    ///
    /// - Returns: `nil` when its settings are invalid.
    func upgrade(_ request: HTTPRequestHead, settings: [UInt8]) -> HTTP2Stream? {
        let isHead = request.method == .head
        guard
            nghttp2_session_upgrade2(self.raw, settings, settings.count, isHead ? 1 : 0, nil) == 0
        else { return nil }
        let stream = HTTP2Stream(id: 1, session: self)
        stream.isRequestComplete = true
        self.streams[stream.id] = stream
        self.lastStream = stream.id
        return stream
    }

    // MARK: Output

    /// Puts into the connection's output what may be sent, up to its limit.
    func produce() {
        // What handlers write meanwhile is put there by the next round.
        self.connection.corkDepth += 1
        defer { self.connection.corkDepth -= 1 }
        self.connection.output.borrow(&self.connection.server.spareOutput)
        repeat {
            self.submitChanges()
            while self.connection.hasRoomForOutput {
                var bytes: UnsafePointer<UInt8>?
                let count = nghttp2_session_mem_send(self.raw, &bytes)
                guard count > 0, let bytes else {
                    if count < 0 { self.connection.reset() }
                    break
                }
                self.connection.output.bytes.append(
                    contentsOf: UnsafeBufferPointer(start: bytes, count: count)
                )
            }
            self.runEvents()
        } while !self.changed.isEmpty && self.connection.hasRoomForOutput
            && !self.connection.isClosed
    }

    /// Notes that an answer has something to send.
    func answerChanged(_ stream: HTTP2Stream) {
        if self.changed.last !== stream { self.changed.append(stream) }
        self.connection.flushUnlessCorked()
    }

    private func submitChanges() {
        guard !self.changed.isEmpty else { return }
        var changed: [HTTP2Stream] = []
        swap(&changed, &self.changed)
        for stream in changed where self.streams[stream.id] === stream {
            if let head = stream.head.take() {
                self.submit(head, of: stream)
            } else if stream.isDeferred {
                stream.isDeferred = false
                nghttp2_session_resume_data(self.raw, stream.id)
            }
        }
    }

    private func submit(_ head: HTTP2FieldBlock, of stream: HTTP2Stream) {
        // What is known to have no body ends with its head; so does an answer of trailers alone.
        let hasBody: Bool
        switch stream.answer {
        case .bodiless: hasBody = false
        case .ended: hasBody = stream.output.count > 0 || stream.trailers != nil
        default: hasBody = true
        }
        let code = head.withNameValues { lines, count in
            guard hasBody else {
                return nghttp2_submit_response(self.raw, stream.id, lines, count, nil)
            }
            var source = HTTP2LibrarySession.bodySource
            return nghttp2_submit_response(self.raw, stream.id, lines, count, &source)
        }
        if code != 0 { self.reset(stream) }
    }

    func submitInformational(_ head: HTTP2FieldBlock, of stream: HTTP2Stream) {
        let flags = UInt8(NGHTTP2_FLAG_NONE.rawValue)
        _ = head.withNameValues { lines, count in
            nghttp2_submit_headers(self.raw, flags, stream.id, nil, lines, count, nil)
        }
        self.connection.flushUnlessCorked()
    }

    func submitTrailers(_ trailers: HTTP2FieldBlock, of stream: HTTP2Stream) {
        _ = trailers.withNameValues { nghttp2_submit_trailer(self.raw, stream.id, $0, $1) }
    }

    /// Adds what the server says itself.
    func appendServersFields(to block: inout HTTP2FieldBlock, besides fields: HTTPFields) {
        if !fields.contains(.date) {
            let date = self.connection.server.date.value(at: self.connection.loop.now)
            block.append("date", date.span)
        }
        if let name = self.configuration.serverName, !fields.contains("server") {
            block.append("server", name.utf8.span)
        }
    }

    /// Lets the client send more, once body bytes are taken.
    func consume(_ count: Int, of stream: HTTP2Stream) {
        nghttp2_session_consume(self.raw, stream.id, count)
        self.connection.flushUnlessCorked()
    }

    // MARK: End

    /// Cuts one stream off; its handler is told.
    ///
    /// - Parameters:
    ///   - stream: The stream.
    ///   - code: Why.
    ///   - isClientsFault: Whether it counts as one that the client ended.
    func reset(
        _ stream: HTTP2Stream,
        _ code: nghttp2_error_code = NGHTTP2_INTERNAL_ERROR,
        isClientsFault: Bool = false
    ) {
        self.submitReset(stream, code)
        stream.isResetByServer = !isClientsFault
        let exchange = stream.exchange.take()
        stream.abandonRequest()
        exchange?.connectionClosed(.connectionClosed)
        self.connection.flushUnlessCorked()
    }

    /// Ends a stream on our side.
    func submitReset(_ stream: HTTP2Stream, _ code: nghttp2_error_code) {
        stream.isResetByServer = true
        stream.writeDeadline = nil
        let flags = UInt8(NGHTTP2_FLAG_NONE.rawValue)
        nghttp2_submit_rst_stream(self.raw, flags, stream.id, code.rawValue)
    }

    /// Announces that the connection ends; what is on its way still comes (RFC 9113 section 6.8).
    func drain() {
        guard case .none = self.ending else { return }
        self.ending = .announced
        nghttp2_submit_shutdown_notice(self.raw)
        let notice = TimeSpan(self.configuration.http2.drainNoticeTimeout)
        self.noticeDeadline = self.deadline(after: notice)
        self.connection.flushUnlessCorked()
    }

    /// The announcement is on its way; the answer to a PING behind it tells that it was heard.
    func drainNoticeSent() {
        guard case .announced = self.ending else { return }
        nghttp2_submit_ping(self.raw, UInt8(NGHTTP2_FLAG_NONE.rawValue), nil)
    }

    /// The client begins no more streams.
    ///
    /// Some write what they acknowledge ahead of requests that they had begun before, which still
    /// get their time to arrive.
    func drainNoticeHeard() {
        guard case .announced = self.ending, let noticeDeadline = self.noticeDeadline else {
            return
        }
        let settle = TimeSpan(self.configuration.http2.drainSettleTimeout)
        self.noticeDeadline = min(noticeDeadline, self.deadline(after: settle))
    }

    /// Refuses new streams from here on.
    func finishDrain() {
        guard case .announced = self.ending else { return }
        self.ending = .final
        self.noticeDeadline = nil
        let flags = UInt8(NGHTTP2_FLAG_NONE.rawValue)
        let last = nghttp2_session_get_last_proc_stream_id(self.raw)
        nghttp2_submit_goaway(self.raw, flags, last, NGHTTP2_NO_ERROR.rawValue, nil, 0)
    }

    /// The connection is gone, or about to go.
    func cancelAll() {
        let streams = self.streams.values
        self.streams = [:]
        self.changed = []
        self.events = []
        for stream in streams {
            let exchange = stream.exchange.take()
            stream.isAbandoned = true
            exchange?.connectionClosed(.connectionClosed)
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

internal import CNghttp2
package import HTTP
internal import HTTP2

/// The client's side of one HTTP/2 connection: its streams, and the state of nghttp2 (RFC 9113).
///
/// It has no socket: bytes that came go in by ``receive(_:)``, what is to be sent is put into
/// ``output`` by ``produce(upTo:)``, and ``takeEvents()`` tells what happened. Belongs to one
/// thread.
package final class HTTP2ClientSession {
    /// Names a stream within its session.
    package typealias StreamID = Int32

    /// What happened; nothing is told of a stream behind its ``Event/closed(_:_:)``, nor after it
    /// was left.
    package enum Event {
        /// A head of 1xx before the answer.
        case interim(StreamID, HTTPResponseHead)
        /// The head of the answer, and whether that is all of it.
        case head(StreamID, HTTPResponseHead, isEnd: Bool)
        /// Bytes of the answer's body, which ``consumed(_:of:)`` has to give back.
        case body(StreamID, [UInt8])
        /// The answer is complete.
        case end(StreamID, trailers: HTTPFields)
        /// A body that ``hasRoom(of:)`` had no room for may go on.
        case room(StreamID)
        /// The answer will not come, or not to its end.
        case closed(StreamID, StreamFailure)
        /// The peer allows so many streams at a time.
        case settings(streamsMax: Int)
        /// The peer takes no further streams (RFC 9113 section 6.8).
        case goAway
    }

    /// Why an answer is not whole.
    package enum StreamFailure: Equatable, Sendable {
        /// The peer has done nothing with the request, which may be sent again (RFC 9113
        /// section 8.7).
        case unprocessed
        /// The peer ended it.
        case reset(HTTP2ErrorCode)
        /// What came was not valid, for this reason if it is known.
        case malformed(HTTPParseError?)
        /// The head of the request, or its trailers, are longer than
        /// ``HTTP2ClientSession/sentBlockBytesMax``.
        case tooLong
    }

    /// Body bytes of one request that wait before its sender should pause.
    package static let streamOutputBytesMax = 64 * 1024
    /// What the peer may send ahead of one stream's reader: the default of the protocol.
    package static let streamWindowBytes = 65_535
    /// Streams of one connection; the window of the connection is as large as theirs together, so
    /// that one whose reader is slow holds up none of the others.
    package static let streamsMax = 100

    /// The longest head or trailers of a request that can be sent, as estimated before compression.
    package static let sentBlockBytesMax = HTTP2LibrarySession.sentBlockBytesMax

    /// Answers to SETTINGS and PING that wait for a peer which sends them and reads nothing.
    private static let acknowledgementsMax = 100

    /// Bytes to be sent; whoever has sent them takes them away.
    package var output: [UInt8] = []
    /// Whether the peer has spoken HTTP/2.
    package internal(set) var hasSettings = false
    /// How many streams were begun and are not closed on both sides.
    package var openCount: Int { self.streams.count }

    let limits: HTTPLimits
    /// `nil` only while it is being made.
    private var library: HTTP2LibrarySession?
    private var raw: OpaquePointer? { self.library?.raw }
    var streams: [StreamID: HTTP2ClientStream] = [:]
    var events: [Event] = []
    /// How much ``output`` may hold now.
    var outputBytesMax = 0
    /// Whether the connection is of no use any more.
    var isBroken = false

    /// Makes a session, whose preface and settings are the first thing to be sent; `nil` when the
    /// library has no memory.
    ///
    /// - Parameter limits: How much of an answer's head is accepted.
    package init?(limits: HTTPLimits) {
        self.limits = limits
        self.library = HTTP2LibrarySession(
            .client,
            owner: self,
            acknowledgementsMax: Self.acknowledgementsMax,
            configure: Self.configure
        )
        guard self.raw != nil, self.submitSettings() else { return nil }
    }

    private static func configure(_ option: OpaquePointer?) {
        // Heads wait for the peer's settings: a connection that ends before has carried nothing.
        nghttp2_option_set_peer_max_concurrent_streams(option, 0)
    }

    private static let noFlags = UInt8(NGHTTP2_FLAG_NONE.rawValue)

    private func submitSettings() -> Bool {
        let listBytesMax = HTTP2ResponseAssembler.listBytesMax(self.limits)
        let settings = [
            nghttp2_settings_entry(
                settings_id: Int32(NGHTTP2_SETTINGS_ENABLE_PUSH.rawValue),
                value: 0
            ),
            nghttp2_settings_entry(
                settings_id: Int32(NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE.rawValue),
                value: UInt32(clamping: listBytesMax)
            ),
        ]
        let window = Int32(clamping: Self.streamWindowBytes * Self.streamsMax)
        return nghttp2_submit_settings(self.raw, Self.noFlags, settings, settings.count) == 0
            && nghttp2_session_set_local_window_size(self.raw, Self.noFlags, 0, window) == 0
    }

    // MARK: Bytes

    /// Takes bytes of the connection.
    ///
    /// - Returns: Whether they were understood; if not, nothing more will be.
    package func receive(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard !self.isBroken else { return false }
        let bytes = bytes.assumingMemoryBound(to: UInt8.self)
        let count = nghttp2_session_mem_recv(self.raw, bytes.baseAddress, bytes.count)
        self.isBroken = count < 0
        return !self.isBroken
    }

    /// Adds to ``output`` what may be sent, until it holds about so many bytes.
    ///
    /// - Returns: Whether the session goes on; if not, the connection has to be closed once the
    ///   output is sent.
    package func produce(upTo bytesMax: Int) -> Bool {
        self.outputBytesMax = bytesMax
        while self.output.count < bytesMax {
            var bytes: UnsafePointer<UInt8>?
            let count = nghttp2_session_mem_send(self.raw, &bytes)
            if count < 0 { self.isBroken = true }
            guard count > 0, let bytes else { break }
            self.output.append(contentsOf: UnsafeBufferPointer(start: bytes, count: count))
        }
        return !self.isBroken && !self.isFinished
    }

    /// Whether all is said, and heard.
    private var isFinished: Bool {
        nghttp2_session_want_read(self.raw) == 0 && nghttp2_session_want_write(self.raw) == 0
    }

    /// What happened since the last time, in order.
    package func takeEvents() -> [Event] {
        guard !self.events.isEmpty else { return [] }
        var events: [Event] = []
        swap(&events, &self.events)
        return events
    }

    // MARK: Requests

    /// Begins a request.
    ///
    /// - Parameters:
    ///   - head: Its field lines.
    ///   - hasBody: Whether a body follows, which ``end(_:trailers:)`` ends.
    /// - Returns: Its stream; `nil` when the connection has none left.
    package func begin(_ head: HTTP2FieldLines, hasBody: Bool) -> StreamID? {
        let id = head.withNameValues { lines, count in
            guard hasBody else {
                return nghttp2_submit_request(self.raw, nil, lines, count, nil, nil)
            }
            var source = HTTP2LibrarySession.bodySource
            return nghttp2_submit_request(self.raw, nil, lines, count, &source, nil)
        }
        guard id > 0 else { return nil }
        let stream = HTTP2ClientStream()
        stream.isRequestEnded = !hasBody
        self.streams[id] = stream
        return id
    }

    /// Adds bytes to the body of a request; look at ``hasRoom(of:)`` afterwards.
    package func send(_ bytes: [UInt8], on id: StreamID) {
        guard let stream = self.streams[id], !stream.isRequestEnded else { return }
        stream.output.append(bytes)
        self.resume(stream, id)
    }

    /// Ends the body of a request.
    package func end(_ id: StreamID, trailers: HTTPFields) {
        guard let stream = self.streams[id], !stream.isRequestEnded else { return }
        stream.isRequestEnded = true
        stream.trailers = HTTP2FieldLines(trailers: trailers)
        self.resume(stream, id)
    }

    private func resume(_ stream: HTTP2ClientStream, _ id: StreamID) {
        guard stream.isDeferred else { return }
        stream.isDeferred = false
        nghttp2_session_resume_data(self.raw, id)
    }

    /// Whether the body of a request may go on; if not, an event tells when it may.
    package func hasRoom(of id: StreamID) -> Bool {
        guard let stream = self.streams[id] else { return true }
        stream.isRoomAwaited = stream.output.count >= Self.streamOutputBytesMax
        return !stream.isRoomAwaited
    }

    /// Lets the peer send more, once body bytes are taken.
    package func consumed(_ count: Int, of id: StreamID) {
        nghttp2_session_consume(self.raw, id, count)
    }

    /// Whether the peer may know of a request: its head was sent.
    package func isHeadSent(of id: StreamID) -> Bool { self.streams[id]?.isHeadSent ?? true }

    /// Ends a stream; nothing more is told of it.
    ///
    /// Its bytes stay until it is closed: a frame of them may be begun already, which has to be
    /// sent whole before the reset.
    package func leave(_ id: StreamID, _ code: HTTP2ErrorCode) {
        guard let stream = self.streams[id], !stream.isLeft else { return }
        stream.isLeft = true
        self.submitReset(id, code)
    }

    func submitReset(_ id: StreamID, _ code: HTTP2ErrorCode) {
        nghttp2_submit_rst_stream(self.raw, Self.noFlags, id, code.rawValue)
    }

    func submitTrailers(_ trailers: HTTP2FieldLines, of id: StreamID) {
        _ = trailers.withNameValues { nghttp2_submit_trailer(self.raw, id, $0, $1) }
    }

    /// Tells the peer that the connection ends.
    package func close() { nghttp2_session_terminate_session(self.raw, NGHTTP2_NO_ERROR.rawValue) }

    /// How many streams the peer allows at a time, ``streamsMax`` at most.
    var peerStreamsMax: Int {
        let value = nghttp2_session_get_remote_settings(
            self.raw,
            NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS
        )
        return min(Int(value), Self.streamsMax)
    }
}

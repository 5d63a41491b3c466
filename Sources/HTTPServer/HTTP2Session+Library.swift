// SPDX-License-Identifier: Apache-2.0

internal import CNghttp2
internal import EventLoop
internal import HTTP
internal import HTTP2

/// What the library tells while it works; noted here, and acted on when it has returned.
extension HTTP2Session {
    func frameBegan(_ head: nghttp2_frame_hd) {
        guard head.type == UInt8(NGHTTP2_HEADERS.rawValue), head.stream_id % 2 == 1 else { return }
        if !self.mayHaveBegun(head.stream_id) { self.fault = NGHTTP2_PROTOCOL_ERROR }
    }

    func headersBegan(_ frame: nghttp2_frame) {
        guard frame.hd.type == UInt8(NGHTTP2_HEADERS.rawValue) else { return }
        self.headerDeadline = self.deadline(after: self.connection.times.header)
        let id = frame.hd.stream_id
        if frame.headers.cat == NGHTTP2_HCAT_REQUEST {
            self.streams[id] = HTTP2Stream(id: id, session: self)
        }
        self.headed = self.streams[id]
        self.headed?.assembler = HTTP2HeadAssembler(limits: self.configuration.limits)
    }

    /// Whether the client keeps to what was advertised, roughly: what is a little too large gets an
    /// answer, and what is much too large is cut off.
    func header(
        of id: Int32,
        _ name: UnsafeBufferPointer<UInt8>,
        _ value: UnsafeBufferPointer<UInt8>
    ) -> Bool {
        guard let stream = self.headed, stream.id == id else { return false }
        stream.assembler?.append(name, value)
        let listBytes = stream.assembler?.listBytes ?? 0
        return listBytes <= HTTP2HeadAssembler.listBytesMax(self.configuration.limits) * 2
    }

    func dataReceived(of id: Int32, _ bytes: UnsafeBufferPointer<UInt8>) {
        guard let stream = self.streams[id], !bytes.isEmpty else { return }
        self.frameBudget.earn()
        let isWanted = stream.received(bytes.count) && !stream.isAbandoned
        self.events.append(.body(stream, isWanted ? Array(bytes) : [], count: bytes.count))
    }

    func frameReceived(_ frame: nghttp2_frame) {
        let endsStream = frame.hd.flags & UInt8(NGHTTP2_FLAG_END_STREAM.rawValue) != 0
        switch UInt32(frame.hd.type) {
        case NGHTTP2_HEADERS.rawValue: self.headersEnded(frame, endsStream)
        case NGHTTP2_DATA.rawValue:
            guard endsStream, let stream = self.streams[frame.hd.stream_id] else { return }
            stream.isRequestComplete = true
            self.events.append(.end(stream, trailers: HTTPFields()))
        case NGHTTP2_SETTINGS.rawValue where frame.settings.niv > 0: self.hasNewSettings = true
        case NGHTTP2_PING.rawValue:
            if frame.hd.flags & UInt8(NGHTTP2_FLAG_ACK.rawValue) != 0 { self.drainNoticeHeard() }
        default: break
        }
    }

    private func headersEnded(_ frame: nghttp2_frame, _ endsStream: Bool) {
        self.headerDeadline = nil
        self.headed = nil
        guard let stream = self.streams[frame.hd.stream_id],
            let assembler = stream.assembler.take()
        else { return }
        let isRequest = frame.headers.cat == NGHTTP2_HCAT_REQUEST
        let isKept = self.keepHeader(assembler.listBytes, of: stream)
        guard isKept || !isRequest else {
            stream.isAbandoned = true
            return self.submitReset(stream, NGHTTP2_REFUSED_STREAM)
        }
        self.frameBudget.earn()
        stream.isRequestComplete = endsStream
        if isRequest {
            stream.hasBody = !endsStream
            self.events.append(.request(stream, assembler))
        } else if endsStream {
            // Trailers beyond the limits are left out, as nobody can be answered about them.
            let isLost = assembler.isTooLarge || !isKept
            let trailers = isLost ? HTTPFields() : assembler.trailers
            self.events.append(.end(stream, trailers: trailers))
        }
    }

    func bodyLength(of id: Int32, upTo lengthMax: Int) -> HTTP2BodyLength {
        guard let stream = self.streams[id] else { return .nothing }
        let (waiting, isEnded) = (stream.output.count, stream.isAnswerEnded)
        let length = HTTP2BodyLength(of: waiting, isEnded: isEnded, upTo: lengthMax)
        if case .nothing = length { stream.isDeferred = true }
        guard case .last(let count) = length, let trailers = stream.trailers.take() else {
            return length
        }
        self.submitTrailers(trailers, of: stream)
        return .beforeTrailers(count)
    }

    /// Whether a frame of a body was taken; when there is no room, it is asked for again.
    func sendData(of id: Int32, head: UnsafeBufferPointer<UInt8>, length: Int) -> Bool {
        guard self.connection.hasRoomForOutput, let stream = self.streams[id] else { return false }
        self.connection.output.bytes.append(contentsOf: head)
        stream.output.take(length, into: &self.connection.output.bytes)
        if length > 0 { self.frameBudget.earn() }
        stream.noteProgress(isBlocked: stream.output.count > 0)
        if stream.exchange?.isRoomAwaited == true, stream.hasRoomForOutput {
            self.events.append(.room(stream))
        }
        return true
    }

    func frameSent(_ frame: nghttp2_frame) {
        switch UInt32(frame.hd.type) {
        case NGHTTP2_GOAWAY.rawValue:
            if frame.goaway.error_code != NGHTTP2_NO_ERROR.rawValue { self.hasAccused = true }
            self.drainNoticeSent()
        case NGHTTP2_RST_STREAM.rawValue:
            // A setting that makes a window too large is a fault of the connection, which the
            // library takes for one of the stream (RFC 9113 section 6.9.2).
            guard self.hasNewSettings,
                frame.rst_stream.error_code == NGHTTP2_FLOW_CONTROL_ERROR.rawValue
            else { return }
            self.terminate(NGHTTP2_FLOW_CONTROL_ERROR)
        default: self.answerSent(frame)
        }
    }

    /// Whose answer is complete has no use for the rest of the request (RFC 9113 section 8.1).
    private func answerSent(_ frame: nghttp2_frame) {
        let isOfAnswer =
            frame.hd.type == UInt8(NGHTTP2_HEADERS.rawValue)
            || frame.hd.type == UInt8(NGHTTP2_DATA.rawValue)
        guard isOfAnswer, frame.hd.flags & UInt8(NGHTTP2_FLAG_END_STREAM.rawValue) != 0,
            let stream = self.streams[frame.hd.stream_id]
        else { return }
        stream.isAnswerSent = true
        if !stream.isRequestComplete { self.submitReset(stream, NGHTTP2_NO_ERROR) }
    }

    /// A head or trailers that the library cannot send end their stream: nothing would follow them.
    func frameNotSent(_ frame: nghttp2_frame, isTooLong: Bool) {
        guard frame.hd.type == UInt8(NGHTTP2_HEADERS.rawValue),
            let stream = self.streams[frame.hd.stream_id], !stream.isResetByServer
        else { return }
        let reason =
            isTooLong ? "its head or its trailers are too long for HTTP/2" : "it cannot be sent"
        self.connection.report("an answer was reset: \(reason)")
        self.submitReset(stream, NGHTTP2_INTERNAL_ERROR)
    }

    func streamClosed(_ id: Int32, _ code: UInt32) {
        guard let stream = self.streams.removeValue(forKey: id) else { return }
        self.dropHeader(of: stream)
        if !stream.isAnswerSent, !stream.isResetByServer,
            !self.resets.takeIfAdmitted(at: self.connection.loop.now)
        {
            // At once: one that we reset closes while output is made, and nothing more may come.
            self.terminate(NGHTTP2_ENHANCE_YOUR_CALM)
        }
        self.events.append(.closed(stream))
    }
}

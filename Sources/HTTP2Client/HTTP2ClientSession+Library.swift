// SPDX-License-Identifier: Apache-2.0

internal import CNghttp2
internal import HTTP
internal import HTTP2

/// What the library tells while it works; noted here, and told when it has returned.
extension HTTP2ClientSession: HTTP2SessionOwner {
    /// The stream that somebody still wants to hear of.
    private func heard(_ id: StreamID) -> HTTP2ClientStream? {
        guard let stream = self.streams[id], !stream.isLeft, !stream.isMalformed else { return nil }
        return stream
    }

    func headersBegan(_ frame: nghttp2_frame) {
        guard frame.hd.type == UInt8(NGHTTP2_HEADERS.rawValue) else { return }
        let limits = self.limits
        self.streams[frame.hd.stream_id]?.assembler = HTTP2ResponseAssembler(limits: limits)
    }

    /// Whether the line is of a stream that there is, within the limits.
    func header(
        of id: StreamID,
        _ name: UnsafeBufferPointer<UInt8>,
        _ value: UnsafeBufferPointer<UInt8>
    ) -> Bool {
        guard let stream = self.streams[id] else { return false }
        stream.assembler?.append(name, value)
        stream.fault = stream.assembler?.fault
        return stream.fault == nil
    }

    func dataReceived(of id: StreamID, _ bytes: UnsafeBufferPointer<UInt8>) {
        guard self.heard(id) != nil else { return self.consumed(bytes.count, of: id) }
        self.events.append(.body(id, Array(bytes)))
    }

    func frameReceived(_ frame: nghttp2_frame) {
        let id = frame.hd.stream_id
        let endsStream = frame.hd.flags & UInt8(NGHTTP2_FLAG_END_STREAM.rawValue) != 0
        switch UInt32(frame.hd.type) {
        case NGHTTP2_HEADERS.rawValue: self.headersEnded(of: id, endsStream)
        case NGHTTP2_DATA.rawValue:
            if endsStream { self.ended(id, HTTPFields()) }
        case NGHTTP2_SETTINGS.rawValue:
            guard frame.hd.flags & UInt8(NGHTTP2_FLAG_ACK.rawValue) == 0 else { return }
            self.hasSettings = true
            self.events.append(.settings(streamsMax: self.peerStreamsMax))
        case NGHTTP2_GOAWAY.rawValue: self.events.append(.goAway)
        default: break
        }
    }

    private func headersEnded(of id: StreamID, _ endsStream: Bool) {
        guard let stream = self.heard(id), let assembler = stream.assembler.take() else { return }
        guard !stream.hasHead else {
            if endsStream { self.ended(id, assembler.fields) }
            return
        }
        let head = HTTPResponseHead(
            status: HTTPStatus(rawValue: assembler.status),
            fields: assembler.fields
        )
        // There is no upgrade in HTTP/2 (RFC 9113 section 8.6).
        if head.status.isInformational, head.status != .switchingProtocols {
            return self.events.append(.interim(id, head))
        }
        stream.hasHead = true
        stream.hasEnded = endsStream
        self.events.append(.head(id, head, isEnd: endsStream))
    }

    private func ended(_ id: StreamID, _ trailers: HTTPFields) {
        guard let stream = self.heard(id) else { return }
        stream.hasEnded = true
        self.events.append(.end(id, trailers: trailers))
    }

    func bodyLength(of id: StreamID, upTo lengthMax: Int) -> HTTP2BodyLength {
        guard let stream = self.streams[id] else { return .nothing }
        let (waiting, isEnded) = (stream.output.count, stream.isRequestEnded)
        let length = HTTP2BodyLength(of: waiting, isEnded: isEnded, upTo: lengthMax)
        if case .nothing = length { stream.isDeferred = true }
        guard case .last(let count) = length, let trailers = stream.trailers.take() else {
            return length
        }
        self.submitTrailers(trailers, of: id)
        return .beforeTrailers(count)
    }

    /// Whether a frame of a body was taken; when there is no room, it is asked for again.
    func sendData(of id: StreamID, head: UnsafeBufferPointer<UInt8>, length: Int) -> Bool {
        guard self.output.count < self.outputBytesMax, let stream = self.streams[id] else {
            return false
        }
        // A head without its bytes would make the peer take for them what follows.
        guard length <= stream.output.count else {
            self.isBroken = true
            return false
        }
        self.output.append(contentsOf: head)
        stream.output.take(length, into: &self.output)
        if stream.isRoomAwaited, stream.output.count < Self.streamOutputBytesMax, !stream.isLeft {
            stream.isRoomAwaited = false
            self.events.append(.room(id))
        }
        return true
    }

    func frameSent(_ frame: nghttp2_frame) {
        guard let stream = self.streams[frame.hd.stream_id] else { return }
        switch UInt32(frame.hd.type) {
        case NGHTTP2_HEADERS.rawValue: stream.isHeadSent = true
        // The library ends a stream whose messages are not valid.
        case NGHTTP2_RST_STREAM.rawValue: stream.isMalformed = !stream.isLeft && !stream.isTooLong
        default: break
        }
    }

    /// The library could not send the head of a request, which is as if it had never been; or its
    /// trailers, without which the peer would wait for ever.
    func frameNotSent(_ frame: nghttp2_frame, isTooLong: Bool) {
        let id = frame.hd.stream_id
        guard frame.hd.type == UInt8(NGHTTP2_HEADERS.rawValue), let stream = self.streams[id] else {
            return
        }
        if isTooLong { stream.isTooLong = true }
        if frame.headers.cat == NGHTTP2_HCAT_REQUEST {
            self.streamClosed(id, NGHTTP2_REFUSED_STREAM.rawValue)
        } else if isTooLong {
            self.submitReset(id, .internalError)
        }
    }

    func streamClosed(_ id: StreamID, _ code: UInt32) {
        guard let stream = self.streams.removeValue(forKey: id) else { return }
        guard !stream.isLeft, !stream.hasEnded else { return }
        self.events.append(.closed(id, Self.failure(of: stream, HTTP2ErrorCode(rawValue: code))))
    }

    private static func failure(
        of stream: HTTP2ClientStream,
        _ code: HTTP2ErrorCode
    ) -> StreamFailure {
        if stream.isTooLong { return .tooLong }
        if stream.isMalformed || stream.fault != nil { return .malformed(stream.fault) }
        let isUnseen = !stream.isHeadSent || code == .refusedStream
        return isUnseen && !stream.hasHead ? .unprocessed : .reset(code)
    }
}

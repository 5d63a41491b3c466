// SPDX-License-Identifier: Apache-2.0

internal import CNghttp2

/// What nghttp2 calls.
///
/// The context is the ``HTTP2ClientSession`` that made the call into the library and waits for its
/// return, so that it is alive.
enum HTTP2ClientCallbacks {
    /// Answers to SETTINGS and PING that wait for a peer which sends them and reads nothing.
    private static let acknowledgementsMax = 100
    /// The longest head that is sent; longer than any that a server of ours takes.
    private static let headBytesMax = 1024 * 1024

    /// Makes a session of the library that calls `owner`; `nil` when there is no memory.
    static func makeSession(_ owner: HTTP2ClientSession) -> OpaquePointer? {
        var callbacks: OpaquePointer?
        var option: OpaquePointer?
        guard nghttp2_session_callbacks_new(&callbacks) == 0 else { return nil }
        defer { nghttp2_session_callbacks_del(callbacks) }
        guard nghttp2_option_new(&option) == 0 else { return nil }
        defer { nghttp2_option_del(option) }
        // The windows follow what the readers of the answers take.
        nghttp2_option_set_no_auto_window_update(option, 1)
        nghttp2_option_set_max_outbound_ack(option, self.acknowledgementsMax)
        nghttp2_option_set_max_send_header_block_length(option, self.headBytesMax)
        // Heads wait for the peer's settings: a connection that ends before has carried nothing.
        nghttp2_option_set_peer_max_concurrent_streams(option, 0)
        self.setIncoming(callbacks)
        self.setOutgoing(callbacks)
        var session: OpaquePointer?
        let context = Unmanaged.passUnretained(owner).toOpaque()
        guard nghttp2_session_client_new2(&session, callbacks, context, option) == 0 else {
            return nil
        }
        return session
    }

    private static func owner(_ context: UnsafeMutableRawPointer?) -> HTTP2ClientSession? {
        context.map { Unmanaged<HTTP2ClientSession>.fromOpaque($0).takeUnretainedValue() }
    }

    private static func setOutgoing(_ callbacks: OpaquePointer?) {
        nghttp2_session_callbacks_set_on_frame_send_callback(callbacks) { _, frame, context in
            if let frame { HTTP2ClientCallbacks.owner(context)?.frameSent(frame.pointee) }
            return 0
        }
        nghttp2_session_callbacks_set_on_frame_not_send_callback(callbacks) {
            _,
            frame,
            _,
            context in
            if let frame { HTTP2ClientCallbacks.owner(context)?.frameNotSent(frame.pointee) }
            return 0
        }
        nghttp2_session_callbacks_set_send_data_callback(callbacks) {
            _,
            frame,
            header,
            length,
            _,
            context in
            guard let frame, let header, let owner = HTTP2ClientCallbacks.owner(context) else {
                return NGHTTP2_ERR_CALLBACK_FAILURE.rawValue
            }
            let head = UnsafeBufferPointer(start: header, count: 9)
            return owner.sendData(of: frame.pointee.hd.stream_id, head: head, length: length)
                ? 0 : NGHTTP2_ERR_WOULDBLOCK.rawValue
        }
        nghttp2_session_callbacks_set_on_stream_close_callback(callbacks) {
            _,
            id,
            code,
            context in
            HTTP2ClientCallbacks.owner(context)?.streamClosed(id, code)
            return 0
        }
    }

    private static func setIncoming(_ callbacks: OpaquePointer?) {
        nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks) { _, frame, context in
            if let frame { HTTP2ClientCallbacks.owner(context)?.headersBegan(frame.pointee) }
            return 0
        }
        nghttp2_session_callbacks_set_on_header_callback(callbacks) {
            _,
            frame,
            name,
            nameLength,
            value,
            valueLength,
            _,
            context in
            guard let frame, let owner = HTTP2ClientCallbacks.owner(context) else {
                return NGHTTP2_ERR_CALLBACK_FAILURE.rawValue
            }
            let isKept = owner.header(
                of: frame.pointee.hd.stream_id,
                UnsafeBufferPointer(start: name, count: nameLength),
                UnsafeBufferPointer(start: value, count: valueLength)
            )
            return isKept ? 0 : NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue
        }
        // Without this a field that is not valid would be left out in silence, whereas it makes the
        // answer malformed (RFC 9113 section 8.2.1).
        nghttp2_session_callbacks_set_on_invalid_header_callback2(callbacks) {
            _,
            _,
            _,
            _,
            _,
            _ in NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue
        }
        nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks) {
            _,
            _,
            id,
            data,
            length,
            context in
            HTTP2ClientCallbacks.owner(context)?.dataReceived(
                of: id,
                UnsafeBufferPointer(start: data, count: length)
            )
            return 0
        }
        nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks) { _, frame, context in
            if let frame { HTTP2ClientCallbacks.owner(context)?.frameReceived(frame.pointee) }
            return 0
        }
    }

    /// Reads the body of a request; the bytes follow in `sendData`.
    static let bodySource = nghttp2_data_provider(
        source: nghttp2_data_source(),
        read_callback: { _, id, _, lengthMax, flags, _, context in
            guard let flags, let owner = HTTP2ClientCallbacks.owner(context) else {
                return Int(NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue)
            }
            switch owner.bodyLength(of: id, upTo: lengthMax) {
            case .nothing: return Int(NGHTTP2_ERR_DEFERRED.rawValue)
            case .bytes(let count, let end):
                flags.pointee |= UInt32(NGHTTP2_DATA_FLAG_NO_COPY.rawValue)
                if end != .none { flags.pointee |= UInt32(NGHTTP2_DATA_FLAG_EOF.rawValue) }
                if end == .trailers {
                    flags.pointee |= UInt32(NGHTTP2_DATA_FLAG_NO_END_STREAM.rawValue)
                }
                return count
            }
        }
    )
}

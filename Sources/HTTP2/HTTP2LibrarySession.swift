// SPDX-License-Identifier: Apache-2.0

package import CNghttp2

/// A session of nghttp2, and what it calls.
///
/// Owns the session of the library, and gives it back in `deinit`. Belongs to the thread of its
/// owner, which ends it before itself: the library calls only while a method of the owner waits for
/// it.
package final class HTTP2LibrarySession {
    /// Which end of the connection is ours.
    package enum Side {
        case client
        case server
    }

    /// The longest header block that is sent, as the library estimates it before compression; it is
    /// far beyond what the heads of either side may have, and frames that are longer are not sent.
    package static let sentBlockBytesMax = 1024 * 1024

    /// The library's session.
    package private(set) var raw: OpaquePointer?
    private unowned(unsafe) let owner: any HTTP2SessionOwner

    /// Makes a session that calls `owner`; `nil` when there is no memory.
    ///
    /// - Parameters:
    ///   - side: Which end of the connection is ours.
    ///   - owner: Whose it is.
    ///   - acknowledgementsMax: Answers to SETTINGS and PING that wait for a peer which sends them
    ///     and reads nothing; at least one.
    ///   - configure: Sets further options of the library.
    package init?(
        _ side: Side,
        owner: any HTTP2SessionOwner,
        acknowledgementsMax: Int,
        configure: (OpaquePointer?) -> Void = { _ in }
    ) {
        self.owner = owner
        var callbacks: OpaquePointer?
        var option: OpaquePointer?
        guard nghttp2_session_callbacks_new(&callbacks) == 0 else { return nil }
        defer { nghttp2_session_callbacks_del(callbacks) }
        guard nghttp2_option_new(&option) == 0 else { return nil }
        defer { nghttp2_option_del(option) }
        // The windows follow what the readers of bodies take.
        nghttp2_option_set_no_auto_window_update(option, 1)
        nghttp2_option_set_max_outbound_ack(option, max(1, acknowledgementsMax))
        nghttp2_option_set_max_send_header_block_length(option, Self.sentBlockBytesMax)
        configure(option)
        Self.setIncoming(callbacks)
        Self.setOutgoing(callbacks)
        let context = Unmanaged.passUnretained(self).toOpaque()
        let code =
            switch side {
            case .client: nghttp2_session_client_new2(&self.raw, callbacks, context, option)
            case .server: nghttp2_session_server_new2(&self.raw, callbacks, context, option)
            }
        guard code == 0 else { return nil }
    }

    deinit { nghttp2_session_del(self.raw) }

    private static func owner(_ context: UnsafeMutableRawPointer?) -> (any HTTP2SessionOwner)? {
        context.map { Unmanaged<HTTP2LibrarySession>.fromOpaque($0).takeUnretainedValue().owner }
    }

    private static func setOutgoing(_ callbacks: OpaquePointer?) {
        nghttp2_session_callbacks_set_on_frame_send_callback(callbacks) { _, frame, context in
            if let frame { HTTP2LibrarySession.owner(context)?.frameSent(frame.pointee) }
            return 0
        }
        nghttp2_session_callbacks_set_on_frame_not_send_callback(callbacks) {
            _,
            frame,
            code,
            context in
            let isTooLong = code == NGHTTP2_ERR_FRAME_SIZE_ERROR.rawValue
            if let frame {
                HTTP2LibrarySession.owner(context)?.frameNotSent(
                    frame.pointee,
                    isTooLong: isTooLong
                )
            }
            return 0
        }
        nghttp2_session_callbacks_set_send_data_callback(callbacks) {
            _,
            frame,
            header,
            length,
            _,
            context in
            guard let frame, let header, let owner = HTTP2LibrarySession.owner(context) else {
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
            HTTP2LibrarySession.owner(context)?.streamClosed(id, code)
            return 0
        }
    }

    private static func setIncoming(_ callbacks: OpaquePointer?) {
        nghttp2_session_callbacks_set_on_begin_frame_callback(callbacks) { _, head, context in
            if let head { HTTP2LibrarySession.owner(context)?.frameBegan(head.pointee) }
            return 0
        }
        nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks) { _, frame, context in
            if let frame { HTTP2LibrarySession.owner(context)?.headersBegan(frame.pointee) }
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
            guard let frame, let owner = HTTP2LibrarySession.owner(context) else {
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
        // message malformed (RFC 9113 section 8.2.1).
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
            HTTP2LibrarySession.owner(context)?.dataReceived(
                of: id,
                UnsafeBufferPointer(start: data, count: length)
            )
            return 0
        }
        nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks) { _, frame, context in
            if let frame { HTTP2LibrarySession.owner(context)?.frameReceived(frame.pointee) }
            return 0
        }
    }

    /// Reads a body that is sent; the bytes follow in `sendData`.
    package static let bodySource = nghttp2_data_provider(
        source: nghttp2_data_source(),
        read_callback: { _, id, _, lengthMax, flags, _, context in
            guard let flags, let owner = HTTP2LibrarySession.owner(context) else {
                return Int(NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue)
            }
            let (count, isLast, hasTrailers) =
                switch owner.bodyLength(of: id, upTo: lengthMax) {
                case .nothing: (-1, false, false)
                case .some(let count): (count, false, false)
                case .last(let count): (count, true, false)
                case .beforeTrailers(let count): (count, true, true)
                }
            guard count >= 0 else { return Int(NGHTTP2_ERR_DEFERRED.rawValue) }
            flags.pointee |= UInt32(NGHTTP2_DATA_FLAG_NO_COPY.rawValue)
            if isLast { flags.pointee |= UInt32(NGHTTP2_DATA_FLAG_EOF.rawValue) }
            if hasTrailers { flags.pointee |= UInt32(NGHTTP2_DATA_FLAG_NO_END_STREAM.rawValue) }
            return count
        }
    )
}

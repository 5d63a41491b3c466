// SPDX-License-Identifier: Apache-2.0

package import CNghttp2

/// One side of an HTTP/2 connection, which nghttp2 calls while it works for it.
///
/// No handler runs from these calls: what happened is noted, and told when the library has
/// returned. Streams are named by their numbers; what is lent is valid during the call alone.
package protocol HTTP2SessionOwner: AnyObject {
    /// A frame begins to arrive.
    func frameBegan(_ head: nghttp2_frame_hd)
    /// A header block begins.
    func headersBegan(_ frame: nghttp2_frame)
    /// A line of it came; `false` ends the stream.
    func header(
        of id: Int32,
        _ name: UnsafeBufferPointer<UInt8>,
        _ value: UnsafeBufferPointer<UInt8>
    ) -> Bool
    /// Bytes of a body came.
    func dataReceived(of id: Int32, _ bytes: UnsafeBufferPointer<UInt8>)
    /// A whole frame came that is valid.
    func frameReceived(_ frame: nghttp2_frame)
    /// How much of a body is sent next, in a frame of so many bytes at most.
    func bodyLength(of id: Int32, upTo lengthMax: Int) -> HTTP2BodyLength
    /// Takes the head of a frame and so many bytes of a body behind it; `false` when there is no
    /// room, and it is asked for again.
    func sendData(of id: Int32, head: UnsafeBufferPointer<UInt8>, length: Int) -> Bool
    /// A frame was sent.
    func frameSent(_ frame: nghttp2_frame)
    /// A frame that was submitted cannot be sent: its header block is longer than
    /// ``HTTP2LibrarySession/sentBlockBytesMax``, or its stream or the connection takes no more.
    func frameNotSent(_ frame: nghttp2_frame, isTooLong: Bool)
    /// A stream is closed on both sides, with this code.
    func streamClosed(_ id: Int32, _ code: UInt32)
}

extension HTTP2SessionOwner {
    package func frameBegan(_ head: nghttp2_frame_hd) {}
    package func frameNotSent(_ frame: nghttp2_frame, isTooLong: Bool) {}
}

/// What of a body can be sent.
package enum HTTP2BodyLength {
    /// Nothing now; the library waits to be told that there is more.
    case nothing
    /// So many bytes, and more will follow.
    case some(Int)
    /// So many bytes, which are the last; the stream ends with them.
    case last(Int)
    /// So many bytes, which are the last before trailers.
    case beforeTrailers(Int)

    /// What goes into a frame of `lengthMax` bytes at most.
    ///
    /// - Parameters:
    ///   - waiting: How many bytes wait.
    ///   - isEnded: Whether no more will follow them.
    ///   - lengthMax: The most that the frame takes.
    package init(of waiting: Int, isEnded: Bool, upTo lengthMax: Int) {
        let count = min(waiting, lengthMax)
        if isEnded, count == waiting {
            self = .last(count)
        } else {
            self = count > 0 ? .some(count) : .nothing
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

internal import HTTP
internal import HTTP2

/// What the session knows of one stream: a request on its way, and its answer.
final class HTTP2ClientStream {
    /// Reads a header block; `nil` between blocks.
    var assembler: HTTP2ResponseAssembler?
    /// Whether the final head of the answer came, behind which there are only trailers.
    var hasHead = false
    /// Whether the answer is complete.
    var hasEnded = false
    /// Whether the head of the request was sent: before, the peer cannot know of it.
    var isHeadSent = false
    /// Whether the user of the session ended it, and hears no more of it.
    var isLeft = false
    /// Whether its head or its trailers are longer than can be sent.
    var isTooLong = false
    /// Whether we had to end it because of what came.
    var isMalformed = false
    /// What was wrong, when that is known.
    var fault: HTTPParseError?

    /// Body bytes that the windows have not let through.
    var output = HTTP2StreamOutput()
    var trailers: HTTP2FieldLines?
    var isRequestEnded = false
    /// Whether nghttp2 waits to be told that there are bytes again.
    var isDeferred = false
    /// Whether somebody was told that there is no room.
    var isRoomAwaited = false
}

// SPDX-License-Identifier: Apache-2.0

/// Why a message is refused; the connection is of no use afterwards.
package enum HTTPParseError: Error, Equatable, Sendable {
    /// The first line is longer than the limit.
    case startLineTooLong
    /// The header, or a trailer, has more bytes than the limit.
    case headerTooLarge
    /// The header, or a trailer, has more lines than the limit.
    case headerCountExceeded
    /// The first line is no request line or status line (RFC 9112 sections 3 and 4).
    case startLineInvalid
    /// A major version of HTTP other than 1 (RFC 9110 section 2.5).
    case versionNotSupported
    /// The target fits none of the four forms, or not this method (RFC 9112 section 3.2).
    case targetInvalid
    /// A line that ends without CR, or a CR without LF (RFC 9112 section 2.2).
    case lineEndInvalid
    /// A line that goes on with a space or tab (RFC 9112 section 5.2).
    case lineFolded
    /// No name, a space before the colon, or a byte that is no token (RFC 9112 section 5.1).
    case fieldNameInvalid
    /// A control character in a value (RFC 9110 section 5.5).
    case fieldValueInvalid
    /// None, several, or an invalid `Host` in HTTP/1.1 (RFC 9112 section 3.2).
    case hostInvalid
    /// `Content-Length` is repeated or no number (RFC 9112 section 6.3).
    case contentLengthInvalid
    /// Both `Content-Length` and `Transfer-Encoding`, or one in HTTP/1.0 (RFC 9112 section 6.1).
    case framingAmbiguous
    /// `chunked` is not the last transfer coding, or is there twice (RFC 9112 section 6.3).
    case transferCodingInvalid
    /// A transfer coding that is not implemented, below `chunked` (RFC 9112 section 6.1).
    case transferCodingUnsupported
    /// An expectation other than `100-continue` (RFC 9110 section 10.1.1).
    case expectationUnknown
    /// A chunk size that is no hexadecimal number, or beyond the range (RFC 9112 section 7.1).
    case chunkSizeInvalid
    /// What follows a chunk size is no extension (RFC 9112 section 7.1.1).
    case chunkExtensionInvalid
    /// One chunk extension, or all of a body, longer than the limit.
    case chunkExtensionTooLong
    /// The bytes after a chunk are not CRLF (RFC 9112 section 7.1).
    case chunkEndInvalid
    /// The body is larger than the limit.
    case bodyTooLarge

    /// The status of the answer that reports it.
    package var status: HTTPStatus {
        switch self {
        case .startLineTooLong: .uriTooLong
        case .headerTooLarge, .headerCountExceeded: .headerFieldsTooLarge
        case .versionNotSupported: .versionNotSupported
        case .transferCodingUnsupported: .notImplemented
        case .expectationUnknown: .expectationFailed
        case .bodyTooLarge: .contentTooLarge
        default: .badRequest
        }
    }

    /// One sentence for the person who wrote the client.
    package var explanation: String {
        switch self {
        case .startLineTooLong: "the request line is longer than this server accepts"
        case .headerTooLarge: "the header is larger than this server accepts"
        case .headerCountExceeded: "the header has more fields than this server accepts"
        case .startLineInvalid: "the first line is no HTTP/1.1 request line"
        case .versionNotSupported: "only HTTP/1 is spoken here"
        case .targetInvalid: "the request target is not valid for this method"
        case .lineEndInvalid: "a line does not end with CR LF"
        case .lineFolded: "a header field is folded over several lines"
        case .fieldNameInvalid: "a header field name is empty or holds an invalid character"
        case .fieldValueInvalid: "a header field value holds a control character"
        case .hostInvalid: "HTTP/1.1 needs exactly one valid Host field"
        case .contentLengthInvalid: "Content-Length is repeated or is not a number"
        case .framingAmbiguous: "the message says in two ways where its body ends"
        case .transferCodingInvalid: "the last transfer coding is not a single chunked"
        case .transferCodingUnsupported: "the only transfer coding accepted here is chunked"
        case .expectationUnknown: "the only expectation known here is 100-continue"
        case .chunkSizeInvalid: "a chunk size is not a valid hexadecimal number"
        case .chunkExtensionInvalid: "a chunk size is followed by something other than extensions"
        case .chunkExtensionTooLong: "a chunk extension is longer than this server accepts"
        case .chunkEndInvalid: "a chunk is not followed by CR LF"
        case .bodyTooLarge: "the body is larger than this server accepts"
        }
    }

    /// One sentence for the person who wrote the server whose answer was read.
    package var answerExplanation: String {
        switch self {
        case .startLineInvalid: "the first line is no HTTP/1.1 status line"
        case .startLineTooLong: "the status line is longer than this client accepts"
        case .headerTooLarge: "the header is larger than this client accepts"
        case .headerCountExceeded: "the header has more fields than this client accepts"
        case .chunkExtensionTooLong: "a chunk extension is longer than this client accepts"
        case .bodyTooLarge: "the body is larger than this client accepts"
        default: self.explanation
        }
    }
}

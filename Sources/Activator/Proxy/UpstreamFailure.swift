// SPDX-License-Identifier: Apache-2.0

internal import EventLoop
internal import Glibc
internal import HTTP
internal import HTTP2Client

/// Why a function's answer did not come, or not to its end.
enum UpstreamFailure: Equatable {
    /// No connection could be made, with this `errno`.
    case notConnected(Int32)
    /// The function's process ended without having seen the request.
    case neverAccepted
    /// The connection ended before a first byte of an answer.
    case closedEarly
    /// The connection ended within an answer.
    case closedMidway
    /// What came is no HTTP/1.1 answer.
    case malformed(HTTPParseError)
    /// What came is no answer of HTTP/2, though the connection is one.
    case malformedHTTP2
    /// What came is no HTTP/2 at all.
    case notHTTP2
    /// The function gave the request back, or ended its connection, without having begun it.
    case refused
    /// The function ended the request with this code.
    case reset(HTTP2ErrorCode)
    /// The head or the trailers of the request are longer than HTTP/2 takes them to a function.
    case requestTooLong
    /// The function switched protocols, which nobody had asked for.
    case upgraded
    /// The answer took longer than the revision allows.
    case timedOut

    /// Why a stream of HTTP/2 ended early.
    init(_ failure: HTTP2ClientSession.StreamFailure) {
        self =
            switch failure {
            case .unprocessed: .refused
            case .reset(let code): .reset(code)
            case .malformed(let error?): .malformed(error)
            case .malformed(nil): .malformedHTTP2
            case .tooLong: .requestTooLong
            }
    }

    /// Whether nobody was there to take the connection, rather than we had none to give.
    var meansNobodyListens: Bool {
        guard case .notConnected(let code) = self else { return false }
        return [ECONNREFUSED, EHOSTUNREACH, ENETUNREACH, ETIMEDOUT].contains(code)
    }

    /// What the function did, to follow its name in a sentence.
    var explanation: String {
        switch self {
        case .notConnected(let code):
            "could not be connected to (\(SystemError("connect", code: code)))"
        case .neverAccepted: "ended before it took the request"
        case .closedEarly: "closed the connection before it answered"
        case .closedMidway: "closed the connection in the middle of its answer"
        case .malformed(let error):
            "sent an answer that is not valid HTTP: \(error.answerExplanation)"
        case .malformedHTTP2: "sent an answer that is not valid HTTP/2"
        case .notHTTP2: "does not speak HTTP/2, which its port's name (h2c) promises"
        case .refused: "never began the request: each time it refused it or closed the connection"
        case .reset(let code): "ended the request with \(code)"
        case .requestTooLong:
            "is sent no head or trailers of more than \(HTTP2ClientSession.sentBlockBytesMax) bytes"
        case .upgraded: "switched protocols without being asked to"
        case .timedOut: "did not answer in time"
        }
    }
}

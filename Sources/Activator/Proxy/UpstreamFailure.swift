// SPDX-License-Identifier: Apache-2.0

internal import EventLoop
internal import Glibc
internal import HTTP

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
    /// The function switched protocols, which nobody had asked for.
    case upgraded
    /// The answer took longer than the revision allows.
    case timedOut

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
        case .malformed(let error): "sent an answer that is not valid HTTP: \(error.explanation)"
        case .upgraded: "switched protocols without being asked to"
        case .timedOut: "did not answer in time"
        }
    }
}

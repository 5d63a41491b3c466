// SPDX-License-Identifier: Apache-2.0

internal import Bytes
internal import HTTP
internal import HTTP2Client
internal import HTTPServer

/// How a call of gRPC went; the numbers are those of gRPC's list of status codes.
enum GRPCStatus: Int {
    case cancelled = 1
    case deadlineExceeded = 4
    case permissionDenied = 7
    case resourceExhausted = 8
    case unimplemented = 12
    case `internal` = 13
    case unavailable = 14
    case unauthenticated = 16

    /// What an answer of HTTP means to a call: as gRPC's table has it, but for what is our own.
    ///
    /// A function that took too long (504) may have done its work, so that a client should not try
    /// again by itself; a body that is too large (413) is gRPC's own case of a limit.
    init(_ status: HTTPStatus) {
        self =
            switch status.rawValue {
            case 401: .unauthenticated
            case 403: .permissionDenied
            case 404, 501: .unimplemented
            case 413: .resourceExhausted
            case 429, 502, 503: .unavailable
            case 504: .deadlineExceeded
            default: .internal
            }
    }

    /// What the reset of a stream means to its call, by gRPC's table of HTTP/2 error codes.
    init(_ code: HTTP2ErrorCode) {
        self =
            switch code {
            case .refusedStream: .unavailable
            case .cancel: .cancelled
            case .enhanceYourCalm: .resourceExhausted
            case .inadequateSecurity: .permissionDenied
            default: .internal
            }
    }
}

/// Answers of the activator's own, in the form that the client of a call reads.
///
/// A call ends with a status in trailers; where there is no answer yet, the trailers are all of it.
extension HTTPExchange {
    /// Whether the request is a call of gRPC: HTTP/2, and `application/grpc` with or without a
    /// message format, but not gRPC-Web.
    private var isGRPC: Bool {
        guard self.request.version == .http2,
            let type = self.request.fields.valueBytes("content-type")
        else { return false }
        let name = Array("application/grpc".utf8)
        guard type.count >= name.count,
            HTTPText.equalsIgnoringCase(type.prefix(name.count), "application/grpc")
        else { return false }
        let rest = type.dropFirst(name.count)
        return rest.isEmpty || [UInt8(ascii: "+"), UInt8(ascii: ";")].contains(rest.first)
    }

    /// Answers in a function's place; nothing of an answer was sent before.
    func respond(_ answer: ProblemAnswer) {
        guard self.isGRPC else {
            return self.respond(answer.status, answer.fields, body: answer.body)
        }
        var fields: HTTPFields = ["Content-Type": "application/grpc"]
        fields.append(lines: 0..<answer.grpcTrailers.count, of: answer.grpcTrailers)
        self.respond(.ok, fields)
    }

    /// Ends an answer that was begun, so that its client sees that it is not whole.
    func breakOff(_ answer: ProblemAnswer) {
        guard self.isGRPC else { return self.abort() }
        self.end(trailers: answer.grpcTrailers)
    }
}

extension ProblemAnswer {
    /// The status of a call, what went wrong, and when to try again.
    var grpcTrailers: HTTPFields {
        let status = self.grpcStatus ?? GRPCStatus(self.status)
        let message = PercentCoding.encode(self.detail) {
            0x20...0x7E ~= $0 && $0 != UInt8(ascii: "%")
        }
        var trailers: HTTPFields = [
            "Grpc-Status": "\(status.rawValue)", "Grpc-Message": message,
        ]
        if self.retryAfter != nil, status == .unavailable {
            trailers.append("Grpc-Retry-Pushback-Ms", "\(self.retryAfterSeconds * 1000)")
        }
        return trailers
    }
}

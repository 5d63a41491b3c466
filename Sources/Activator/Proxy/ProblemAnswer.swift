// SPDX-License-Identifier: Apache-2.0

internal import Bytes
internal import HTTP

/// An answer that the activator gives in a function's place (RFC 9457).
struct ProblemAnswer {
    var status: HTTPStatus
    /// One sentence for whoever sent the request.
    var detail: String
    /// After which the request may be tried again.
    var retryAfter: Duration?
    /// The status of a call of gRPC, where ``status`` does not tell it.
    var grpcStatus: GRPCStatus?
    /// What else a program may read, by name.
    var members: KeyValuePairs<String, String> = [:]

    /// The header fields.
    var fields: HTTPFields {
        var fields: HTTPFields = ["Content-Type": "application/problem+json"]
        if self.retryAfter != nil { fields.append("Retry-After", "\(self.retryAfterSeconds)") }
        return fields
    }

    /// The body.
    var body: [UInt8] {
        var text = #"{"type":"about:blank","title":"#
        text += JSONText.escape(self.status.reasonPhrase)
        text += #","status":\#(self.status.rawValue),"detail":"#
        text += JSONText.escape(self.detail)
        for (name, value) in self.members {
            text += ",\(JSONText.escape(name)):\(JSONText.escape(value))"
        }
        text += "}\n"
        return Array(text.utf8)
    }

    /// `Retry-After` knows no fractions: at least 1, rounded up.
    var retryAfterSeconds: Int64 {
        let (seconds, attoseconds) = (self.retryAfter ?? .zero).components
        return max(1, attoseconds > 0 ? seconds + 1 : seconds)
    }
}

// SPDX-License-Identifier: Apache-2.0

internal import FoundationEssentials
internal import HTTP

/// An answer to a plain HTTP request.
public struct Response: Sendable, Equatable {
    /// The status, 200…599.
    public var status: Int
    /// The header fields; length and connection are added by the server.
    public var headers: Headers
    /// The body.
    public var body: [UInt8]

    /// Makes an answer.
    public init(status: Int = 200, headers: Headers = [:], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// Plain text in UTF-8.
    public static func text(_ text: String, status: Int = 200) -> Response {
        Response(
            status: status,
            headers: ["Content-Type": "text/plain; charset=utf-8"],
            body: Array(text.utf8)
        )
    }

    /// A page.
    public static func html(_ html: String, status: Int = 200) -> Response {
        Response(
            status: status,
            headers: ["Content-Type": "text/html; charset=utf-8"],
            body: Array(html.utf8)
        )
    }

    /// A value as JSON.
    public static func json(_ value: some Encodable, status: Int = 200) throws -> Response {
        Response(
            status: status,
            headers: ["Content-Type": "application/json"],
            body: try JSONPayload.encode(value)
        )
    }

    /// One sentence that says why not.
    static func refusal(
        _ status: Int,
        _ explanation: String,
        retryAfter: Duration? = nil
    ) -> Response {
        var response = Response.text(explanation + "\n", status: status)
        if let retryAfter {
            // Whole seconds, and never too early (RFC 9110 section 10.2.3).
            let (seconds, attoseconds) = retryAfter.components
            let whole = attoseconds > 0 && seconds < .max ? seconds + 1 : seconds
            response.headers["Retry-After"] = String(max(0, whole))
        }
        return response
    }
}

// SPDX-License-Identifier: Apache-2.0

internal import FoundationEssentials
package import HTTP

/// Why the API server did not do what it was asked for.
package struct KubernetesError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The kinds of failure; their names are labels of a metric.
    package enum Kind: String, Sendable, CaseIterable {
        /// 401: the token is not, or no longer, good.
        case unauthorized
        /// 403: the account has no such right.
        case forbidden
        /// 404: there is no such object.
        case notFound
        /// 409: somebody else changed the object at the same time.
        case conflict
        /// 410: the changes since a resource version are not known any more.
        case gone
        /// 429: too many requests.
        case throttled
        /// 5xx.
        case serverFailed
        /// Any other status that is not 2xx.
        case refused
        /// There was no answer.
        case unreachable
        /// What was answered is not what it should be.
        case malformed
        /// There is no token to show.
        case credentials
    }

    /// The longest wait that a `Retry-After` may ask for.
    package static let retryAfterMax = Duration.seconds(60)
    /// Most bytes of the server's own words in a message.
    private static let quotedBytesMax = 300

    /// The kind of failure.
    package var kind: Kind
    /// One sentence for the log; no token.
    package var message: String
    /// How long the server asks to be left alone.
    package var retryAfter: Duration?

    /// The message.
    package var description: String { self.message }

    /// Makes an error.
    package init(_ kind: Kind, _ message: String, retryAfter: Duration? = nil) {
        self.kind = kind
        self.message = message
        self.retryAfter = retryAfter
    }

    /// Reads an answer that is no success.
    ///
    /// - Parameters:
    ///   - status: The status of the answer.
    ///   - fields: Its fields, for `Retry-After`.
    ///   - body: Its body, a `Status` of Kubernetes where the API server itself answered.
    ///   - purpose: What was wanted, to follow "cannot".
    package init(status: HTTPStatus, fields: HTTPFields, body: [UInt8], purpose: String) {
        self.init(
            code: Int(status.rawValue),
            reason: Self.reason(in: body),
            purpose: purpose,
            retryAfter: Self.retryAfter(fields)
        )
    }

    /// Makes an error of a status and the server's words.
    init(code: Int, reason: String?, purpose: String, retryAfter: Duration? = nil) {
        self.kind = Self.kind(of: code)
        let words = reason.map { " (\($0))" } ?? ""
        self.message = "the API server answered \(code)\(words): cannot \(purpose)"
        if let advice = Self.advice(self.kind) { self.message += "; \(advice)" }
        self.retryAfter = retryAfter
    }

    private static func kind(of code: Int) -> Kind {
        switch code {
        case 401: .unauthorized
        case 403: .forbidden
        case 404: .notFound
        case 409: .conflict
        case 410: .gone
        case 429: .throttled
        case 500...599: .serverFailed
        default: .refused
        }
    }

    private static func advice(_ kind: Kind) -> String? {
        switch kind {
        case .unauthorized: "check the token of the service account"
        case .forbidden: "give its service account a Role with this right"
        case .notFound: "create the object, or correct its name"
        default: nil
        }
    }

    /// The `message` of a `Status`, fit for a log.
    private static func reason(in body: [UInt8]) -> String? {
        struct Status: Decodable { var message: String? }
        guard let status = try? JSONDecoder().decode(Status.self, from: Data(body)),
            let message = status.message, !message.isEmpty
        else { return nil }
        return Self.printable(message)
    }

    static func printable(_ text: String) -> String {
        let bytes = text.utf8.prefix(Self.quotedBytesMax).map { byte in
            byte >= 0x20 && byte < 0x7F ? byte : UInt8(ascii: "?")
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Seconds, which is all that the API server sends (RFC 9110 section 10.2.3).
    private static func retryAfter(_ fields: HTTPFields) -> Duration? {
        guard let text = fields["retry-after"], let seconds = UInt32(text) else { return nil }
        return min(.seconds(Int64(seconds)), Self.retryAfterMax)
    }
}

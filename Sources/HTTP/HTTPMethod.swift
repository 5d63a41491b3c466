// SPDX-License-Identifier: Apache-2.0

/// A request method; case matters (RFC 9110 section 9.1).
package struct HTTPMethod: RawRepresentable, Hashable, Sendable, ExpressibleByStringLiteral,
    CustomStringConvertible
{
    /// The method as sent.
    package var rawValue: String

    /// Takes any text; the encoder refuses what is no token.
    package init(rawValue: String) { self.rawValue = rawValue }
    /// Makes a method of a literal.
    package init(stringLiteral value: String) { self.rawValue = value }

    /// The method as sent.
    package var description: String { self.rawValue }

    package static let get: Self = "GET"
    package static let head: Self = "HEAD"
    package static let post: Self = "POST"
    package static let put: Self = "PUT"
    package static let delete: Self = "DELETE"
    package static let options: Self = "OPTIONS"
    package static let patch: Self = "PATCH"
    package static let connect: Self = "CONNECT"
    package static let trace: Self = "TRACE"

    /// The methods of RFC 9110 section 9.3, and PATCH (RFC 5789).
    package static let registered: [Self] = [
        .get, .head, .post, .put, .delete, .options, .patch, .connect, .trace,
    ]

    /// Whether repeating a request has the effect of sending it once (RFC 9110 section 9.2.2).
    package var isIdempotent: Bool {
        switch self {
        case .get, .head, .put, .delete, .options, .trace: true
        default: false
        }
    }
}

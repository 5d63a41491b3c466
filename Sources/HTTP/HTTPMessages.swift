// SPDX-License-Identifier: Apache-2.0

/// The head of a request (RFC 9112 section 3).
package struct HTTPRequestHead: Sendable, Equatable {
    /// The method, for example `POST`.
    package var method: HTTPMethod
    /// The target as sent: a path with query, an absolute URI, or `*`.
    package var target: String
    /// The digit after `HTTP/1.`.
    package var minorVersion: UInt8
    /// The header fields.
    package var fields: HTTPFields

    /// Makes a head; nothing is checked before it is encoded.
    package init(
        method: HTTPMethod,
        target: String,
        minorVersion: UInt8 = 1,
        fields: HTTPFields = HTTPFields()
    ) {
        self.method = method
        self.target = target
        self.minorVersion = minorVersion
        self.fields = fields
    }

    /// The target from its first slash to the `?`, still percent-encoded; `*` stays as it is.
    package var path: String { String(self.originForm.prefix { $0 != "?" }) }

    /// What follows the `?`, still percent-encoded.
    package var query: String? {
        guard let mark = self.target.firstIndex(of: "?") else { return nil }
        return String(self.target[self.target.index(after: mark)...])
    }

    /// The target without the scheme and authority of an absolute URI (RFC 9112 section 3.2.2).
    package var originForm: Substring {
        if self.target.utf8.first == UInt8(ascii: "/") || self.target == "*" {
            return self.target[...]
        }
        guard let scheme = self.firstRange(of: "://", in: self.target[...]) else {
            return self.target[...]
        }
        let rest = self.target[scheme.upperBound...]
        guard let end = rest.firstIndex(where: { $0 == "/" || $0 == "?" }) else { return "/" }
        return rest[end] == "/" ? rest[end...] : "/" + rest[end...]
    }

    /// The host and port the request is for: of an absolute target, else of the `Host` field.
    package var authority: String? {
        if self.target.utf8.first != UInt8(ascii: "/"),
            let scheme = self.firstRange(of: "://", in: self.target[...])
        {
            return String(self.target[scheme.upperBound...].prefix { $0 != "/" && $0 != "?" })
        }
        return self.fields["host"]
    }

    private func firstRange(of part: String, in text: Substring) -> Range<String.Index>? {
        var start = text.startIndex
        while start < text.endIndex {
            if text[start...].hasPrefix(part) {
                return start..<text.index(start, offsetBy: part.count)
            }
            start = text.index(after: start)
        }
        return nil
    }
}

/// The head of a response (RFC 9112 section 4).
package struct HTTPResponseHead: Sendable, Equatable {
    /// The status code.
    package var status: HTTPStatus
    /// The header fields.
    package var fields: HTTPFields

    /// Makes a head; nothing is checked before it is encoded.
    package init(status: HTTPStatus, fields: HTTPFields = HTTPFields()) {
        self.status = status
        self.fields = fields
    }
}

/// How the end of a body is found (RFC 9112 section 6.3).
package enum HTTPBodyFraming: Sendable, Equatable {
    /// There is no body.
    case none
    /// That many bytes, at least one.
    case length(Int)
    /// Chunks, and trailers after them.
    case chunked
    /// All until the peer closes; responses only.
    case untilClose
}

// SPDX-License-Identifier: Apache-2.0

/// The version that a message was sent in (RFC 9110 section 2.5).
package enum HTTPVersion: Sendable, Hashable {
    case http10
    case http11
    case http2
}

/// The head of a request (RFC 9112 section 3, RFC 9113 section 8.3.1).
package struct HTTPRequestHead: Sendable, Equatable {
    /// The method, for example `POST`.
    package var method: HTTPMethod
    /// The target as sent: a path with query, an absolute URI, or `*`.
    package var target: String
    /// The version it was sent in.
    package var version: HTTPVersion
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
        self.version = minorVersion == 0 ? .http10 : .http11
        self.fields = fields
    }

    /// As ``init(method:target:minorVersion:fields:)``, of any version.
    package init(method: HTTPMethod, target: String, version: HTTPVersion, fields: HTTPFields) {
        self.method = method
        self.target = target
        self.version = version
        self.fields = fields
    }

    /// The digit after `HTTP/1.`; HTTP/2 means what 1.1 means, and counts as 1.
    package var minorVersion: UInt8 { self.version == .http10 ? 0 : 1 }

    /// The target from its first slash to the `?`, still percent-encoded; `*` stays as it is.
    package var path: String {
        let origin = self.originForm
        let end = origin.utf8.firstIndex(of: UInt8(ascii: "?")) ?? origin.endIndex
        return String(origin[..<end])
    }

    /// What follows the `?`, still percent-encoded.
    package var query: String? {
        guard let mark = self.target.utf8.firstIndex(of: UInt8(ascii: "?")) else { return nil }
        return String(self.target[self.target.utf8.index(after: mark)...])
    }

    /// The target without the scheme and authority of an absolute URI (RFC 9112 section 3.2.2).
    package var originForm: Substring {
        guard let authority = self.authorityRange else { return self.target[...] }
        let rest = self.target[authority.upperBound...]
        return rest.utf8.first == UInt8(ascii: "/") ? rest : "/" + rest
    }

    /// The host and port the request is for: of an absolute target, else of the `Host` field.
    package var authority: String? {
        guard let range = self.authorityRange else { return self.fields["host"] }
        return String(self.target[range])
    }

    /// Whether the target is absolute, with a scheme of ours (RFC 9110 section 4.2), case aside.
    var hasWebScheme: Bool {
        let bytes = self.target.utf8
        return ["http://", "https://"].contains { scheme in
            zip(bytes, scheme.utf8).allSatisfy { HTTPText.lowercased($0) == $1 }
                && bytes.count >= scheme.utf8.count
        }
    }

    /// Where the authority of an absolute target lies: from `://` to the path, query or end.
    private var authorityRange: Range<String.Index>? {
        let bytes = self.target.utf8
        guard bytes.first != UInt8(ascii: "/"),
            let colon = bytes.firstIndex(of: UInt8(ascii: ":")),
            bytes[colon...].starts(with: "://".utf8)
        else { return nil }
        let start = bytes.index(colon, offsetBy: 3)
        let end = bytes[start...].firstIndex {
            $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?")
        }
        return start..<(end ?? bytes.endIndex)
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

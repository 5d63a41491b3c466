// SPDX-License-Identifier: Apache-2.0

import Bytes
package import HTTP

/// The parts of a request that a signature covers.
package struct SignableRequest: Sendable {
    /// The method, for example `GET`.
    package var method: String
    /// The path as sent, percent-encoding untouched.
    package var path: String
    /// What follows the `?`, as sent.
    package var query: String?
    /// The header; signed fields are looked up here.
    package var fields: HTTPFields

    /// Makes the parts.
    package init(method: String, path: String, query: String?, fields: HTTPFields) {
        self.method = method
        self.path = path
        self.query = query
        self.fields = fields
    }

    /// How path and query are brought to one form before they are signed.
    enum Form {
        /// S3's rule: decoded once, encoded once, `/` kept, nothing collapsed; the query sorted.
        case canonical
        /// As it was sent, which is what curl before 8.3 signs.
        case asSent
    }

    /// The canonical request, to be hashed (Signature Version 4, task 1).
    ///
    /// - Returns: `nil` when path or query cannot be decoded.
    func canonicalRequest(
        signedNames: [String],
        payloadHash: String,
        form: Form,
        leavingOutQueryItem excluded: String? = nil
    ) -> [UInt8]? {
        guard let (path, query) = self.pathAndQuery(form, leavingOut: excluded) else { return nil }
        var text = Array("\(self.method)\n\(path)\n\(query)\n".utf8)
        let values = self.collectValues(of: signedNames)
        for name in signedNames {
            text.append(contentsOf: name.utf8)
            text.append(UInt8(ascii: ":"))
            text.append(contentsOf: values[name] ?? [])
            text.append(UInt8(ascii: "\n"))
        }
        text.append(contentsOf: "\n\(signedNames.joined(separator: ";"))\n\(payloadHash)".utf8)
        return text
    }

    private func pathAndQuery(
        _ form: Form,
        leavingOut excluded: String?
    ) -> (path: String, query: String)? {
        switch form {
        case .asSent:
            return (self.path, self.query ?? "")
        case .canonical:
            guard let items = QueryItems(self.query),
                let path = PercentCoding.decodeText(self.path)
            else { return nil }
            return (S3Path.encode(path), items.canonical(leavingOut: excluded))
        }
    }

    /// The values of the signed fields, tidied and joined by `,` where a field came twice.
    private func collectValues(of names: [String]) -> [String: [UInt8]] {
        let wanted = Set(names)
        var values: [String: [UInt8]] = [:]
        self.fields.forEachBytes { name, value in
            let name = String(decoding: name.map(HTTPText.lowercased), as: UTF8.self)
            guard wanted.contains(name) else { return }
            if values[name] != nil { values[name, default: []].append(UInt8(ascii: ",")) }
            Self.appendTidied(value, to: &values[name, default: []])
        }
        return values
    }

    /// Drops spaces at both ends and turns each run of spaces inside into one.
    private static func appendTidied(_ value: ArraySlice<UInt8>, to text: inout [UInt8]) {
        var isFirst = true
        for word in value.split(whereSeparator: { $0 == 0x20 || $0 == 0x09 }) {
            if !isFirst { text.append(0x20) }
            text.append(contentsOf: word)
            isFirst = false
        }
    }
}

/// Paths as S3 writes them.
package enum S3Path {
    /// Encodes all but unreserved characters and `/`, once.
    package static func encode(_ path: String) -> String {
        PercentCoding.encode(path) { PercentCoding.isUnreserved($0) || $0 == UInt8(ascii: "/") }
    }
}

// SPDX-License-Identifier: Apache-2.0

package import Bytes
package import HTTP

/// Signs requests (AWS Signature Version 4, as S3 uses it).
package struct RequestSigner: Sendable {
    private let credentials: S3Credentials
    private let region: String

    /// Makes a signer for one pair of keys in one region.
    package init(credentials: S3Credentials, region: String) {
        self.credentials = credentials
        self.region = region
    }

    /// The fields that make `request` a signed one.
    ///
    /// - Parameters:
    ///   - request: The request; its fields hold `host`, and all of them are signed.
    ///   - payloadHash: What the signature says about the body.
    ///   - time: The time of signing; servers refuse it when 15 minutes off.
    /// - Returns: `x-amz-date`, `x-amz-content-sha256` and `authorization`, to be added.
    package func sign(
        _ request: SignableRequest,
        payloadHash: PayloadHash,
        time: Timestamp
    ) -> HTTPFields {
        let context = self.makeContext(at: time)
        var added = HTTPFields()
        added.append("x-amz-date", time.amzDate)
        added.append("x-amz-content-sha256", payloadHash.text)
        var signed = request
        signed.fields.append(contentsOf: added)
        let names = Self.names(of: signed.fields)
        let canonical = signed.canonicalRequest(
            signedNames: names,
            payloadHash: payloadHash.text,
            form: .canonical
        )
        let signature = context.signature(ofCanonicalRequest: canonical ?? [])
        added.append(
            "authorization",
            SigningContext.algorithm
                + " Credential=\(self.credentials.accessKey)/\(context.scope.text),"
                + "SignedHeaders=\(names.joined(separator: ";")),Signature=\(signature)"
        )
        return added
    }

    /// The query that lets anybody send `request` until it expires (query string authentication).
    ///
    /// - Parameters:
    ///   - request: The request; its fields hold `host`, and all of them are signed.
    ///   - time: The time of signing.
    ///   - expiresAfter: How long it is good, at most seven days.
    /// - Returns: The whole query, without `?`.
    package func presign(
        _ request: SignableRequest,
        time: Timestamp,
        expiresAfter: Duration
    ) -> String {
        let context = self.makeContext(at: time)
        let names = Self.names(of: request.fields)
        var items = QueryItems(request.query) ?? QueryItems()
        items.append("X-Amz-Algorithm", SigningContext.algorithm)
        items.append("X-Amz-Credential", "\(self.credentials.accessKey)/\(context.scope.text)")
        items.append("X-Amz-Date", time.amzDate)
        items.append("X-Amz-Expires", String(expiresAfter.components.seconds))
        items.append("X-Amz-SignedHeaders", names.joined(separator: ";"))
        var signed = request
        signed.query = items.canonical()
        let canonical = signed.canonicalRequest(
            signedNames: names,
            payloadHash: PayloadHash.unsigned.text,
            form: .canonical
        )
        let signature = context.signature(ofCanonicalRequest: canonical ?? [])
        return items.canonical() + "&X-Amz-Signature=\(signature)"
    }

    private func makeContext(at time: Timestamp) -> SigningContext {
        SigningContext(time: time, region: self.region, secretKey: self.credentials.secretKey)
    }

    private static func names(of fields: HTTPFields) -> [String] {
        Set(fields.lowercasedPairs.map(\.name)).sorted()
    }
}

// SPDX-License-Identifier: Apache-2.0

package import Bytes
import HTTP

/// Checks the signatures of requests: AWS Signature Version 4 in field or query, version 2 in the
/// query alone.
package struct SignatureVerifier: Sendable {
    /// How far the clocks of both sides may be apart.
    static let skewSecondsMax: Int64 = 15 * 60
    /// How long a query signature may be good.
    static let expirySecondsMax: Int64 = 7 * 24 * 3600

    private let credentials: S3Credentials
    private let region: String

    /// Makes a verifier that believes one pair of keys in one region.
    package init(credentials: S3Credentials, region: String) {
        self.credentials = credentials
        self.region = region
    }

    /// A request that is believed, and what its body must show.
    package struct Outcome: Sendable {
        /// Who sent it.
        package var accessKey: String
        /// What the body is measured against.
        package var payloadHash: PayloadHash
        /// What signatures inside the body are checked with.
        var context: SigningContext
        /// The request's signature, which the first one inside the body covers.
        var signature: String
    }

    /// Checks one request.
    ///
    /// - Parameters:
    ///   - request: The request as it came.
    ///   - now: Our clock.
    ///   - bodyHash: The SHA-256 of the body, for a client that signed it without sending it.
    /// - Returns: What the body must show; the body itself is not looked at.
    /// - Throws: Why the request is not believed.
    package func verify(
        _ request: SignableRequest,
        at now: Timestamp,
        bodyHash: [UInt8]? = nil
    ) throws(SignatureError) -> Outcome {
        let authorization = request.fields["authorization"]
        guard let items = QueryItems(request.query) else { throw .undecodable }
        guard items.contains("X-Amz-Algorithm") else {
            if let authorization {
                return try self.verifyField(authorization, of: request, at: now, bodyHash: bodyHash)
            }
            guard items.contains("AWSAccessKeyId") else { throw .anonymous }
            return try self.verifyVersion2(items, of: request, at: now)
        }
        guard authorization == nil else { throw .twoMechanisms }
        return try self.verifyQuery(items, of: request, at: now)
    }

    private func verifyField(
        _ authorization: String,
        of request: SignableRequest,
        at now: Timestamp,
        bodyHash: [UInt8]?
    ) throws(SignatureError) -> Outcome {
        let claim = try SignatureClaim(authorizationField: authorization)
        guard let time = Self.time(of: request) else { throw .missingDate }
        guard abs(time.secondsSinceEpoch - now.secondsSinceEpoch) <= Self.skewSecondsMax
        else { throw .skewed }
        guard var payloadHash = PayloadHash(request.fields["x-amz-content-sha256"])
        else { throw .invalidPayloadHash }
        if payloadHash == .absent, let bodyHash { payloadHash = .hash(bodyHash) }
        return try self.check(
            claim,
            of: request,
            time: time,
            payloadHash: payloadHash,
            leavingOut: nil
        )
    }

    private func verifyQuery(
        _ items: QueryItems,
        of request: SignableRequest,
        at now: Timestamp
    ) throws(SignatureError) -> Outcome {
        guard items["X-Amz-Algorithm"] == SigningContext.algorithm
        else { throw .unsupportedAlgorithm }
        guard let credential = items["X-Amz-Credential"], let names = items["X-Amz-SignedHeaders"],
            let signature = items["X-Amz-Signature"],
            let claim = SignatureClaim(
                credential: credential,
                signedNames: names,
                signature: signature
            ),
            let time = items["X-Amz-Date"].flatMap({ Timestamp(amzDate: $0) }),
            let expirySeconds = items["X-Amz-Expires"].flatMap(Int64.init)
        else { throw .malformedQuery }
        guard 1...Self.expirySecondsMax ~= expirySeconds else { throw .invalidExpiry }
        let age = now.secondsSinceEpoch - time.secondsSinceEpoch
        guard age >= -Self.skewSecondsMax else { throw .skewed }
        guard age <= expirySeconds else { throw .expired }
        let hashText =
            request.fields["x-amz-content-sha256"] ?? items["X-Amz-Content-Sha256"]
            ?? PayloadHash.unsigned.text
        guard let payloadHash = PayloadHash(hashText) else { throw .invalidPayloadHash }
        return try self.check(
            claim,
            of: request,
            time: time,
            payloadHash: payloadHash,
            leavingOut: "X-Amz-Signature"
        )
    }

    private func verifyVersion2(
        _ items: QueryItems,
        of request: SignableRequest,
        at now: Timestamp
    ) throws(SignatureError) -> Outcome {
        guard let accessKey = items["AWSAccessKeyId"], let given = items["Signature"],
            let expires = items["Expires"], let expirySeconds = Int64(expires)
        else { throw .malformedQuery }
        guard accessKey == self.credentials.accessKey else { throw .unknownAccessKey }
        guard now.secondsSinceEpoch <= expirySeconds else { throw .expired }
        let payloadHash = PayloadHash(
            request.fields["x-amz-content-sha256"] ?? PayloadHash.unsigned.text
        )
        guard let payloadHash else { throw .invalidPayloadHash }
        // The pieces' signatures would have to follow one of version 4.
        if case .signedChunks = payloadHash { throw .invalidPayloadHash }
        let ours = SignatureVersion2.signature(
            of: request,
            items,
            expires: expires,
            secretKey: self.credentials.secretKey
        )
        guard ConstantTime.areEqual(Array(ours.utf8), Array(given.utf8)) else { throw .mismatch }
        let context = SigningContext(
            time: now,
            region: self.region,
            secretKey: self.credentials.secretKey
        )
        return Outcome(
            accessKey: accessKey,
            payloadHash: payloadHash,
            context: context,
            signature: ours
        )
    }

    private func check(
        _ claim: SignatureClaim,
        of request: SignableRequest,
        time: Timestamp,
        payloadHash: PayloadHash,
        leavingOut excluded: String?
    ) throws(SignatureError) -> Outcome {
        guard claim.accessKey == self.credentials.accessKey else { throw .unknownAccessKey }
        guard claim.region == self.region else { throw .wrongRegion(expected: self.region) }
        let context = SigningContext(
            time: time,
            region: self.region,
            secretKey: self.credentials.secretKey
        )
        guard claim.day == context.scope.day, claim.service == CredentialScope.service,
            claim.terminator == CredentialScope.terminator
        else { throw .wrongScope }
        try Self.checkSignedNames(claim.signedNames, of: request)
        // A query signature is cut out of the query, which only the canonical form can do.
        let forms: [SignableRequest.Form] = excluded == nil ? [.canonical, .asSent] : [.canonical]
        let given = Array(claim.signature.utf8)
        for form in forms {
            let canonical = request.canonicalRequest(
                signedNames: claim.signedNames,
                payloadHash: payloadHash.text,
                form: form,
                leavingOutQueryItem: excluded
            )
            guard let canonical else { throw .undecodable }
            let ours = context.signature(ofCanonicalRequest: canonical)
            guard ConstantTime.areEqual(Array(ours.utf8), given) else { continue }
            return Outcome(
                accessKey: claim.accessKey,
                payloadHash: payloadHash,
                context: context,
                signature: ours
            )
        }
        throw .mismatch
    }

    /// `host` and every `x-amz-…` field must be covered, else they could be added on the way.
    private static func checkSignedNames(
        _ names: [String],
        of request: SignableRequest
    ) throws(SignatureError) {
        guard names.contains("host") else { throw .unsignedField(name: "host") }
        for (name, _) in request.fields.lowercasedPairs
        where name.hasPrefix("x-amz-") && name != "x-amz-content-sha256" && !names.contains(name) {
            throw .unsignedField(name: name)
        }
    }

    private static func time(of request: SignableRequest) -> Timestamp? {
        if let text = request.fields["x-amz-date"] { return Timestamp(amzDate: text) }
        return request.fields["date"].flatMap { Timestamp(httpDate: $0) }
    }
}

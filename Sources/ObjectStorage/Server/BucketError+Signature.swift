// SPDX-License-Identifier: Apache-2.0

extension BucketError {
    /// What S3 answers to a request that is not believed.
    init(_ error: SignatureError) {
        switch error {
        case .anonymous:
            self.init(.accessDenied, "Anonymous requests are not allowed; sign the request.")
        case .unsupportedAlgorithm:
            self.init(
                .invalidRequest,
                "The authorization mechanism you have provided is not supported."
                    + " Please use AWS4-HMAC-SHA256."
            )
        case .twoMechanisms:
            self.init(.invalidRequest, "Only one auth mechanism allowed: field or query.")
        case .malformedHeader, .wrongScope:
            self.init(
                .authorizationHeaderMalformed,
                "The credential must read <access key>/<day of x-amz-date>/<region>/s3/aws4_request"
                    + ", followed by SignedHeaders and Signature."
            )
        case .malformedQuery, .invalidExpiry:
            self.init(
                .authorizationQueryParametersError,
                "The query needs X-Amz-Credential, X-Amz-Date, X-Amz-SignedHeaders, X-Amz-Signature"
                    + " and X-Amz-Expires, the last between 1 and 604800 seconds."
            )
        case .wrongRegion(let expected):
            self.init(
                .authorizationHeaderMalformed,
                "The authorization header is malformed; the region is wrong;"
                    + " expecting '\(expected)'."
            )
        case .missingDate:
            self.init(.accessDenied, "A signed request needs a valid x-amz-date or Date.")
        case .skewed:
            self.init(
                .requestTimeTooSkewed,
                "The difference between the request time and the server's time is too large."
            )
        case .expired: self.init(.accessDenied, "Request has expired.")
        case .unknownAccessKey:
            self.init(
                .invalidAccessKeyID,
                "The access key you provided does not exist in our records."
            )
        case .unsignedField(let name):
            self.init(.accessDenied, "The field \(name) is present but was not signed.")
        case .invalidPayloadHash:
            self.init(
                .invalidArgument,
                "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, a STREAMING-… word, or a SHA-256."
            )
        case .undecodable: self.init(.invalidURI, "Path or query hold a broken escape.")
        case .mismatch:
            self.init(
                .signatureDoesNotMatch,
                "The request signature we calculated does not match the signature you provided."
                    + " Check your key and signing method."
            )
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

package import HTTP

/// The error codes of S3 that the bucket answers, each with its status.
package enum S3ErrorCode: String, Sendable, CaseIterable {
    case accessDenied = "AccessDenied"
    case authorizationHeaderMalformed = "AuthorizationHeaderMalformed"
    case authorizationQueryParametersError = "AuthorizationQueryParametersError"
    case badDigest = "BadDigest"
    case bucketAlreadyOwnedByYou = "BucketAlreadyOwnedByYou"
    case bucketNotEmpty = "BucketNotEmpty"
    case entityTooLarge = "EntityTooLarge"
    case entityTooSmall = "EntityTooSmall"
    case incompleteBody = "IncompleteBody"
    case internalError = "InternalError"
    case invalidAccessKeyID = "InvalidAccessKeyId"
    case invalidArgument = "InvalidArgument"
    case invalidBucketName = "InvalidBucketName"
    case invalidDigest = "InvalidDigest"
    case invalidPart = "InvalidPart"
    case invalidPartOrder = "InvalidPartOrder"
    case invalidRange = "InvalidRange"
    case invalidRequest = "InvalidRequest"
    case invalidURI = "InvalidURI"
    case keyTooLong = "KeyTooLongError"
    case malformedXML = "MalformedXML"
    case maxMessageLengthExceeded = "MaxMessageLengthExceeded"
    case metadataTooLarge = "MetadataTooLarge"
    case methodNotAllowed = "MethodNotAllowed"
    case missingContentLength = "MissingContentLength"
    case noSuchBucket = "NoSuchBucket"
    case noSuchBucketPolicy = "NoSuchBucketPolicy"
    case noSuchConfiguration = "NoSuchConfiguration"
    case noSuchCORSConfiguration = "NoSuchCORSConfiguration"
    case noSuchKey = "NoSuchKey"
    case noSuchLifecycleConfiguration = "NoSuchLifecycleConfiguration"
    case noSuchTagSet = "NoSuchTagSet"
    case noSuchUpload = "NoSuchUpload"
    case notImplemented = "NotImplemented"
    case preconditionFailed = "PreconditionFailed"
    case requestTimeout = "RequestTimeout"
    case requestTimeTooSkewed = "RequestTimeTooSkewed"
    case signatureDoesNotMatch = "SignatureDoesNotMatch"
    case slowDown = "SlowDown"
    case storageFull = "XMinioStorageFull"
    case tooManyBuckets = "TooManyBuckets"
    case contentSHA256Mismatch = "XAmzContentSHA256Mismatch"

    /// The status of the answer that carries the code.
    package var status: HTTPStatus {
        switch self {
        case .accessDenied, .invalidAccessKeyID, .requestTimeTooSkewed, .signatureDoesNotMatch:
            .forbidden
        case .bucketAlreadyOwnedByYou, .bucketNotEmpty: .conflict
        case .internalError: .internalServerError
        case .invalidRange: .rangeNotSatisfiable
        case .methodNotAllowed: .methodNotAllowed
        case .missingContentLength: 411
        case .noSuchBucket, .noSuchBucketPolicy, .noSuchConfiguration, .noSuchCORSConfiguration,
            .noSuchKey, .noSuchLifecycleConfiguration, .noSuchTagSet, .noSuchUpload:
            .notFound
        case .notImplemented: .notImplemented
        case .preconditionFailed: .preconditionFailed
        case .slowDown: .serviceUnavailable
        case .storageFull: .insufficientStorage
        default: .badRequest
        }
    }
}

/// A request that the bucket refuses or cannot carry out.
package struct BucketError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The code, which also gives the status.
    package var code: S3ErrorCode
    /// One sentence for the person behind the client; no secrets.
    package var message: String

    /// Makes an error.
    package init(_ code: S3ErrorCode, _ message: String) {
        self.code = code
        self.message = message
    }

    /// Code and sentence.
    package var description: String { "\(self.code.rawValue): \(self.message)" }
}

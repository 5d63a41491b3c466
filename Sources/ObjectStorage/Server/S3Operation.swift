// SPDX-License-Identifier: Apache-2.0

import HTTP

/// What a request asks for.
enum S3Operation: Equatable {
    case listBuckets
    case createBucket
    case headBucket
    case deleteBucket
    case getBucketLocation
    case getBucketVersioning
    case getBucketNotification
    case listObjects(version: Int)
    case deleteObjects
    case listMultipartUploads
    case putObject
    case copyObject
    case getObject
    case headObject
    case deleteObject
    case createMultipartUpload
    case uploadPart(number: Int, uploadID: String)
    case uploadPartCopy(number: Int, uploadID: String)
    case completeMultipartUpload(uploadID: String)
    case abortMultipartUpload(uploadID: String)
    case listParts(uploadID: String)

    /// Query items that name a part of S3 which is not here.
    private static let notImplemented: Set<String> = [
        "accelerate", "acl", "analytics", "attributes", "cors", "delete", "encryption",
        "intelligent-tiering", "inventory", "legal-hold", "lifecycle", "location", "logging",
        "metrics", "notification", "object-lock", "ownershipControls", "partNumber", "policy",
        "policyStatus", "publicAccessBlock", "renameObject", "replication", "requestPayment",
        "restore", "retention", "select", "session", "tagging", "torrent", "uploadId", "uploads",
        "versioning", "versions", "website",
    ]

    /// Tells the operation from method, address and query.
    ///
    /// - Throws: ``BucketError``, `notImplemented` or `methodNotAllowed`.
    static func route(
        _ method: HTTPMethod,
        _ address: S3Address,
        _ query: QueryItems,
        isCopy: Bool
    ) throws(BucketError) -> Self {
        if let version = query["versionId"], !version.isEmpty, version != "null" {
            throw BucketError(.invalidArgument, "The bucket keeps no versions of its objects.")
        }
        guard address.bucket != nil else {
            guard method == .get else { throw Self.notAllowed(method) }
            return .listBuckets
        }
        guard address.key != nil else { return try self.routeBucket(method, query) }
        return try self.routeObject(method, query, isCopy: isCopy)
    }

    private static func routeBucket(
        _ method: HTTPMethod,
        _ query: QueryItems
    ) throws(BucketError) -> Self {
        switch method {
        case .get where query.contains("location"): return .getBucketLocation
        case .get where query.contains("versioning"): return .getBucketVersioning
        case .get where query.contains("notification"): return .getBucketNotification
        case .get where query.contains("uploads"): return .listMultipartUploads
        case .post where query.contains("delete"): return .deleteObjects
        default: break
        }
        try self.checkSubresources(query)
        switch method {
        case .get: return .listObjects(version: query["list-type"] == "2" ? 2 : 1)
        case .put: return .createBucket
        case .head: return .headBucket
        case .delete: return .deleteBucket
        case .post:
            throw BucketError(.notImplemented, "Uploads by HTML forms are not implemented.")
        default: throw self.notAllowed(method)
        }
    }

    private static func routeObject(
        _ method: HTTPMethod,
        _ query: QueryItems,
        isCopy: Bool
    ) throws(BucketError) -> Self {
        if let uploadID = query["uploadId"] {
            switch method {
            case .put:
                let number = query["partNumber"].flatMap { Int($0) } ?? 0
                guard MultipartStore.partNumbers ~= number else {
                    throw BucketError(
                        .invalidArgument,
                        "partNumber is a number from 1 to \(MultipartStore.partNumbers.upperBound)."
                    )
                }
                return isCopy
                    ? .uploadPartCopy(number: number, uploadID: uploadID)
                    : .uploadPart(number: number, uploadID: uploadID)
            case .post: return .completeMultipartUpload(uploadID: uploadID)
            case .delete: return .abortMultipartUpload(uploadID: uploadID)
            case .get: return .listParts(uploadID: uploadID)
            default: throw self.notAllowed(method)
            }
        }
        if method == .post, query.contains("uploads") { return .createMultipartUpload }
        try self.checkSubresources(query)
        switch method {
        case .put: return isCopy ? .copyObject : .putObject
        case .get: return .getObject
        case .head: return .headObject
        case .delete: return .deleteObject
        default: throw self.notAllowed(method)
        }
    }

    private static func checkSubresources(_ query: QueryItems) throws(BucketError) {
        for item in query.items where self.notImplemented.contains(item.name) {
            throw BucketError(
                .notImplemented,
                "The sub-resource \(item.name) is not implemented by the embedded bucket."
            )
        }
    }

    private static func notAllowed(_ method: HTTPMethod) -> BucketError {
        BucketError(.methodNotAllowed, "The method is not allowed on this resource.")
    }
}

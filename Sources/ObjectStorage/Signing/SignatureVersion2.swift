// SPDX-License-Identifier: Apache-2.0

import Bytes
import HTTP

/// Query signatures of version 2, which boto3 still makes for presigned URLs unless told otherwise.
///
/// Only in queries: requests with fields are signed by version 4 by every client of this decade.
enum SignatureVersion2 {
    /// Query items that belong to the resource and so are signed; all others are not.
    private static let signedItems: Set<String> = [
        "accelerate", "acl", "analytics", "cors", "defaultObjectAcl", "delete", "inventory",
        "lifecycle", "location", "logging", "metrics", "notification", "object-lock", "partNumber",
        "policy", "replication", "requestPayment", "response-cache-control",
        "response-content-disposition", "response-content-encoding", "response-content-language",
        "response-content-type", "response-expires", "restore", "select", "select-type",
        "storageClass", "tagging", "torrent", "uploadId", "uploads", "versionId", "versioning",
        "versions", "website",
    ]

    /// The signature of a request that expires at `expires`, in base64.
    static func signature(
        of request: SignableRequest,
        _ items: QueryItems,
        expires: String,
        secretKey: String
    ) -> String {
        let text =
            [
                request.method, request.fields["content-md5"] ?? "",
                request.fields["content-type"] ?? "", expires,
            ].joined(separator: "\n") + "\n" + self.amzFields(request.fields)
            + self.resource(request, items)
        let code = KeyedHash.code(for: Array(text.utf8), key: Array(secretKey.utf8), with: .sha1)
        return Base64.encode(code)
    }

    private static func amzFields(_ fields: HTTPFields) -> String {
        var values: [String: String] = [:]
        for (name, value) in fields.lowercasedPairs where name.hasPrefix("x-amz-") {
            values[name] = (values[name].map { $0 + "," } ?? "") + value.trimmingSpaces()
        }
        return values.sorted { $0.key < $1.key }.map { "\($0.key):\($0.value)\n" }.joined()
    }

    private static func resource(_ request: SignableRequest, _ items: QueryItems) -> String {
        let bucket = VirtualHost.bucket(in: request.fields["host"]).map { "/" + $0 } ?? ""
        let signed = items.items.filter { self.signedItems.contains($0.name) }
            .sorted { $0.name < $1.name }
            .map { $0.value.isEmpty ? $0.name : "\($0.name)=\($0.value)" }
        return bucket + request.path + (signed.isEmpty ? "" : "?" + signed.joined(separator: "&"))
    }
}

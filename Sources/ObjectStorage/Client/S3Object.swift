// SPDX-License-Identifier: Apache-2.0

package import Bytes
import HTTP

/// What an S3 server tells about an object.
package struct S3ObjectInfo: Sendable, Equatable {
    /// The entity tag, without quotes.
    package var eTag: String
    /// The length in bytes.
    package var size: Int
    /// The content type; empty when the server named none.
    package var contentType: String
    /// What the uploader said of it, names in lower case and without `x-amz-meta-`.
    package var userMetadata: [String: String]
    /// When it was made.
    package var lastModified: Timestamp?

    /// Makes a description.
    package init(
        eTag: String,
        size: Int,
        contentType: String = "",
        userMetadata: [String: String] = [:],
        lastModified: Timestamp? = nil
    ) {
        self.eTag = eTag
        self.size = size
        self.contentType = contentType
        self.userMetadata = userMetadata
        self.lastModified = lastModified
    }

    /// Reads the fields of an answer.
    init(_ fields: HTTPFields, size: Int) {
        self.eTag = Preconditions.unquote(fields["etag"] ?? "")
        self.size = size
        self.contentType = fields["content-type"] ?? ""
        self.lastModified = fields["last-modified"].flatMap { Timestamp(httpDate: $0) }
        self.userMetadata = [:]
        let prefix = "x-amz-meta-"
        for (name, value) in fields.lowercasedPairs where name.hasPrefix(prefix) {
            self.userMetadata[String(name.dropFirst(prefix.utf8.count))] = value
        }
    }
}

/// An object and its bytes.
package struct S3Object: Sendable, Equatable {
    /// What the server tells about it.
    package var info: S3ObjectInfo
    /// Its bytes.
    package var body: [UInt8]

    /// Makes an object.
    package init(info: S3ObjectInfo, body: [UInt8]) {
        self.info = info
        self.body = body
    }
}

/// An object as a listing names it.
package struct S3ObjectSummary: Sendable, Equatable {
    /// The key.
    package var key: String
    /// The length in bytes.
    package var size: Int
    /// The entity tag, without quotes.
    package var eTag: String
    /// When it was made.
    package var lastModified: Timestamp?

    /// Makes a summary.
    package init(key: String, size: Int, eTag: String, lastModified: Timestamp? = nil) {
        self.key = key
        self.size = size
        self.eTag = eTag
        self.lastModified = lastModified
    }
}

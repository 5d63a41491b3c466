// SPDX-License-Identifier: Apache-2.0

import Bytes
import HTTP

/// What the fields of an upload say about the object to be.
enum RequestMetadata {
    /// Most bytes of names and values of `x-amz-meta-…` together, as with Amazon.
    static let userMetadataBytesMax = 2048
    /// Most bytes of the other fields that are kept, the content type's among them.
    static let representationBytesMax = 8192
    /// The fields that are kept and given back with the object, besides the content type.
    static let representationNames: Set<String> = [
        "cache-control", "content-disposition", "content-encoding", "content-language", "expires",
    ]
    private static let userPrefix = "x-amz-meta-"

    /// Collects the metadata.
    static func make(for key: ObjectKey, _ fields: HTTPFields) throws(BucketError) -> ObjectMetadata
    {
        try self.checkUnsupported(fields)
        var metadata = ObjectMetadata(key: key.text)
        if let type = fields["content-type"], !type.isEmpty { metadata.contentType = type }
        var userBytes = 0
        var representationBytes = metadata.contentType.utf8.count
        for (name, value) in fields.lowercasedPairs {
            if name.hasPrefix(self.userPrefix) {
                let name = String(name.dropFirst(self.userPrefix.utf8.count))
                userBytes += name.utf8.count + value.utf8.count
                // A name given twice is a list (RFC 9110 section 5.3).
                let before = metadata.userMetadata[name].map { $0 + "," } ?? ""
                metadata.userMetadata[name] = before + value
            } else if self.representationNames.contains(name) {
                let value = name == "content-encoding" ? self.withoutChunked(value) : value
                representationBytes += value.utf8.count
                if !value.isEmpty { metadata.representation[name] = value }
            }
        }
        guard userBytes <= self.userMetadataBytesMax,
            representationBytes <= self.representationBytesMax
        else {
            throw BucketError(
                .metadataTooLarge,
                "The metadata of an object has at most \(self.userMetadataBytesMax) bytes."
            )
        }
        return metadata
    }

    /// The coding of the transfer is not one of the object.
    private static func withoutChunked(_ list: String) -> String {
        list.split(separator: ",").map { String($0).trimmingSpaces() }
            .filter { $0.lowercased() != "aws-chunked" }
            .joined(separator: ",")
    }

    /// Refuses what would be a promise that the bucket does not keep.
    private static func checkUnsupported(_ fields: HTTPFields) throws(BucketError) {
        for (name, value) in fields.lowercasedPairs {
            let isRefused =
                switch name {
                case "x-amz-acl": !["private", "bucket-owner-full-control"].contains(value)
                case "x-amz-storage-class": !["STANDARD", "REDUCED_REDUNDANCY"].contains(value)
                case "x-amz-tagging": !value.isEmpty
                case "x-amz-website-redirect-location", "x-amz-write-offset-bytes": true
                default:
                    name.hasPrefix("x-amz-server-side-encryption")
                        || name.hasPrefix("x-amz-object-lock") || name.hasPrefix("x-amz-grant-")
                }
            if isRefused {
                throw BucketError(
                    .notImplemented,
                    "The embedded bucket does not implement the request's field \(name)."
                )
            }
        }
    }

    /// The fields that tell about an object in answers.
    static func fields(of metadata: ObjectMetadata) -> HTTPFields {
        var fields = HTTPFields()
        fields.append("Content-Type", metadata.contentType)
        fields.append("ETag", "\"\(metadata.eTag)\"")
        fields.append("Last-Modified", metadata.modified.httpDate)
        fields.append("Accept-Ranges", "bytes")
        for (name, value) in metadata.representation.sorted(by: { $0.key < $1.key }) {
            fields.append(name, value)
        }
        for (name, value) in metadata.userMetadata.sorted(by: { $0.key < $1.key }) {
            fields.append(self.userPrefix + name, value)
        }
        return fields
    }

    /// The metadata as MinIO's notifications tell it: names as Go writes those of fields.
    static func eventMetadata(of metadata: ObjectMetadata) -> [String: String] {
        var texts = metadata.representation
        texts["content-type"] = metadata.contentType
        for (name, value) in metadata.userMetadata {
            let words = (self.userPrefix + name).split(
                separator: "-",
                omittingEmptySubsequences: false
            )
            let canonical = words.map { $0.prefix(1).uppercased() + $0.dropFirst() }
            texts[canonical.joined(separator: "-")] = value
        }
        return texts
    }
}

// SPDX-License-Identifier: Apache-2.0

import Bytes
import FoundationEssentials

/// All that is kept of an object besides its bytes; the JSON at the end of its file.
struct ObjectMetadata: Codable, Sendable, Equatable {
    /// What stands for a missing content type, as with Amazon and MinIO.
    static let defaultContentType = "binary/octet-stream"

    /// The key as text.
    var key: String
    /// How many bytes the object has.
    var lengthBytes: UInt64
    /// The entity tag without quotes: MD5 of the bytes, or `MD5-parts` of a multipart upload.
    var eTag: String
    var contentType: String
    /// Further fields of the representation, such as `content-encoding`; names in lower case.
    var representation: [String: String] = [:]
    /// `x-amz-meta-…` of the uploader, without that prefix; names in lower case.
    var userMetadata: [String: String] = [:]
    /// `x-amz-checksum-…` that were checked when the bytes came.
    var checksums: [String: String] = [:]
    /// When the object was made, in nanoseconds since 1970; no two objects of a store share it.
    var modifiedNanoseconds: UInt64

    /// When the object was made.
    var modified: Timestamp { Timestamp(nanosecondsSinceEpoch: self.modifiedNanoseconds) }

    func encoded() throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Array(try encoder.encode(self))
    }

    init(decoding json: [UInt8]) throws {
        self = try JSONDecoder().decode(Self.self, from: Data(json))
    }

    init(
        key: String,
        contentType: String = Self.defaultContentType,
        representation: [String: String] = [:],
        userMetadata: [String: String] = [:]
    ) {
        self.key = key
        self.lengthBytes = 0
        self.eTag = ""
        self.contentType = contentType
        self.representation = representation
        self.userMetadata = userMetadata
        self.modifiedNanoseconds = 0
    }
}

// SPDX-License-Identifier: Apache-2.0

import Bytes

/// What a request is about: the whole service, a bucket, or an object.
struct S3Address: Equatable {
    /// `bucket.localhost` names a bucket in the host ("virtual-hosted style").
    private static let virtualHostSuffix = ".localhost"

    var bucket: String?
    var key: ObjectKey?

    /// Reads `/bucket/key`, or `/key` when the host names the bucket.
    ///
    /// - Parameters:
    ///   - authority: The host with or without port.
    ///   - path: The path as sent.
    init(authority: String?, path: String) throws(BucketError) {
        guard path.utf8.first == UInt8(ascii: "/"),
            let decoded = PercentCoding.decode(path.utf8.dropFirst())
        else { throw BucketError(.invalidURI, "The path holds a broken escape.") }
        var rest = decoded[...]
        if let bucket = Self.virtualBucket(authority) {
            self.bucket = bucket
        } else {
            let end = rest.firstIndex(of: UInt8(ascii: "/")) ?? rest.endIndex
            guard let name = String(validating: rest[..<end], as: UTF8.self) else {
                throw BucketError(.invalidURI, "The path is not UTF-8.")
            }
            self.bucket = name.isEmpty ? nil : name
            rest = end < rest.endIndex ? rest[(end + 1)...] : []
        }
        guard self.bucket != nil, !rest.isEmpty else { return }
        self.key = try ObjectKey(validating: Array(rest))
    }

    private static func virtualBucket(_ authority: String?) -> String? {
        guard let host = authority?.prefix(while: { $0 != ":" }).lowercased(),
            host.hasSuffix(self.virtualHostSuffix)
        else { return nil }
        let name = String(host.dropLast(self.virtualHostSuffix.utf8.count))
        return BucketName.isValid(name) ? name : nil
    }
}

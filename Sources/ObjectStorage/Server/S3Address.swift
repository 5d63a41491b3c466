// SPDX-License-Identifier: Apache-2.0

import Bytes

/// What a request is about: the whole service, a bucket, or an object.
struct S3Address: Equatable {
    var bucket: String?
    var key: ObjectKey?

    /// Reads `/bucket/key`, or `/key` when the host names the bucket.
    ///
    /// - Parameters:
    ///   - authority: The host with or without port.
    ///   - path: The path as sent.
    /// - Throws: ``BucketError`` for a path that cannot be decoded or a key that cannot be.
    init(authority: String?, path: String) throws(BucketError) {
        guard path.utf8.first == UInt8(ascii: "/"),
            let decoded = PercentCoding.decode(path.utf8.dropFirst())
        else { throw BucketError(.invalidURI, "The path holds a broken escape.") }
        var rest = decoded[...]
        if let bucket = VirtualHost.bucket(in: authority) {
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
}

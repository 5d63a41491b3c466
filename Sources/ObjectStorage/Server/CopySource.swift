// SPDX-License-Identifier: Apache-2.0

import Bytes
import HTTP

/// The object that `x-amz-copy-source` names.
struct CopySource: Equatable {
    var bucket: String
    var key: ObjectKey

    /// Reads `/bucket/key` or `bucket/key`, percent-encoded, perhaps with `?versionId=null`.
    init(field: String) throws(BucketError) {
        var path = field[...]
        if let mark = path.lastIndex(of: "?") {
            guard path[mark...] == "?versionId=null" else {
                throw BucketError(.invalidArgument, "The bucket keeps no versions of its objects.")
            }
            path = path[..<mark]
        }
        if path.hasPrefix("/") { path = path.dropFirst() }
        let address = try S3Address(authority: nil, path: "/" + path)
        guard let bucket = address.bucket, let key = address.key else {
            throw BucketError(
                .invalidArgument,
                "x-amz-copy-source must read bucket/key, percent-encoded."
            )
        }
        self.bucket = bucket
        self.key = key
    }
}

// SPDX-License-Identifier: Apache-2.0

/// Buckets that are named by the host ("virtual-hosted style"): `bucket.localhost`.
enum VirtualHost {
    private static let suffix = ".localhost"

    /// The bucket that a host names, with or without port; `nil` for any other host.
    static func bucket(in authority: String?) -> String? {
        guard let host = authority?.prefix(while: { $0 != ":" }).lowercased(),
            host.hasSuffix(self.suffix)
        else { return nil }
        let name = String(host.dropLast(self.suffix.utf8.count))
        return BucketName.isValid(name) ? name : nil
    }
}

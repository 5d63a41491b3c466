// SPDX-License-Identifier: Apache-2.0

import Bytes

/// Where and when a signing key is good: `20261120/us-east-1/s3/aws4_request`.
struct CredentialScope: Sendable, Hashable {
    /// The only service that is spoken here.
    static let service = "s3"
    static let terminator = "aws4_request"

    /// `20261120`, in UTC.
    var day: String
    var region: String

    init(time: Timestamp, region: String) {
        self.day = String(time.amzDate.prefix(8))
        self.region = region
    }

    var text: String { "\(self.day)/\(self.region)/\(Self.service)/\(Self.terminator)" }

    /// The key that signs within this scope.
    func signingKey(secretKey: String) -> [UInt8] {
        var key = Array("AWS4".utf8) + Array(secretKey.utf8)
        for part in [self.day, self.region, Self.service, Self.terminator] {
            key = KeyedHash.code(for: Array(part.utf8), key: key)
        }
        return key
    }
}

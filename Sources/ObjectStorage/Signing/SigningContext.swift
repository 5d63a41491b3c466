// SPDX-License-Identifier: Apache-2.0

import Bytes

/// What all signatures that belong to one request share.
struct SigningContext: Sendable {
    static let algorithm = "AWS4-HMAC-SHA256"

    var time: Timestamp
    var scope: CredentialScope
    var signingKey: [UInt8]

    init(time: Timestamp, region: String, secretKey: String) {
        self.time = time
        self.scope = CredentialScope(time: time, region: region)
        self.signingKey = self.scope.signingKey(secretKey: secretKey)
    }

    /// The signature of a request, in lower-case hexadecimal (tasks 2 and 3).
    func signature(ofCanonicalRequest request: [UInt8]) -> String {
        let hash = Hex.encode(Digest.hash(request, with: .sha256))
        return self.sign(prefix: Self.algorithm, lines: [hash])
    }

    /// The signature of a piece of a signed body; each one covers the one before it.
    func signature(ofChunkHash hash: String, previous: String) -> String {
        self.sign(
            prefix: Self.algorithm + "-PAYLOAD",
            lines: [previous, PayloadHash.emptyHex, hash]
        )
    }

    /// The signature of the fields that follow a signed body.
    func signature(ofTrailerHash hash: String, previous: String) -> String {
        self.sign(prefix: "AWS4-HMAC-SHA256-TRAILER", lines: [previous, hash])
    }

    private func sign(prefix: String, lines: [String]) -> String {
        let text = ([prefix, self.time.amzDate, self.scope.text] + lines).joined(separator: "\n")
        return Hex.encode(KeyedHash.code(for: Array(text.utf8), key: self.signingKey))
    }
}

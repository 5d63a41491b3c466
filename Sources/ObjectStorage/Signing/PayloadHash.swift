// SPDX-License-Identifier: Apache-2.0

import Bytes

/// What `x-amz-content-sha256` says about the body.
package enum PayloadHash: Sendable, Equatable {
    /// The SHA-256 of the whole body.
    case hash([UInt8])
    /// The body is not covered by the signature.
    case unsigned
    /// The body comes in pieces, each with a signature; signed trailers may follow.
    case signedChunks(hasTrailer: Bool)
    /// The body comes in pieces without signatures; a checksum follows as a trailer.
    case unsignedChunks
    /// The header is missing, as with curl before 8.1.
    case absent

    /// The hash of nothing.
    package static let emptyHex = Hex.encode(Digest.hash([], with: .sha256))

    /// Reads the header's value; `nil` when it is none of the documented ones.
    package init?(_ text: String?) {
        switch text {
        case nil: self = .absent
        case "UNSIGNED-PAYLOAD": self = .unsigned
        case "STREAMING-AWS4-HMAC-SHA256-PAYLOAD": self = .signedChunks(hasTrailer: false)
        case "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER": self = .signedChunks(hasTrailer: true)
        case "STREAMING-UNSIGNED-PAYLOAD-TRAILER": self = .unsignedChunks
        case let text?:
            guard text.utf8.count == 64, let hash = Hex.decode(text) else { return nil }
            self = .hash(hash)
        }
    }

    /// The value as it is sent and signed; a missing one counts as the hash of nothing.
    package var text: String {
        switch self {
        case .hash(let hash): Hex.encode(hash)
        case .unsigned: "UNSIGNED-PAYLOAD"
        case .signedChunks(hasTrailer: false): "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
        case .signedChunks(hasTrailer: true): "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
        case .unsignedChunks: "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
        case .absent: Self.emptyHex
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

import Bytes

/// The checksums of an object's bytes that S3 clients send in `x-amz-checksum-…`.
package enum ChecksumAlgorithm: String, Sendable, CaseIterable {
    /// CRC-32, what today's AWS SDKs send unasked.
    case crc32
    /// CRC-32C.
    case crc32c
    /// CRC-64/NVME.
    case crc64nvme
    /// SHA-1.
    case sha1
    /// SHA-256.
    case sha256

    /// The header, or trailer, that carries the value.
    package var fieldName: String { "x-amz-checksum-" + self.rawValue }

    /// The algorithm whose header or trailer is called `name`, in lower case.
    package init?(fieldName name: String) {
        guard let match = Self.allCases.first(where: { $0.fieldName == name }) else { return nil }
        self = match
    }
}

/// Works out one checksum, piece by piece.
package final class ObjectChecksum {
    private enum State {
        case cyclic(CyclicChecksum)
        case digest(Digest)
    }

    /// Which checksum this is.
    package let algorithm: ChecksumAlgorithm
    private var state: State

    /// Starts an empty checksum.
    package init(_ algorithm: ChecksumAlgorithm) {
        self.algorithm = algorithm
        self.state =
            switch algorithm {
            case .crc32: .cyclic(CyclicChecksum(.crc32))
            case .crc32c: .cyclic(CyclicChecksum(.crc32c))
            case .crc64nvme: .cyclic(CyclicChecksum(.crc64nvme))
            case .sha1: .digest(Digest(.sha1))
            case .sha256: .digest(Digest(.sha256))
            }
    }

    /// Takes in some more bytes.
    package func update(_ bytes: UnsafeRawBufferPointer) {
        switch self.state {
        case .cyclic(var checksum):
            checksum.update(bytes)
            self.state = .cyclic(checksum)
        case .digest(let digest):
            digest.update(bytes)
        }
    }

    /// The checksum as S3 writes it: base64 of its bytes, the most significant first.
    ///
    /// Nothing may be fed afterwards.
    package func finish() -> String {
        switch self.state {
        case .cyclic(let checksum): Base64.encode(checksum.finish())
        case .digest(let digest): Base64.encode(digest.finish())
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

import CCrypto

/// The hash functions that S3 uses.
package enum DigestAlgorithm: Sendable, Hashable {
    /// 16 bytes; S3's entity tag of an object.
    case md5
    /// 20 bytes; one of the checksums that a client may choose.
    case sha1
    /// 32 bytes; what signatures are made over.
    case sha256
}

/// A hash that is fed piece by piece, over OpenSSL's EVP interface.
///
/// Owned by whoever made it and not shared; `finish()` ends its life.
package final class Digest {
    private let context: OpaquePointer
    private let lengthBytes: Int

    /// Starts an empty hash.
    package init(_ algorithm: DigestAlgorithm) {
        let method = DigestMethods.shared[algorithm]
        guard let context = EVP_MD_CTX_new(), EVP_DigestInit_ex(context, method, nil) == 1 else {
            preconditionFailure("OpenSSL has memory for one more hash")
        }
        self.context = context
        self.lengthBytes = Int(EVP_MD_get_size(method))
    }

    deinit { EVP_MD_CTX_free(self.context) }

    /// Hashes some more bytes.
    package func update(_ bytes: some Collection<UInt8>) {
        let done: Void? = bytes.withContiguousStorageIfAvailable { buffer in
            self.update(UnsafeRawBufferPointer(buffer))
        }
        if done == nil { self.update(Array(bytes)) }
    }

    /// Hashes some more bytes, without a copy.
    package func update(_ bytes: UnsafeRawBufferPointer) {
        guard let base = bytes.baseAddress, !bytes.isEmpty else { return }
        let result = EVP_DigestUpdate(self.context, base, bytes.count)
        precondition(result == 1, "a hash is not fed after finish()")
    }

    /// The hash of all that was fed; nothing may be fed afterwards.
    package func finish() -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: self.lengthBytes) { buffer, count in
            let result = EVP_DigestFinal_ex(self.context, buffer.baseAddress, nil)
            precondition(result == 1, "a hash is finished once")
            count = self.lengthBytes
        }
    }

    /// The hash of `bytes`.
    package static func hash(
        _ bytes: some Collection<UInt8>,
        with algorithm: DigestAlgorithm
    ) -> [UInt8] {
        let digest = Digest(algorithm)
        digest.update(bytes)
        return digest.finish()
    }
}

/// OpenSSL's descriptions of the hash functions, looked up once for the life of the process.
///
/// `@unchecked Sendable`: nobody owns them, for they never change (OpenSSL's EVP_MD_fetch(3)).
struct DigestMethods: @unchecked Sendable {
    // Sendable: fetched methods are immutable and may be used from any thread (EVP_MD_fetch(3)).
    static let shared = DigestMethods()

    private let md5: OpaquePointer
    private let sha1: OpaquePointer
    private let sha256: OpaquePointer

    private init() {
        guard let md5 = EVP_MD_fetch(nil, "MD5", nil), let sha1 = EVP_MD_fetch(nil, "SHA1", nil),
            let sha256 = EVP_MD_fetch(nil, "SHA2-256", nil)
        else { preconditionFailure("OpenSSL's configuration offers MD5, SHA-1 and SHA-256") }
        self.md5 = md5
        self.sha1 = sha1
        self.sha256 = sha256
    }

    subscript(algorithm: DigestAlgorithm) -> OpaquePointer {
        switch algorithm {
        case .md5: self.md5
        case .sha1: self.sha1
        case .sha256: self.sha256
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

import CCrypto

/// Keyed hashes (HMAC, RFC 2104).
package enum KeyedHash {
    /// The authentication code of `message` under `key`.
    ///
    /// - Parameters:
    ///   - message: What the code vouches for.
    ///   - key: The secret.
    ///   - algorithm: The hash function underneath.
    /// - Returns: As many bytes as the hash function gives.
    package static func code(
        for message: [UInt8],
        key: [UInt8],
        with algorithm: DigestAlgorithm = .sha256
    ) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: Int(EVP_MAX_MD_SIZE)) { buffer, count in
            var length: UInt32 = 0
            let code = HMAC(
                DigestMethods.shared[algorithm],
                key,
                Int32(truncatingIfNeeded: key.count),
                message,
                message.count,
                buffer.baseAddress,
                &length
            )
            precondition(code != nil, "OpenSSL has memory for one HMAC")
            count = Int(length)
        }
    }
}

/// Comparisons whose time does not tell where two secrets differ.
package enum ConstantTime {
    /// Whether both hold the same bytes; only a difference of length shows in the time taken.
    package static func areEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        guard left.count == right.count else { return false }
        return CRYPTO_memcmp(left, right, left.count) == 0
    }
}

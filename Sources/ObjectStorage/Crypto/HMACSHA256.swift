// SPDX-License-Identifier: Apache-2.0

import CCrypto

/// Keyed hashes (RFC 2104) over SHA-256.
package enum HMACSHA256 {
    /// How many bytes a code has.
    package static let lengthBytes = 32

    /// The authentication code of `message` under `key`.
    package static func code(for message: [UInt8], key: [UInt8]) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: self.lengthBytes) { buffer, count in
            let code = HMAC(
                EVP_sha256(),
                key,
                Int32(truncatingIfNeeded: key.count),
                message,
                message.count,
                buffer.baseAddress,
                nil
            )
            precondition(code != nil, "OpenSSL has memory for one HMAC")
            count = self.lengthBytes
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

// SPDX-License-Identifier: Apache-2.0

import Bytes
import Glibc

/// The key of an object: its UTF-8 bytes, compared as bytes.
///
/// Not a `String`, for which `é` in one and in two code points would be the same key.
package struct ObjectKey: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The longest key, in bytes.
    package static let lengthBytesMax = 1024

    /// The bytes of the key, which are valid UTF-8.
    package let bytes: [UInt8]

    /// Takes a key that a client named.
    ///
    /// - Throws: ``BucketError`` for an empty or too long key, one with a NUL, and one that is not
    ///   UTF-8.
    package init(validating bytes: [UInt8]) throws(BucketError) {
        guard !bytes.isEmpty else { throw BucketError(.invalidArgument, "The key is empty.") }
        guard bytes.count <= Self.lengthBytesMax else {
            throw BucketError(
                .keyTooLong,
                "The key is longer than \(Self.lengthBytesMax) bytes of UTF-8."
            )
        }
        guard !bytes.contains(0), String(validating: bytes, as: UTF8.self) != nil else {
            throw BucketError(.invalidArgument, "The key holds a NUL or is not UTF-8.")
        }
        self.bytes = bytes
    }

    /// The key as text.
    package var text: String { String(decoding: self.bytes, as: UTF8.self) }
    /// The key as text.
    package var description: String { self.text }

    /// The name of the object's file: never the key itself, so that no key can name a path.
    package var fileName: String { Hex.encode(Digest.hash(self.bytes, with: .sha256)) }

    /// Orders by bytes, the order of all listings.
    package static func < (left: Self, right: Self) -> Bool {
        Self.isOrdered(left.bytes, right.bytes)
    }

    /// Whether `left` comes before `right`, byte for byte.
    static func isOrdered(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        let difference = memcmp(left, right, min(left.count, right.count))
        return difference == 0 ? left.count < right.count : difference < 0
    }
}

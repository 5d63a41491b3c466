// SPDX-License-Identifier: Apache-2.0

/// The rules for names of buckets (Amazon S3 user guide, general purpose bucket naming rules).
package enum BucketName {
    /// How many characters a name has.
    static let lengthRange = 3...63

    /// Whether `name` is a bucket's name; such a name is also safe as the name of a folder.
    package static func isValid(_ name: String) -> Bool {
        let bytes = Array(name.utf8)
        guard self.lengthRange ~= bytes.count, let first = bytes.first, let last = bytes.last,
            self.isLetterOrDigit(first), self.isLetterOrDigit(last)
        else { return false }
        var previous = first
        for byte in bytes {
            let isDot = byte == UInt8(ascii: ".")
            guard isDot || byte == UInt8(ascii: "-") || self.isLetterOrDigit(byte)
            else { return false }
            if isDot, previous == UInt8(ascii: ".") { return false }
            previous = byte
        }
        return !self.looksLikeAddress(bytes)
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte
            || UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte
    }

    /// `192.168.5.4` and the like, which a URL could not tell from a host.
    private static func looksLikeAddress(_ bytes: [UInt8]) -> Bool {
        let parts = bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return parts.count == 4
            && parts.allSatisfy { part in
                part.allSatisfy { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }
            }
    }
}

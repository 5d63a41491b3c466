// SPDX-License-Identifier: Apache-2.0

import HTTP

/// What a `Range` field asks for (RFC 9110 section 14.2), measured against an object.
enum ByteRange: Equatable {
    /// All of it: no field, one that is not understood, or several ranges.
    case whole
    /// That many bytes at that offset, at least one.
    case part(offset: UInt64, length: UInt64)
    /// Nothing of the object lies in the range (416).
    case unsatisfiable

    /// Reads `bytes=0-9`, `bytes=10-` or `bytes=-5`.
    init(field: String?, objectLength: UInt64) {
        self = .whole
        guard let field, field.hasPrefix("bytes=") else { return }
        let parts = field.dropFirst(6).split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2 else { return }
        let first = HTTPText.decimal(Array(parts[0].utf8)).map { UInt64($0) }
        let last = HTTPText.decimal(Array(parts[1].utf8)).map { UInt64($0) }
        switch (first, last) {
        case (let first?, let last?) where first <= last:
            self = Self.clamp(first, last, objectLength)
        case (let first?, nil) where parts[1].isEmpty:
            self = Self.clamp(first, .max, objectLength)
        case (nil, let count?) where parts[0].isEmpty:
            let length = min(count, objectLength)
            self =
                length == 0
                ? .unsatisfiable : .part(offset: objectLength - length, length: length)
        default:
            return
        }
    }

    private static func clamp(_ first: UInt64, _ last: UInt64, _ length: UInt64) -> Self {
        guard first < length else { return .unsatisfiable }
        return .part(offset: first, length: min(last, length - 1) - first + 1)
    }
}

// SPDX-License-Identifier: Apache-2.0

import Bytes

/// The `name=value` pairs after the `?`, decoded, in the order sent.
package struct QueryItems: Sendable, Equatable {
    /// Most pairs that are looked at; S3 knows no request with as many.
    static let countMax = 64

    /// One pair; a name without `=` has an empty value.
    package struct Item: Sendable, Equatable {
        /// The decoded name.
        package var name: String
        /// The decoded value.
        package var value: String
    }

    /// The pairs.
    package private(set) var items: [Item] = []

    /// No pairs.
    package init() {}

    /// Reads what follows the `?`; `nil` for a broken escape, text that is not UTF-8, or too many.
    package init?(_ query: String?) {
        guard let query, !query.isEmpty else { return }
        for part in query.utf8.split(separator: UInt8(ascii: "&")) {
            let halves = part.split(
                separator: UInt8(ascii: "="),
                maxSplits: 1,
                omittingEmptySubsequences: false
            )
            guard self.items.count < Self.countMax, let rawName = halves.first,
                let name = PercentCoding.decodeText(Substring(rawName), plusIsSpace: true),
                let value = PercentCoding.decodeText(
                    halves.count > 1 ? Substring(halves[1]) : "",
                    plusIsSpace: true
                )
            else { return nil }
            self.items.append(Item(name: name, value: value))
        }
    }

    /// The first value of `name`.
    package subscript(name: String) -> String? {
        self.items.first { $0.name == name }?.value
    }

    /// Whether `name` occurs, with or without a value.
    package func contains(_ name: String) -> Bool { self.items.contains { $0.name == name } }

    /// Adds a pair at the end.
    package mutating func append(_ name: String, _ value: String) {
        self.items.append(Item(name: name, value: value))
    }

    /// The pairs as signatures want them: encoded strictly, sorted, `=` always written.
    package func canonical(leavingOut excluded: String? = nil) -> String {
        var pairs: [(name: String, value: String)] = []
        for item in self.items where item.name != excluded {
            pairs.append((PercentCoding.encode(item.name), PercentCoding.encode(item.value)))
        }
        // Encoded text is ASCII, so that comparing strings compares bytes.
        pairs.sort { ($0.name, $0.value) < ($1.name, $1.value) }
        return pairs.map { "\($0.name)=\($0.value)" }.joined(separator: "&")
    }
}

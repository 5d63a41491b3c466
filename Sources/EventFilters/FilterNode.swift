// SPDX-License-Identifier: Apache-2.0

/// A piece of the JSON or YAML in which filters are written.
///
/// Whoever reads the text makes nodes of it; ``EventFilter/init(_:)`` makes filters of the nodes.
public indirect enum FilterNode: Sendable, Equatable {
    /// A string; also anything else that is neither a list nor a map.
    case text(String)
    /// A list.
    case list([FilterNode])
    /// A map, in the order in which it is written.
    case map([Entry])

    /// A key of a map and its value.
    public struct Entry: Sendable, Equatable {
        /// The key.
        public var key: String
        /// Its value.
        public var value: FilterNode

        /// Makes an entry.
        public init(_ key: String, _ value: FilterNode) {
            self.key = key
            self.value = value
        }
    }
}

extension FilterNode: ExpressibleByStringLiteral {
    /// Makes a ``text(_:)``.
    public init(stringLiteral value: String) { self = .text(value) }
}

extension FilterNode: ExpressibleByArrayLiteral {
    /// Makes a ``list(_:)``.
    public init(arrayLiteral elements: FilterNode...) { self = .list(elements) }
}

extension FilterNode: ExpressibleByDictionaryLiteral {
    /// Makes a ``map(_:)``.
    public init(dictionaryLiteral elements: (String, FilterNode)...) {
        self = .map(elements.map(Entry.init))
    }
}

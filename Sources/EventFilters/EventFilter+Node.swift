// SPDX-License-Identifier: Apache-2.0

/// Why nodes are no filter, and where.
public struct EventFilterError: Error, Equatable, Sendable {
    /// Where, for example `filters[0].any[1].exact`.
    public let path: String
    /// What is wrong there, and what to do.
    public let reason: String
}

extension EventFilterError: CustomStringConvertible {
    /// One sentence that says what is wrong, where, and what to do.
    public var description: String { "\(self.path): \(self.reason)" }
}

/// Reading filters (Knative `Trigger`, `spec.filters`; Subscriptions API section 3.2.4).
extension EventFilter {
    /// Filters within each other.
    static let depthMax = 32
    /// Filters in one list, those within each other counted too.
    static let countMax = 1024

    /// Makes a filter of one entry of `filters`, a map of one dialect.
    ///
    /// The dialects are `exact`, `prefix`, `suffix` (maps of attributes), `all`, `any` (lists of
    /// filters), `not` (a filter), and `cesql` (an expression), which is also called `sql`.
    ///
    /// - Parameter node: What stands there.
    /// - Throws: ``EventFilterError`` with the path to what is wrong.
    public init(_ node: FilterNode) throws(EventFilterError) {
        var reader = EventFilterReader()
        self = try reader.filter(node, at: "filter")
    }

    /// Makes a filter of a whole `filters`, all of whose entries must match.
    ///
    /// - Parameter nodes: The entries; without any, every event matches.
    /// - Throws: ``EventFilterError`` with the path to what is wrong.
    public init(filters nodes: [FilterNode]) throws(EventFilterError) {
        var reader = EventFilterReader()
        self = .all(try reader.filters(nodes, at: "filters"))
    }
}

/// Turns nodes into filters, and counts them.
private struct EventFilterReader {
    private var depth = 0
    private var count = 0

    mutating func filters(
        _ nodes: [FilterNode],
        at path: String
    ) throws(EventFilterError) -> [EventFilter] {
        var filters: [EventFilter] = []
        for (index, node) in nodes.enumerated() {
            filters.append(try self.filter(node, at: "\(path)[\(index)]"))
        }
        return filters
    }

    mutating func filter(
        _ node: FilterNode,
        at path: String
    ) throws(EventFilterError) -> EventFilter {
        self.depth += 1
        self.count += 1
        defer { self.depth -= 1 }
        guard self.depth <= EventFilter.depthMax else {
            throw Self.error(path, "filters lie more than \(EventFilter.depthMax) deep: use fewer")
        }
        guard self.count <= EventFilter.countMax else {
            throw Self.error(path, "there are more than \(EventFilter.countMax) filters: use fewer")
        }
        guard case .map(let dialects) = node, dialects.count == 1, let dialect = dialects.first
        else {
            throw Self.error(path, "a filter is a map with one dialect: write for example exact")
        }
        return try self.filter(dialect.key, dialect.value, at: Self.path(path, dialect.key))
    }

    private mutating func filter(
        _ dialect: String,
        _ value: FilterNode,
        at path: String
    ) throws(EventFilterError) -> EventFilter {
        switch dialect {
        case "exact": return .exact(try Self.attributes(value, at: path))
        case "prefix": return .prefix(try Self.attributes(value, at: path))
        case "suffix": return .suffix(try Self.attributes(value, at: path))
        case "all": return .all(try self.list(value, at: path))
        case "any": return .any(try self.list(value, at: path))
        case "not": return .not(try self.filter(value, at: path))
        case "cesql", "sql": return try Self.expression(value, at: path)
        default:
            throw Self.error(
                path,
                "there is no such dialect: use exact, prefix, suffix, all, any, not or cesql"
            )
        }
    }

    private mutating func list(
        _ value: FilterNode,
        at path: String
    ) throws(EventFilterError) -> [EventFilter] {
        guard case .list(let nodes) = value, !nodes.isEmpty else {
            throw Self.error(path, "it must be a list with at least one filter")
        }
        return try self.filters(nodes, at: path)
    }

    private static func attributes(
        _ value: FilterNode,
        at path: String
    ) throws(EventFilterError) -> [String: String] {
        guard case .map(let entries) = value, !entries.isEmpty else {
            throw self.error(path, "it must be a map with at least one attribute")
        }
        var attributes: [String: String] = [:]
        for entry in entries {
            let path = self.path(path, entry.key)
            guard self.isName(entry.key) else {
                throw self.error(path, "names of attributes have only a-z and 0-9")
            }
            guard case .text(let text) = entry.value, !text.isEmpty else {
                throw self.error(path, "it must be a text that is not empty")
            }
            guard attributes.updateValue(text, forKey: entry.key) == nil else {
                throw self.error(path, "the attribute stands there twice: give it once")
            }
        }
        return attributes
    }

    private static func isName(_ name: String) -> Bool {
        !name.isEmpty && name != "data"
            && name.utf8.allSatisfy {
                UInt8(ascii: "a")...UInt8(ascii: "z") ~= $0
                    || UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0
            }
    }

    private static func expression(
        _ value: FilterNode,
        at path: String
    ) throws(EventFilterError) -> EventFilter {
        guard case .text(let text) = value else {
            throw self.error(path, "it must be an expression, a text")
        }
        return try .cesql(text, at: path)
    }

    /// The path of a key, which comes from outside: cut and made printable.
    private static func path(_ path: String, _ key: String) -> String {
        let lengthMax = 60
        let scalars = key.unicodeScalars
        let text = scalars.prefix(lengthMax).map { $0.escaped(asASCII: false) }.joined()
        return "\(path).\(text)\(scalars.count > lengthMax ? "…" : "")"
    }

    private static func error(_ path: String, _ reason: String) -> EventFilterError {
        EventFilterError(path: path, reason: reason)
    }
}

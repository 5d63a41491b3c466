// SPDX-License-Identifier: Apache-2.0

internal import EventFilters

/// Reads the filters of an egress: `dialectedFilter`, or else the attributes of `filter`.
enum ContractFilters {
    /// Filters within filters, at most.
    static let depthMax = 32

    /// The filter; `nil` lets every event through.
    ///
    /// - Throws: ``KafkaSourceError`` with the path of what is wrong.
    static func filter(
        of egress: ProtobufMessage,
        _ reader: inout ContractReader
    ) throws(KafkaSourceError) -> SourceFilter? {
        let dialects = try egress.messages("dialectedFilter")
        let plain = try egress.message("filter")
        // An empty value stands for any (Trigger, `filter.attributes`).
        let attributes = try plain?.map("attributes").filter { !$0.value.isEmpty } ?? [:]
        if !dialects.isEmpty {
            // The newer of the two replaces the older.
            let parts = try self.parts(dialects, depth: 1, &reader)
            let filter = EventFilter.all(parts.map(\.filter))
            return SourceFilter("all(\(parts.map(\.text).joined(separator: ", ")))") {
                filter.matches($0)
            }
        }
        guard !attributes.isEmpty else { return nil }
        let filter = EventFilter.exact(attributes)
        return SourceFilter("exact(\(self.text(attributes)))") { filter.matches($0) }
    }

    /// A filter, and a text that is the same for the same filter.
    private typealias Part = (filter: EventFilter, text: String)

    private static func parts(
        _ messages: [ProtobufMessage],
        depth: Int,
        _ reader: inout ContractReader
    ) throws(KafkaSourceError) -> [Part] {
        var parts: [Part] = []
        for message in messages { parts.append(try self.part(message, depth: depth, &reader)) }
        return parts
    }

    private static func part(
        _ message: ProtobufMessage,
        depth: Int,
        _ reader: inout ContractReader
    ) throws(KafkaSourceError) -> Part {
        guard depth <= self.depthMax else {
            throw KafkaSourceError(
                message: "\(message.path) is a filter within more than \(self.depthMax) others"
            )
        }
        defer { reader.finish(message) }
        if let inner = try message.message("exact") {
            let attributes = try inner.map("attributes")
            return (.exact(attributes), "exact(\(self.text(attributes)))")
        }
        if let inner = try message.message("prefix") {
            let attributes = try inner.map("attributes")
            return (.prefix(attributes), "prefix(\(self.text(attributes)))")
        }
        if let inner = try message.message("suffix") {
            let attributes = try inner.map("attributes")
            return (.suffix(attributes), "suffix(\(self.text(attributes)))")
        }
        if let inner = try message.message("all") {
            let parts = try self.parts(try inner.messages("filters"), depth: depth + 1, &reader)
            return (.all(parts.map(\.filter)), "all(\(self.text(parts)))")
        }
        if let inner = try message.message("any") {
            let parts = try self.parts(try inner.messages("filters"), depth: depth + 1, &reader)
            return (.any(parts.map(\.filter)), "any(\(self.text(parts)))")
        }
        if let inner = try message.message("not"), let negated = try inner.message("filter") {
            let part = try self.part(negated, depth: depth + 1, &reader)
            return (.not(part.filter), "not(\(part.text))")
        }
        guard let inner = try message.message("cesql") else {
            throw KafkaSourceError(
                message: "\(message.path) must have one of exact, prefix, suffix, all, any, not, "
                    + "cesql"
            )
        }
        let expression = try inner.text("expression")
        do {
            return (try .cesql(expression), "cesql(\(expression))")
        } catch {
            throw inner.error("expression", "cannot be read: \(error.reason)")
        }
    }

    private static func text(_ parts: [Part]) -> String {
        parts.map(\.text).joined(separator: ", ")
    }

    private static func text(_ attributes: [String: String]) -> String {
        attributes.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
            .joined(separator: ", ")
    }
}

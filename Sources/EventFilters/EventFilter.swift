// SPDX-License-Identifier: Apache-2.0

public import CESQL
public import CloudEvents

/// Says which events somebody wants: the filters of Knative's `Trigger` and of the CloudEvents
/// Subscriptions API.
///
/// ```swift
/// let filter = EventFilter.all([
///     .exact(["type": "exam.graded"]),
///     .not(.prefix(["subject": "drafts/"])),
/// ])
/// if filter.matches(event) { … }
/// ```
///
/// Attributes are compared as text, in their canonical form, by Unicode scalars and with case. An
/// event without the attribute does not match ``exact(_:)``, ``prefix(_:)`` and ``suffix(_:)``,
/// and so it does match ``not(_:)`` of them.
///
/// A value without state: any thread may use it for any number of events.
public struct EventFilter: Sendable, Equatable {
    /// How an attribute is compared with a text.
    enum Comparison: Equatable {
        case exact
        case prefix
        case suffix
    }

    /// An attribute, and the text it is compared with.
    struct Attribute: Equatable {
        var attribute: EventAttribute
        var text: String
    }

    indirect enum Rule: Equatable {
        case attributes(Comparison, [Attribute])
        case all([EventFilter])
        case any([EventFilter])
        case not(EventFilter)
        case cesql(CESQLExpression)
    }

    let rule: Rule

    /// All of these attributes have exactly these values.
    ///
    /// - Parameter attributes: Texts by name in lower case; an event must match all of them.
    /// - Returns: The filter; without any attribute it lets every event through.
    public static func exact(_ attributes: [String: String]) -> Self {
        Self(.exact, attributes)
    }

    /// The values of all of these attributes begin with these texts.
    ///
    /// - Parameter attributes: Texts by name in lower case; an event must match all of them.
    /// - Returns: The filter; without any attribute it lets every event through.
    public static func prefix(_ attributes: [String: String]) -> Self {
        Self(.prefix, attributes)
    }

    /// The values of all of these attributes end with these texts.
    ///
    /// - Parameter attributes: Texts by name in lower case; an event must match all of them.
    /// - Returns: The filter; without any attribute it lets every event through.
    public static func suffix(_ attributes: [String: String]) -> Self {
        Self(.suffix, attributes)
    }

    /// What matches every one of `filters`; without any that is every event.
    public static func all(_ filters: [EventFilter]) -> Self { Self(rule: .all(filters)) }

    /// What matches at least one of `filters`; without any that is none.
    public static func any(_ filters: [EventFilter]) -> Self { Self(rule: .any(filters)) }

    /// What does not match `filter`.
    public static func not(_ filter: EventFilter) -> Self { Self(rule: .not(filter)) }

    /// What an expression of CESQL is true for.
    ///
    /// An event does not match if the value is not `true` (text and numbers are not), or if there
    /// was any error, a missing attribute for example; ``errors(for:)`` tells which.
    ///
    /// - Parameter expression: The text of the expression.
    /// - Returns: The filter.
    /// - Throws: ``EventFilterError`` when it cannot be read, or calls a function that is not
    ///   built in.
    public static func cesql(_ expression: String) throws(EventFilterError) -> Self {
        try self.cesql(expression, at: "cesql")
    }

    /// What an expression of CESQL is true for, read before, for example with functions of one's
    /// own.
    ///
    /// - Parameter expression: The expression.
    /// - Returns: The filter.
    public static func cesql(_ expression: CESQLExpression) -> Self {
        Self(rule: .cesql(expression))
    }

    /// The same for an expression at `path`.
    static func cesql(_ text: String, at path: String) throws(EventFilterError) -> Self {
        let expression: CESQLExpression
        do {
            expression = try CESQLExpression(text)
        } catch {
            throw EventFilterError(path: path, reason: "\(error)")
        }
        if let missing = expression.missingFunctions.first {
            throw EventFilterError(path: path, reason: "\(missing)")
        }
        return Self(rule: .cesql(expression))
    }

    init(rule: Rule) { self.rule = rule }

    private init(_ comparison: Comparison, _ attributes: [String: String]) {
        let attributes = attributes.sorted { $0.key < $1.key }.map { name, text in
            Attribute(attribute: EventAttribute(name: name), text: text)
        }
        self.init(rule: .attributes(comparison, attributes))
    }
}

extension EventFilter {
    /// Whether the filter lets `event` through.
    ///
    /// - Parameter event: A valid event.
    /// - Returns: `false` also when an expression could not be evaluated.
    public func matches(_ event: CloudEvent) -> Bool {
        switch self.rule {
        case .attributes(let comparison, let attributes):
            attributes.allSatisfy { Self.matches($0, comparison, event) }
        case .all(let filters): filters.allSatisfy { $0.matches(event) }
        case .any(let filters): filters.contains { $0.matches(event) }
        case .not(let filter): !filter.matches(event)
        case .cesql(let expression): expression.matches(event)
        }
    }

    private static func matches(
        _ attribute: Attribute,
        _ comparison: Comparison,
        _ event: CloudEvent
    ) -> Bool {
        guard let value = attribute.attribute.text(in: event) else { return false }
        return switch comparison {
        case .exact: value.hasSameScalars(as: attribute.text)
        case .prefix: value.utf8.starts(with: attribute.text.utf8)
        case .suffix:
            value.utf8.suffix(attribute.text.utf8.count).elementsEqual(attribute.text.utf8)
        }
    }

    /// Why expressions could not be evaluated for `event`: a sentence each.
    ///
    /// For logs and reports; ``matches(_:)`` is quicker.
    ///
    /// - Parameter event: A valid event.
    /// - Returns: Nothing when all went well, or when there is no expression.
    public func errors(for event: CloudEvent) -> [String] {
        switch self.rule {
        case .attributes: []
        case .all(let filters), .any(let filters): filters.flatMap { $0.errors(for: event) }
        case .not(let filter): filter.errors(for: event)
        case .cesql(let expression): expression.evaluate(event).errors.map(\.description)
        }
    }
}

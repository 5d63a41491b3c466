// SPDX-License-Identifier: Apache-2.0

public import CloudEvents
public import EventFilters

extension Function {
    /// Handles the events that a filter lets through: combined conditions, or CESQL.
    ///
    /// - Parameters:
    ///   - filter: For example `try .cesql("subject LIKE '%.pdf'")`.
    ///   - options: Where the handler runs, how many at once, and for how long.
    ///   - handler: As for handlers with patterns.
    public mutating func on<Reply: EventReply>(
        filter: EventFilter,
        options: HandlerOptions = .default,
        _ handler: @escaping @Sendable (CloudEvent, Context) async throws -> Reply
    ) {
        self.add(.predicate(filter.matches), options) { try await handler($0, $1).event }
    }

    /// Handles the events that a filter lets through, without a reply.
    public mutating func on(
        filter: EventFilter,
        options: HandlerOptions = .default,
        _ handler: @escaping @Sendable (CloudEvent, Context) async throws -> Void
    ) {
        self.add(.predicate(filter.matches), options) {
            try await handler($0, $1)
            return nil
        }
    }

    /// Handles the events that a filter lets through, with or without a reply.
    @_disfavoredOverload
    public mutating func on(
        filter: EventFilter,
        options: HandlerOptions = .default,
        _ handler: @escaping @Sendable (CloudEvent, Context) async throws -> CloudEvent?
    ) {
        self.add(.predicate(filter.matches), options, handler)
    }

    /// Handles the events that a condition picks, for what patterns cannot say.
    ///
    /// - Parameters:
    ///   - condition: Whether an event is for this handler; quick, and without effect.
    ///   - options: Where the handler runs, how many at once, and for how long.
    ///   - handler: As for handlers with patterns.
    public mutating func on<Reply: EventReply>(
        where condition: @escaping @Sendable (CloudEvent) -> Bool,
        options: HandlerOptions = .default,
        _ handler: @escaping @Sendable (CloudEvent, Context) async throws -> Reply
    ) {
        self.add(.predicate(condition), options) { try await handler($0, $1).event }
    }

    /// Handles the events that a condition picks, without a reply.
    public mutating func on(
        where condition: @escaping @Sendable (CloudEvent) -> Bool,
        options: HandlerOptions = .default,
        _ handler: @escaping @Sendable (CloudEvent, Context) async throws -> Void
    ) {
        self.add(.predicate(condition), options) {
            try await handler($0, $1)
            return nil
        }
    }

    /// Handles the events that a condition picks, with or without a reply.
    @_disfavoredOverload
    public mutating func on(
        where condition: @escaping @Sendable (CloudEvent) -> Bool,
        options: HandlerOptions = .default,
        _ handler: @escaping @Sendable (CloudEvent, Context) async throws -> CloudEvent?
    ) {
        self.add(.predicate(condition), options, handler)
    }
}

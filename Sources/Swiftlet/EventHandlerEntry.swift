// SPDX-License-Identifier: Apache-2.0

internal import CloudEvents

/// A handler and the events that it is for.
///
/// A class, so that the entry that an event was found to be for is handed on without copying its
/// patterns.
final class EventHandlerEntry: Sendable {
    enum Handler: Sendable {
        /// Never waits, and needs no task where its thread is the right one already.
        case synchronous(@Sendable (CloudEvent, Context) throws -> CloudEvent?)
        case asynchronous(@Sendable (CloudEvent, Context) async throws -> CloudEvent?)
    }

    enum Condition: Sendable {
        case patterns(type: EventPattern, source: EventPattern, subject: EventPattern)
        case predicate(@Sendable (CloudEvent) -> Bool)
    }

    private let condition: Condition
    /// Whether every event fits, which is known without a look at the condition.
    let isForAll: Bool
    let optionsIndex: Int
    let handler: Handler

    init(condition: Condition, optionsIndex: Int, handler: Handler) {
        self.condition = condition
        if case .patterns(let type, let source, let subject) = condition {
            self.isForAll = type.isAny && source.isAny && subject.isAny
        } else {
            self.isForAll = false
        }
        self.optionsIndex = optionsIndex
        self.handler = handler
    }

    /// Whether the handler is one without `async`.
    var neverWaits: Bool {
        if case .synchronous = self.handler { return true }
        return false
    }

    /// Lets the handler handle an event, whichever kind it is.
    func handle(_ event: CloudEvent, _ context: Context) async throws -> CloudEvent? {
        switch self.handler {
        case .synchronous(let handle): try handle(event, context)
        case .asynchronous(let handle): try await handle(event, context)
        }
    }

    func matches(_ event: inout EventInQuestion) -> Bool {
        if self.isForAll { return true }
        return switch self.condition {
        case .patterns(let type, let source, let subject):
            // What fits every value is not shown any.
            (type.isAny || type.matches(event.type))
                && (source.isAny || source.matches(event.source))
                && (subject.isAny || subject.matches(event.subject))
        case .predicate(let predicate): predicate(event.event)
        }
    }
}

/// An event whose handler is looked for: a text is made of an attribute once, however many ask.
struct EventInQuestion {
    let event: CloudEvent
    private(set) lazy var type = self.event.type
    private(set) lazy var source = self.event.source
    private(set) lazy var subject = self.event.subject ?? ""

    init(_ event: CloudEvent) { self.event = event }
}

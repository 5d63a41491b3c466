// SPDX-License-Identifier: Apache-2.0

public import CloudEvents

/// What a handler may reply with: an event, or `nil` for none.
public protocol EventReply: Sendable {
    /// The reply; `nil` for none.
    var event: CloudEvent? { get }
}

extension CloudEvent: EventReply {
    /// The event itself.
    public var event: CloudEvent? { self }
}

extension Optional: EventReply where Wrapped == CloudEvent {
    /// The event, if there is one.
    public var event: CloudEvent? { self }
}

// Three forms of one method: the compiler finds for every closure the one that is meant. A closure
// that returns nothing, or only throws, fits the second; one that returns `nil` fits the third.
extension Function {
    /// Handles events as they are; what is returned goes back as the reply.
    ///
    /// - Parameters:
    ///   - type: Which event types, for example `"com.example.order"` or `"com.example.*"`.
    ///   - source: Which sources; all unless given.
    ///   - subject: Which subjects, events without one matching only `"*"`; all unless given.
    ///   - options: Where the handler runs, how many at once, and for how long.
    ///   - handler: Called once for each delivery. An event can be delivered more than once: what
    ///     ``CloudEvent/source`` and ``CloudEvent/id`` name was handled before. A thrown
    ///     ``HTTPStatusError`` decides the status, any other error gives 500; both mean that the
    ///     event was not handled and comes again.
    public mutating func on<Reply: EventReply>(
        _ type: EventPattern,
        source: EventPattern = "*",
        subject: EventPattern = "*",
        options: HandlerOptions = .default,
        _ handler: @escaping @Sendable (CloudEvent, Context) async throws -> Reply
    ) {
        self.add(.patterns(type: type, source: source, subject: subject), options) {
            try await handler($0, $1).event
        }
    }

    /// Handles events without a reply.
    public mutating func on(
        _ type: EventPattern,
        source: EventPattern = "*",
        subject: EventPattern = "*",
        options: HandlerOptions = .default,
        _ handler: @escaping @Sendable (CloudEvent, Context) async throws -> Void
    ) {
        self.add(.patterns(type: type, source: source, subject: subject), options) {
            try await handler($0, $1)
            return nil
        }
    }

    /// Handles events, with or without a reply.
    @_disfavoredOverload
    public mutating func on(
        _ type: EventPattern,
        source: EventPattern = "*",
        subject: EventPattern = "*",
        options: HandlerOptions = .default,
        _ handler: @escaping @Sendable (CloudEvent, Context) async throws -> CloudEvent?
    ) {
        self.add(.patterns(type: type, source: source, subject: subject), options, handler)
    }

    /// Handles the JSON payload of events, without a reply.
    ///
    /// A payload that is not an `Input` is answered with 400 and not delivered again.
    @_disfavoredOverload
    public mutating func on<Input: Decodable & Sendable>(
        _ type: EventPattern,
        source: EventPattern = "*",
        subject: EventPattern = "*",
        options: HandlerOptions = .default,
        _ handler: @escaping @Sendable (Input, Context) async throws -> Void
    ) {
        self.add(.patterns(type: type, source: source, subject: subject), options) {
            try await handler(try $0.decode(Input.self), $1)
            return nil
        }
    }

    /// Handles the JSON payload of events and replies with another.
    ///
    /// - Parameters:
    ///   - type: Which event types.
    ///   - source: Which sources; all unless given.
    ///   - subject: Which subjects; all unless given.
    ///   - reply: The type of the reply, whose source is `/` and the name of the service.
    ///   - options: Where the handler runs, how many at once, and for how long.
    ///   - handler: Called once for each delivery; what it returns is the reply's payload.
    public mutating func on<Input: Decodable & Sendable, Output: Encodable & Sendable>(
        _ type: EventPattern,
        source: EventPattern = "*",
        subject: EventPattern = "*",
        reply: String,
        options: HandlerOptions = .default,
        _ handler: @escaping @Sendable (Input, Context) async throws -> Output
    ) {
        self.add(.patterns(type: type, source: source, subject: subject), options) {
            event,
            context in
            let output = try await handler(try event.decode(Input.self), context)
            return try CloudEvent(type: reply, source: context.replySource, json: output)
        }
    }
}

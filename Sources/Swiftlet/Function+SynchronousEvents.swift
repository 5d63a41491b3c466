// SPDX-License-Identifier: Apache-2.0

public import CloudEvents

// The forms for handlers that never wait. The compiler takes them for closures and functions
// without `async`; on the loop such a handler is called as it is, without a task.
extension Function {
    /// Handles events as they are, without waiting; what is returned goes back as the reply.
    ///
    /// - Parameters:
    ///   - type: Which event types.
    ///   - source: Which sources; all unless given.
    ///   - subject: Which subjects; all unless given.
    ///   - options: Where the handler runs, how many at once, and for how long.
    ///   - handler: As for handlers that wait.
    public mutating func on<Reply: EventReply>(
        _ type: EventPattern,
        source: EventPattern = "*",
        subject: EventPattern = "*",
        options: HandlerOptions = .default,
        _ handler: @escaping @Sendable (CloudEvent, Context) throws -> Reply
    ) {
        self.add(
            .patterns(type: type, source: source, subject: subject),
            options,
            .synchronous { try handler($0, $1).event }
        )
    }

    /// Handles events without waiting and without a reply.
    public mutating func on(
        _ type: EventPattern,
        source: EventPattern = "*",
        subject: EventPattern = "*",
        options: HandlerOptions = .default,
        _ handler: @escaping @Sendable (CloudEvent, Context) throws -> Void
    ) {
        self.add(
            .patterns(type: type, source: source, subject: subject),
            options,
            .synchronous {
                try handler($0, $1)
                return nil
            }
        )
    }

    /// Handles events without waiting, with or without a reply.
    @_disfavoredOverload
    public mutating func on(
        _ type: EventPattern,
        source: EventPattern = "*",
        subject: EventPattern = "*",
        options: HandlerOptions = .default,
        _ handler: @escaping @Sendable (CloudEvent, Context) throws -> CloudEvent?
    ) {
        self.add(
            .patterns(type: type, source: source, subject: subject),
            options,
            .synchronous(handler)
        )
    }

    /// Handles the JSON payload of events without waiting and without a reply.
    @_disfavoredOverload
    public mutating func on<Input: Decodable & Sendable>(
        _ type: EventPattern,
        source: EventPattern = "*",
        subject: EventPattern = "*",
        options: HandlerOptions = .default,
        _ handler: @escaping @Sendable (Input, Context) throws -> Void
    ) {
        self.add(
            .patterns(type: type, source: source, subject: subject),
            options,
            .synchronous {
                try handler(try $0.decode(Input.self), $1)
                return nil
            }
        )
    }

    /// Handles the JSON payload of events without waiting and replies with another.
    public mutating func on<Input: Decodable & Sendable, Output: Encodable & Sendable>(
        _ type: EventPattern,
        source: EventPattern = "*",
        subject: EventPattern = "*",
        reply: String,
        options: HandlerOptions = .default,
        _ handler: @escaping @Sendable (Input, Context) throws -> Output
    ) {
        self.add(
            .patterns(type: type, source: source, subject: subject),
            options,
            .synchronous { event, context in
                let output = try handler(try event.decode(Input.self), context)
                return try CloudEvent(type: reply, source: context.replySource, json: output)
            }
        )
    }
}

// SPDX-License-Identifier: Apache-2.0

public import CloudEvents

/// A function: what it does with which event, and with which plain HTTP request.
///
/// ```swift
/// import Swiftlet
///
/// struct Order: Codable { var item: String }
/// struct Receipt: Codable { var text: String }
///
/// @main
/// struct Shop {
///     static func main() async {
///         var function = Function()
///         function.on("com.example.order", reply: "com.example.receipt") { (order: Order, _) in
///             Receipt(text: "One \(order.item), coming up.")
///         }
///         await function.run()
///     }
/// }
/// ```
///
/// The first handler whose patterns match an event gets it. A function is a value: make it, fill
/// it, run it. The same value can be called in a test without a socket, with `SwiftletTesting`.
public struct Function: Sendable {
    /// Where handlers run.
    public enum Placement: Sendable {
        /// On the threads of Swift's own pool; a handler may compute or block for a while.
        case pool
        /// On the thread that reads and writes the sockets; fastest, for handlers that never block.
        case loop
    }

    /// Where handlers run.
    public var placement: Placement
    private(set) var eventHandlers: [EventHandlerEntry] = []
    private(set) var routes: [RouteEntry] = []

    /// Makes a function that handles nothing yet.
    ///
    /// - Parameter placement: Where handlers run; the pool unless an author knows better.
    public init(placement: Placement = .pool) { self.placement = placement }

    // MARK: Events

    /// Handles events as they are; what is returned goes back as the reply.
    ///
    /// - Parameters:
    ///   - type: Which event types, for example `"com.example.order"` or `"com.example.*"`.
    ///   - source: Which sources; all unless given.
    ///   - subject: Which subjects, events without one matching only `"*"`; all unless given.
    ///   - handler: Called once for each delivery. An event can be delivered more than once: what
    ///     ``CloudEvent/source`` and ``CloudEvent/id`` name was handled before. A thrown
    ///     ``FunctionError`` decides the status, any other error gives 500; both mean that the
    ///     event was not handled and comes again.
    public mutating func on(
        _ type: EventPattern,
        source: EventPattern = "*",
        subject: EventPattern = "*",
        _ handler: @escaping @Sendable (CloudEvent, Context) async throws -> CloudEvent?
    ) {
        self.eventHandlers.append(
            EventHandlerEntry(type: type, source: source, subject: subject, handler: handler)
        )
    }

    /// Handles events without a reply.
    public mutating func on(
        _ type: EventPattern,
        source: EventPattern = "*",
        subject: EventPattern = "*",
        _ handler: @escaping @Sendable (CloudEvent, Context) async throws -> Void
    ) {
        self.on(type, source: source, subject: subject) { event, context -> CloudEvent? in
            try await handler(event, context)
            return nil
        }
    }

    /// Handles the JSON payload of events, without a reply.
    ///
    /// A payload that is not an `Input` is answered with 400 and not delivered again.
    public mutating func on<Input: Decodable & Sendable>(
        _ type: EventPattern,
        source: EventPattern = "*",
        subject: EventPattern = "*",
        _ handler: @escaping @Sendable (Input, Context) async throws -> Void
    ) {
        self.on(type, source: source, subject: subject) { event, context -> CloudEvent? in
            try await handler(try event.decode(Input.self), context)
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
    ///   - handler: Called once for each delivery; what it returns is the reply's payload.
    public mutating func on<Input: Decodable & Sendable, Output: Encodable & Sendable>(
        _ type: EventPattern,
        source: EventPattern = "*",
        subject: EventPattern = "*",
        reply: String,
        _ handler: @escaping @Sendable (Input, Context) async throws -> Output
    ) {
        self.on(type, source: source, subject: subject) { event, context -> CloudEvent? in
            let output = try await handler(try event.decode(Input.self), context)
            return try CloudEvent(type: reply, source: context.replySource, json: output)
        }
    }

    // MARK: Plain HTTP

    /// Answers plain HTTP requests of a method and path.
    ///
    /// Routes come before events: a CloudEvent posted to the path of a route goes to the route.
    ///
    /// - Parameters:
    ///   - method: For example `"GET"`; a GET route answers HEAD too.
    ///   - path: For example `"/orders/{id}"`; `{id}` matches one segment, found again in
    ///     ``Request/parameters``.
    ///   - handler: Called once for each request.
    public mutating func route(
        _ method: String,
        _ path: String,
        _ handler: @escaping @Sendable (Request, Context) async throws -> Response
    ) {
        self.routes.append(
            RouteEntry(method: method, pattern: RoutePattern(path), handler: handler)
        )
    }

    /// Answers GET and HEAD.
    public mutating func get(
        _ path: String,
        _ handler: @escaping @Sendable (Request, Context) async throws -> Response
    ) {
        self.route("GET", path, handler)
    }

    /// Answers POST.
    public mutating func post(
        _ path: String,
        _ handler: @escaping @Sendable (Request, Context) async throws -> Response
    ) {
        self.route("POST", path, handler)
    }
}

/// A handler and the events that it is for.
struct EventHandlerEntry: Sendable {
    var type: EventPattern
    var source: EventPattern
    var subject: EventPattern
    var handler: @Sendable (CloudEvent, Context) async throws -> CloudEvent?

    func matches(_ event: CloudEvent) -> Bool {
        self.type.matches(event.type) && self.source.matches(event.source)
            && self.subject.matches(event.subject ?? "")
    }
}

/// A handler and the requests that it is for.
struct RouteEntry: Sendable {
    var method: String
    var pattern: RoutePattern
    var handler: @Sendable (Request, Context) async throws -> Response

    func accepts(method: String) -> Bool {
        self.method == method || (self.method == "GET" && method == "HEAD")
    }
}

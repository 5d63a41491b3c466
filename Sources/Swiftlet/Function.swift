// SPDX-License-Identifier: Apache-2.0

internal import CloudEvents

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
///     static func main() {
///         var function = Function()
///         function.on("com.example.order", reply: "com.example.receipt") { (order: Order, _) in
///             Receipt(text: "One \(order.item), coming up.")
///         }
///         function.run()
///     }
/// }
/// ```
///
/// The first handler whose patterns match an event gets it. A function is a value: make it, fill
/// it, run it. The same value can be called in a test without a socket, with `SwiftletTesting`.
public struct Function: Sendable {
    /// Where handlers run.
    public enum Placement: Sendable {
        /// On threads of its own, as many as there are processors and more while some block.
        case pool
        /// On the thread that reads and writes the sockets; fastest, for handlers that never block.
        case loop
    }

    /// Where handlers run that do not say it themselves.
    public var placement: Placement
    /// Who may deliver events by webhook; nobody is granted anything unless it is set.
    public var webhook = Webhook.refuse
    private(set) var eventHandlers: [EventHandlerEntry] = []
    private(set) var routes: [RouteEntry] = []
    /// The options of all handlers, by the index that each of them knows.
    private(set) var options: [HandlerOptions] = []

    /// Makes a function that handles nothing yet.
    ///
    /// - Parameter placement: Where handlers run; the pool unless an author knows better.
    public init(placement: Placement = .pool) { self.placement = placement }

    mutating func add(
        _ condition: EventHandlerEntry.Condition,
        _ options: HandlerOptions,
        _ handler: EventHandlerEntry.Handler
    ) {
        let index = self.add(options)
        self.eventHandlers.append(
            EventHandlerEntry(condition: condition, optionsIndex: index, handler: handler)
        )
    }

    mutating func add(
        _ condition: EventHandlerEntry.Condition,
        _ options: HandlerOptions,
        _ handle: @escaping @Sendable (CloudEvent, Context) async throws -> CloudEvent?
    ) {
        self.add(condition, options, .asynchronous(handle))
    }

    mutating func add(
        _ method: String,
        _ path: String,
        _ options: HandlerOptions,
        _ handler: RouteEntry.Handler
    ) {
        let index = self.add(options)
        self.routes.append(
            RouteEntry(
                method: method,
                pattern: RoutePattern(path),
                optionsIndex: index,
                handler: handler
            )
        )
    }

    private mutating func add(_ options: HandlerOptions) -> Int {
        self.options.append(options)
        return self.options.count - 1
    }
}

/// A handler and the requests that it is for; a class for the same reason.
final class RouteEntry: Sendable {
    enum Handler: Sendable {
        /// Gets the whole request, gives the whole answer.
        case whole(@Sendable (Request, Context) async throws -> Response)
        /// Reads and writes piece by piece.
        case streaming(
            @Sendable (StreamingRequest, ResponseWriter, Context) async throws -> Void
        )
    }

    let method: String
    let pattern: RoutePattern
    let optionsIndex: Int
    let handler: Handler

    init(method: String, pattern: RoutePattern, optionsIndex: Int, handler: Handler) {
        self.method = method
        self.pattern = pattern
        self.optionsIndex = optionsIndex
        self.handler = handler
    }

    var isStreaming: Bool {
        if case .streaming = self.handler { return true }
        return false
    }

    func accepts(method: String) -> Bool {
        self.method == method || (self.method == "GET" && method == "HEAD")
    }
}

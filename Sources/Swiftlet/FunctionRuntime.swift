// SPDX-License-Identifier: Apache-2.0

internal import CloudEvents
internal import EventLoop
internal import HTTP
internal import HTTPServer
internal import Synchronization
internal import Telemetry

/// A function and what all its invocations share; no sockets.
///
/// It finds the handler of a request, and turns whatever that does into an answer.
package final class FunctionRuntime: Sendable {
    let function: Function
    let environment: Environment
    let logger: Logger
    let headerCoding: CloudEventHeaderCoding
    let eventLimits: CloudEventLimits
    let webhookGate: WebhookGate
    let background: BackgroundWork
    /// Tells the invocations of one process from those of another.
    let process = String(UInt32.random(in: .min ... .max), radix: 16)
    /// Whether no route takes a POST, so that each of them brings events.
    let isForEventsAlone: Bool
    private let invocationsTotal = Atomic<UInt64>(0)

    init(
        _ function: Function,
        environment: Environment,
        settings: FunctionSettings,
        logger: Logger
    ) {
        self.function = function
        self.environment = environment
        self.logger = logger
        self.headerCoding = settings.headerCoding
        var limits = CloudEventLimits()
        limits.formatBytesMax = settings.bodyBytesMax
        limits.batchEventsMax = settings.batchEventsMax
        self.eventLimits = limits
        self.webhookGate = WebhookGate(function.webhook)
        self.background = BackgroundWork(countMax: settings.backgroundMax)
        self.isForEventsAlone =
            !function.eventHandlers.isEmpty
            && !function.routes.contains { $0.accepts(method: "POST") }
    }

    /// What is known about an invocation that begins now.
    func makeContext(_ fields: HTTPFields, deadline: MonotonicTime) -> Context {
        let (_, number) = self.invocationsTotal.add(1, ordering: .relaxed)
        return Context(runtime: self, fields: fields, deadline: deadline, number: number)
    }

    /// The options of a handler.
    func options(_ index: Int) -> HandlerOptions { self.function.options[index] }

    /// Where a handler runs; `nil` for a batch, which is no handler's own.
    func placement(_ optionsIndex: Int?) -> Function.Placement {
        let own = optionsIndex.flatMap { self.options($0).placement }
        return own ?? self.function.placement
    }

    // MARK: Events

    /// What a message to the function holds.
    ///
    /// - Throws: `CloudEventError`, or ``FunctionError`` when there is no handler for the event.
    func message(_ fields: HTTPFields, _ body: [UInt8]) throws -> Invocation.Message {
        let limits = self.eventLimits
        let message = try CloudEvent.read(
            httpFields: fields,
            body: body,
            headerCoding: self.headerCoding,
            limits: limits
        )
        if let message {
            let entry = try self.entry(for: message.event)
            return .event(
                Invocation.Delivery(event: message.event, entry: entry, mode: message.mode)
            )
        }
        return .batch(try CloudEvent.batch(httpFields: fields, body: body, limits: limits))
    }

    /// The first handler that an event is for.
    ///
    /// - Throws: ``FunctionError`` with 422: trying again would not help, as it would after 404.
    func entry(for event: CloudEvent) throws(FunctionError) -> EventHandlerEntry {
        if let first = self.function.eventHandlers.first, first.isForAll { return first }
        var question = EventInQuestion(event)
        for entry in self.function.eventHandlers where entry.matches(&question) { return entry }
        throw FunctionError(422, "no handler is registered for events of type \(event.type)")
    }

    /// Lets a handler handle an event; never throws, for every failure has a status.
    func answer(
        _ event: CloudEvent,
        _ entry: EventHandlerEntry,
        _ mode: CloudEventContentMode,
        _ context: Context
    ) async -> Response {
        do {
            return try self.response(with: try await entry.handle(event, context), mode)
        } catch {
            return self.refusal(error, context)
        }
    }

    /// As the form for any handler, for one that never waits.
    func answer(
        _ event: CloudEvent,
        _ handle: @Sendable (CloudEvent, Context) throws -> CloudEvent?,
        _ mode: CloudEventContentMode,
        _ context: Context
    ) -> Response {
        do {
            return try self.response(with: try handle(event, context), mode)
        } catch {
            return self.refusal(error, context)
        }
    }

    /// A reply, if there is one, travels in the mode of the request.
    private func response(
        with reply: CloudEvent?,
        _ mode: CloudEventContentMode
    ) throws -> Response {
        guard let reply else { return Response() }
        var fields = HTTPFields()
        do {
            let body = try reply.encode(into: &fields, mode: mode, headerCoding: self.headerCoding)
            return Response(status: 200, headers: Headers(fields), body: body)
        } catch {
            throw FunctionError(500, "the handler's reply is no valid event: \(error)")
        }
    }

    // MARK: Routes

    /// Lets a route answer a whole request.
    func answer(
        _ request: Request,
        _ handler: @Sendable (Request, Context) async throws -> Response,
        _ context: Context
    ) async -> Response {
        do {
            return try await handler(request, context)
        } catch {
            return self.refusal(error, context)
        }
    }

    // MARK: Failures

    /// The answer to a request whose handling failed; the log hears of it too.
    func refusal(_ error: any Error, _ context: Context) -> Response {
        switch error {
        case let error as CloudEventError:
            context.logger.warning("An event was refused.", ["reason": error.description])
            return .refusal(error.httpStatus, error.description)
        case let error as any HTTPStatusError:
            context.logger.warning(
                "The handler gave up.",
                ["status": String(error.status), "reason": error.message]
            )
            let isStatus = 400...599 ~= error.status
            return .refusal(
                isStatus ? error.status : 500,
                error.message,
                retryAfter: error.retryAfter
            )
        case let error as HTTPBodyError:
            return .refusal(error.status.rawValue, "the request body cannot be read to its end")
        case is CancellationError:
            return .refusal(503, "the invocation was cancelled")
        default:
            context.logger.error("The handler failed.", ["error": String(describing: error)])
            return .refusal(500, "the function failed; its log says why")
        }
    }
}

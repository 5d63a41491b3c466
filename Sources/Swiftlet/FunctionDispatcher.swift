// SPDX-License-Identifier: Apache-2.0

internal import CloudEvents
internal import HTTP
internal import Telemetry

/// Finds the handler of a request and turns whatever it does into an answer; no sockets.
package struct FunctionDispatcher: Sendable {
    private let function: Function
    private let environment: Environment
    private let logger: Logger
    private let headerCoding: CloudEventHeaderCoding

    package init(_ function: Function, environment: Environment, logger: Logger) {
        self.function = function
        self.environment = environment
        self.logger = logger
        // Knative's own senders do not percent-encode; see the README.
        self.headerCoding = environment["SWIFTLET_CE_HEADERS"] == "knative" ? .knative : .strict
    }

    /// Answers a request; never throws, for every failure has a status.
    package func answer(_ request: Request, _ context: Context) async -> Response {
        do {
            if let (route, parameters) = self.route(for: request) {
                var request = request
                request.parameters = parameters
                return try await route.handler(request, context)
            }
            if let refusal = self.refusal(of: request) { return refusal }
            return try await self.answerEvent(request, context)
        } catch {
            return self.failure(error, context)
        }
    }

    private func route(for request: Request) -> (RouteEntry, [String: String])? {
        for route in self.function.routes where route.accepts(method: request.method) {
            if let parameters = route.pattern.match(request.path) { return (route, parameters) }
        }
        return nil
    }

    /// What is neither for a route nor can be an event.
    private func refusal(of request: Request) -> Response? {
        let allowed = self.function.routes.filter { $0.pattern.match(request.path) != nil }
        let takesEvents = !self.function.eventHandlers.isEmpty
        if takesEvents, request.method == "POST" || (request.method == "PUT" && allowed.isEmpty) {
            return nil
        }
        if allowed.isEmpty, !takesEvents || request.path != "/" {
            return .refusal(404, "there is nothing at this path")
        }
        let methods = allowed.map(\.method) + (takesEvents ? ["POST"] : [])
        var response = Response.refusal(
            405,
            takesEvents ? "send a CloudEvent by POST" : "this path does not take \(request.method)"
        )
        response.headers["Allow"] = methods.joined(separator: ", ")
        return response
    }

    private func answerEvent(_ request: Request, _ context: Context) async throws -> Response {
        let fields = request.headers.fields
        let mode = CloudEventContentMode(httpFields: fields) ?? .binary
        let event = try CloudEvent(
            httpFields: fields,
            body: request.body,
            headerCoding: self.headerCoding
        )
        guard let entry = self.function.eventHandlers.first(where: { $0.matches(event) }) else {
            // Trying again would not help: 422 is not retried, 404 would be.
            return .refusal(422, "no handler is registered for events of type \(event.type)")
        }
        guard let reply = try await entry.handler(event, context) else { return Response() }
        return try self.response(with: reply, mode: mode)
    }

    /// A reply travels in the mode of the request.
    private func response(
        with reply: CloudEvent,
        mode: CloudEventContentMode
    ) throws -> Response {
        var fields = HTTPFields()
        do {
            let body = try reply.encode(into: &fields, mode: mode, headerCoding: self.headerCoding)
            return Response(status: 200, headers: Headers(fields), body: body)
        } catch {
            throw FunctionError(500, "the handler's reply is no valid event: \(error)")
        }
    }

    private func failure(_ error: any Error, _ context: Context) -> Response {
        switch error {
        case let error as CloudEventError:
            context.logger.warning("An event was refused.", ["reason": error.description])
            return .refusal(error.httpStatus, error.description)
        case let error as FunctionError:
            context.logger.warning(
                "The handler gave up.",
                ["status": String(error.status), "reason": error.message]
            )
            let isStatus = 400...599 ~= error.status
            return .refusal(isStatus ? error.status : 500, error.message)
        case is CancellationError:
            return .refusal(503, "the invocation was cancelled")
        default:
            context.logger.error("The handler failed.", ["error": String(describing: error)])
            return .refusal(500, "the function failed; its log says why")
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

internal import CloudEvents
internal import HTTP
internal import Telemetry

extension Function {
    /// Answers one request in the calling task, without a server.
    package func answer(_ request: Request, environment: Environment) async -> Response {
        let logger = Logger(label: environment.service ?? "function")
        let context = Context(
            environment: environment,
            deadline: .now.advanced(by: FunctionSettings.timeoutDefault),
            logger: logger,
            process: "test",
            number: 0
        )
        return await FunctionDispatcher(self, environment: environment, logger: logger)
            .answer(request, context)
    }
}

extension Request {
    /// The request that carries an event in binary mode.
    package init(event: CloudEvent) throws {
        var fields = HTTPFields()
        let body = try event.encode(into: &fields)
        self.init(method: "POST", path: "/", headers: Headers(fields), body: body)
    }
}

extension Response {
    /// The event that an answer carries; `nil` when there is none.
    package func event() throws -> CloudEvent? {
        guard CloudEventContentMode(httpFields: self.headers.fields) != nil else { return nil }
        return try CloudEvent(httpFields: self.headers.fields, body: self.body)
    }
}

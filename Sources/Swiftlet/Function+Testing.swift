// SPDX-License-Identifier: Apache-2.0

internal import CloudEvents
internal import EventLoop
internal import HTTP
internal import Telemetry

extension FunctionRuntime {
    /// Makes one without a server, for tests.
    package convenience init(_ function: Function, environment: Environment) throws {
        self.init(
            function,
            environment: environment,
            settings: try FunctionSettings(environment, processID: 0),
            logger: Logger(label: environment.service ?? "function")
        )
    }

    /// Waits for the background work of all invocations so far.
    package func finishBackgroundWork() async { await self.background.finished() }

    /// Answers one request in the calling task, without a server: no turns, no deadlines.
    package func answer(_ request: Request) async -> Response {
        let recorder = ResponseRecorder()
        await self.answer(request, body: ChunkSource([request.body]), to: recorder)
        let recorded = recorder.recorded
        return Response(
            status: recorded.status,
            headers: recorded.headers,
            body: Array(recorded.chunks.joined())
        )
    }

    /// As the plain form, with bodies piece by piece.
    package func answer(
        _ request: Request,
        body: any RequestBodySource,
        to recorder: ResponseRecorder
    ) async {
        let (fields, path) = (request.headers.fields, request.path[...])
        let context = self.makeContext(
            fields,
            deadline: MonotonicTime.now().advanced(by: FunctionSettings.timeoutDefault)
        )
        switch self.plan(request.method, path, fields) {
        case .refuse(let response): recorder.record(response)
        case .event:
            if let refusal = self.webhookGate.refusal(of: fields, now: .now()) {
                return recorder.record(refusal)
            }
            recorder.record(await self.answerMessage(request, context))
        case .route(let entry, let parameters):
            var request = request
            request.parameters = parameters
            request.headers = Headers(ForwardedField.completed(fields))
            switch entry.handler {
            case .whole(let handle):
                recorder.record(await self.answer(request, handle, context))
            case .streaming(let handle):
                request.body = []
                let streaming = StreamingRequest(head: request, body: RequestBody(source: body))
                do {
                    try await handle(streaming, ResponseWriter(sink: recorder), context)
                    recorder.end()
                } catch {
                    recorder.fail(self.refusal(error, context))
                }
            }
        }
    }

    private func answerMessage(_ request: Request, _ context: Context) async -> Response {
        do {
            switch try self.message(request.headers.fields, request.body) {
            case .event(let delivery):
                return await self.answer(
                    delivery.event,
                    delivery.entry,
                    delivery.mode,
                    context
                )
            case .batch(let events):
                return await self.answer(events, context) { _, work in await work() }
            }
        } catch {
            return self.refusal(error, context)
        }
    }
}

extension Request {
    /// The request that carries an event.
    package init(event: CloudEvent, mode: CloudEventContentMode = .binary) throws {
        var fields = HTTPFields()
        let body = try event.encode(into: &fields, mode: mode)
        self.init(method: "POST", path: "/", headers: Headers(fields), body: body)
    }

    /// The request that carries a batch.
    package init(batch: [CloudEvent]) throws {
        let body = try CloudEvent.jsonFormat(batch: batch)
        let headers: Headers = ["Content-Type": MediaType.batch]
        self.init(method: "POST", path: "/", headers: headers, body: body)
    }
}

extension Response {
    /// The events that an answer carries, none or one unless it is a batch.
    package func events() throws -> [CloudEvent] {
        let fields = self.headers.fields
        switch CloudEventContentMode(httpFields: fields) {
        case nil: return []
        case .batch: return try CloudEvent.batch(httpFields: fields, body: self.body)
        case .binary, .structured: return [try CloudEvent(httpFields: fields, body: self.body)]
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

internal import CloudEvents
internal import EventLoop
internal import HTTP
internal import HTTPServer

// How the handlers of each kind are started; loop only.
extension Invocation {
    func context() -> Context {
        let now = self.exchange.loop.now
        let deadline =
            self.deadlines?.deadline(from: now)
            ?? now.advanced(by: self.handler.settings.timeout)
        return self.runtime.makeContext(self.exchange.request.fields, deadline: deadline)
    }

    private func start(
        _ optionsIndex: Int?,
        _ work: @escaping @Sendable @isolated(any) () async -> Void
    ) {
        switch self.runtime.placement(optionsIndex) {
        case .loop:
            self.starting {
                Task.immediate(executorPreference: self.exchange.loop, operation: work)
            }
        case .pool:
            self.task = Task(executorPreference: self.handler.pool, operation: work)
        }
    }

    func startDelivery(_ optionsIndex: Int) {
        let context = self.context()
        guard case .synchronous(let handle)? = self.delivery?.entry.handler,
            self.runtime.placement(optionsIndex) == .loop
        else {
            return self.start(optionsIndex) { await self.deliver(context) }
        }
        // Here already, and nobody can cancel it meanwhile: a task would have nothing to do.
        guard let delivery = self.delivery.take() else { return }
        self.answer(self.runtime.answer(delivery.event, handle, delivery.mode, context))
    }

    /// In the handler's task, which has taken over what is delivered.
    private func deliver(_ context: Context) async {
        guard let delivery = self.delivery.take() else { return }
        let response = await self.runtime.answer(
            delivery.event,
            delivery.entry,
            delivery.mode,
            context
        )
        self.finish(response)
    }

    func start(
        _ handle: @escaping @Sendable (Request, Context) async throws -> Response,
        _ parameters: [String: String],
        _ entry: RouteEntry
    ) {
        let request = Request(self.exchange.request, parameters: parameters, body: self.body)
        let context = self.context()
        self.body = []
        self.start(entry.optionsIndex) {
            self.finish(await self.runtime.answer(request, handle, context))
        }
    }

    func start(_ events: [CloudEvent]) {
        let context = self.context()
        self.start(nil) {
            let response = await self.runtime.answer(events, context) { entry, work in
                try await self.handler.withTurn(entry, work)
            }
            self.finish(response)
        }
    }

    func startStream(
        _ handle:
            @escaping @Sendable (StreamingRequest, ResponseWriter, Context) async throws -> Void,
        _ parameters: [String: String],
        _ entry: RouteEntry
    ) {
        let bytesMax = self.runtime.options(entry.optionsIndex).bodyBytesMax
        let stream = ExchangeStream(
            self.exchange,
            deadlines: self.handler.deadlines,
            bodyBytesMax: bytesMax ?? self.handler.settings.bodyBytesMax,
            owner: self
        )
        self.stream = stream
        let request = StreamingRequest(
            head: Request(self.exchange.request, parameters: parameters),
            body: RequestBody(source: stream)
        )
        let context = self.context()
        self.start(entry.optionsIndex) {
            do {
                try await handle(request, ResponseWriter(sink: stream), context)
                self.onLoop { self.streamEnded() }
            } catch {
                self.onLoop { self.streamFailed(error, context) }
            }
        }
    }

    private func streamEnded() {
        self.task = nil
        self.stream?.end()
        self.end()
    }

    private func streamFailed(_ error: any Error, _ context: Context) {
        self.task = nil
        guard !self.exchange.isOver else { return self.end() }
        let response = self.runtime.refusal(error, context)
        guard !self.exchange.isStarted else {
            self.exchange.abort()
            return self.end()
        }
        self.answer(response)
    }
}

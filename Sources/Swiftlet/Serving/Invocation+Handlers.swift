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
        _ work: @escaping @Sendable @concurrent () async -> Void,
        _ optionsIndex: Int?
    ) {
        let own = optionsIndex.flatMap { self.runtime.options($0).placement }
        switch own ?? self.runtime.function.placement {
        case .loop:
            self.starting {
                Task.immediate(executorPreference: self.exchange.loop, operation: work)
            }
        case .pool: self.task = Task(operation: work)
        }
    }

    func startDelivery(_ optionsIndex: Int) {
        let context = self.context()
        self.start({ await self.deliver(context) }, optionsIndex)
    }

    /// In the handler's task, which has taken over what is delivered.
    @concurrent
    private func deliver(_ context: Context) async {
        guard let delivery = self.delivery.take() else { return }
        let response = await self.runtime.answer(
            delivery.event,
            delivery.entry.handler,
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
        self.start(
            { self.finish(await self.runtime.answer(request, handle, context)) },
            entry.optionsIndex
        )
    }

    func start(_ events: [CloudEvent]) {
        let context = self.context()
        self.start(
            {
                let response = await self.runtime.answer(events, context) { entry, work in
                    try await self.handler.withTurn(entry, work)
                }
                self.finish(response)
            },
            nil
        )
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
        self.start(
            {
                do {
                    try await handle(request, ResponseWriter(sink: stream), context)
                    self.onLoop { self.streamEnded() }
                } catch {
                    self.onLoop { self.streamFailed(error, context) }
                }
            },
            entry.optionsIndex
        )
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

// SPDX-License-Identifier: Apache-2.0

internal import Bytes
internal import EventLoop
internal import HTTP
internal import HTTPServer
internal import Synchronization
internal import Telemetry

/// Connects a function to the server: probes, bodies, deadlines, and where handlers run.
final class FunctionHandler: HTTPHandler {
    private let dispatcher: FunctionDispatcher
    private let placement: Function.Placement
    private let settings: FunctionSettings
    private let environment: Environment
    private let logger: Logger
    private let process = Hex.encode((0..<4).map { _ in UInt8.random(in: 0 ... .max) })
    private let invocationsTotal = Atomic<UInt64>(0)
    private let isStopping = Atomic<Bool>(false)

    init(_ function: Function, settings: FunctionSettings, environment: Environment, logger: Logger)
    {
        self.dispatcher = FunctionDispatcher(function, environment: environment, logger: logger)
        self.placement = function.placement
        self.settings = settings
        self.environment = environment
        self.logger = logger
    }

    /// Lets readiness fail, so that no new requests are sent here (Knative runtime contract).
    func stop() { self.isStopping.store(true, ordering: .relaxed) }

    func handle(_ exchange: HTTPExchange) {
        let isReady = !self.isStopping.load(ordering: .relaxed)
        if let answer = HealthProbes.answer(to: exchange.request, isReady: isReady) {
            return exchange.respond(answer.status, answer.fields, body: answer.body)
        }
        let invocation = Invocation(exchange, timeout: self.settings.timeout)
        let context = self.makeContext()
        switch self.placement {
        case .loop:
            invocation.task = Task(executorPreference: exchange.loop) {
                await self.run(invocation, context)
            }
        case .pool:
            invocation.task = Task { await self.run(invocation, context) }
        }
    }

    private func makeContext() -> Context {
        let (_, number) = self.invocationsTotal.add(1, ordering: .relaxed)
        return Context(
            environment: self.environment,
            deadline: .now.advanced(by: self.settings.timeout),
            logger: self.logger,
            process: self.process,
            number: number
        )
    }

    private func run(_ invocation: Invocation, _ context: Context) async {
        let exchange = invocation.exchange
        do {
            let body = try await exchange.collectBody(upTo: self.settings.bodyBytesMax)
            let head = exchange.request
            let request = Request(
                method: head.method.rawValue,
                path: head.path,
                queryString: head.query,
                headers: Headers(head.fields),
                body: body
            )
            let response = await self.dispatcher.answer(request, context)
            invocation.finish(response)
        } catch {
            invocation.fail(error)
        }
    }
}

/// One request on its way through a handler, with its deadline.
///
/// `@unchecked Sendable`: its variables belong to the thread of the exchange's loop.
private final class Invocation: @unchecked Sendable {
    let exchange: HTTPExchange
    var task: Task<Void, Never>?
    private var timer = TimerID.none

    /// Starts the clock; loop only.
    init(_ exchange: HTTPExchange, timeout: Duration) {
        self.exchange = exchange
        self.timer = exchange.loop.schedule(after: timeout) { [unowned self] in self.timedOut() }
        exchange.onCancelled = { [weak self] in self?.ended() }
    }

    /// Sends the answer; any thread.
    func finish(_ response: Response) {
        self.onLoop {
            self.exchange.respond(
                HTTPStatus(rawValue: response.status),
                response.headers.fields,
                body: response.body
            )
        }
    }

    /// Reports that the request could not be read; any thread.
    func fail(_ error: any Error) {
        self.onLoop { self.exchange.fail(with: error) }
    }

    private func onLoop(_ body: @escaping @Sendable () -> Void) {
        let loop = self.exchange.loop
        guard loop.isCurrent else {
            return loop.execute {
                loop.cancel(self.timer)
                body()
            }
        }
        loop.cancel(self.timer)
        body()
    }

    private func timedOut() {
        self.task?.cancel()
        self.exchange.respond(
            .gatewayTimeout,
            ["Content-Type": "text/plain; charset=utf-8"],
            body: Array("the function did not answer in time\n".utf8)
        )
    }

    /// The client is gone.
    private func ended() {
        self.exchange.loop.cancel(self.timer)
        self.task?.cancel()
    }
}

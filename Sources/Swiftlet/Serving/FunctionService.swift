// SPDX-License-Identifier: Apache-2.0

internal import EventLoop
internal import HTTPServer
internal import Synchronization
internal import Telemetry

/// A function on its sockets: what listens, and in which order it stops.
final class FunctionService: Sendable {
    private let runtime: FunctionRuntime
    private let settings: FunctionSettings
    private let loop: EventLoop
    let handler: FunctionHandler
    private let server: HTTPServer
    private let metricsServer: HTTPServer?
    private let identity: TLSIdentity?
    /// Where metrics are served; `nil` when they are not, or not yet.
    var metricsPort: UInt16? { self.metricsAddress.withLock { $0?.port } }
    private let metricsAddress = Mutex<SocketAddress?>(nil)

    /// - Throws: `TLSIdentityError` naming the file that cannot be used.
    init(_ runtime: FunctionRuntime, settings: FunctionSettings, loop: EventLoop) throws {
        self.identity = try settings.tls.map {
            try TLSIdentity(certificatePath: $0.certificate, keyPath: $0.key)
        }
        let instruments = settings.metricsPort.map { _ in RequestInstruments(loop: loop) }
        let handler = FunctionHandler(
            runtime,
            settings: settings,
            loop: loop,
            instruments: instruments
        )
        let logger = runtime.logger
        var configuration = HTTPServerConfiguration()
        configuration.bodyBytesMax = handler.bodyBytesMax
        // A client that has sent all and then closes cannot be told from one that still listens;
        // as with Go's server, which Knative is made of, it counts as gone.
        configuration.halfClose = .cancel
        configuration.tls = self.identity
        configuration.report = { logger.warning("A request went wrong.", ["reason": $0]) }
        self.runtime = runtime
        self.settings = settings
        self.loop = loop
        self.handler = handler
        self.server = HTTPServer(loop: loop, configuration: configuration, handler: handler)
        self.metricsServer = instruments.map {
            HTTPServer(loop: loop, handler: MetricsHandler(metrics: $0.metrics))
        }
    }

    /// Begins to listen.
    ///
    /// - Returns: Where.
    /// - Throws: `SystemError`, for example when a port is in use.
    func start() async throws -> SocketAddress {
        if let metricsServer = self.metricsServer, let port = self.settings.metricsPort {
            let address = try await metricsServer.listen(on: .ipv4Any(port: port))
            self.metricsAddress.withLock { $0 = address }
            self.runtime.logger.info("Serving metrics.", ["address": address.description])
            await self.loop.run {
                self.handler.instruments?.start { self.handler.turns.depth }
            }
        }
        switch self.settings.listener {
        case .inherited(let descriptor):
            return try await self.server.adopt(listeningDescriptor: descriptor)
        case .address(let address):
            return try await self.server.listen(on: address)
        }
    }

    /// Reads the certificate and its key again; what was there stays when they cannot be used.
    func reloadIdentity() {
        guard let identity = self.identity else { return }
        do {
            try identity.reload()
            self.runtime.logger.info("The certificate was read again.")
        } catch {
            self.runtime.logger.error(
                "The old certificate stays in use.",
                ["reason": error.description]
            )
        }
    }

    /// Stops as Knative wants it: readiness fails, what comes late is still served, what runs
    /// finishes, and so does background work; what is not done at the deadline is cut off.
    func drain() async {
        await self.handler.stop()
        await self.handler.untilQuiet()
        let deadline = MonotonicTime.now().advanced(by: self.settings.drainTimeout)
        await self.server.drain(deadline: self.settings.drainTimeout)
        await self.untilDone(deadline)
        self.handler.pool.close()
        await self.metricsServer?.drain(deadline: .zero)
    }

    /// Waits for handlers whose client is gone, and for background work, until the deadline.
    private func untilDone(_ deadline: MonotonicTime) async {
        let isDone = await withCheckedContinuation { continuation in
            let race = DrainRace(continuation)
            self.loop.execute { self.loop.schedule(at: deadline) { race.end(isDone: false) } }
            Task {
                await self.handler.untilIdle()
                await self.runtime.background.finished()
                self.loop.execute { race.end(isDone: true) }
            }
        }
        guard !isDone else { return }
        self.runtime.logger.warning(
            "The drain took too long; what still runs is cut off.",
            ["background": String(self.runtime.background.count)]
        )
        self.runtime.background.cancel()
    }
}

/// The first of two ends counts.
///
/// `@unchecked Sendable`: its variables belong to the thread of the function's loop.
private final class DrainRace: @unchecked Sendable {
    private var continuation: CheckedContinuation<Bool, Never>?

    init(_ continuation: CheckedContinuation<Bool, Never>) { self.continuation = continuation }

    func end(isDone: Bool) { self.continuation.take()?.resume(returning: isDone) }
}

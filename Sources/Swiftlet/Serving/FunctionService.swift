// SPDX-License-Identifier: Apache-2.0

internal import EventLoop
internal import HTTPServer
internal import Synchronization
internal import Telemetry

/// A function on its sockets: what listens, and in which order it stops.
final class FunctionService: Sendable {
    /// What is cut off gets this long to tidy up, when it heeds its cancellation.
    private static let tidyingTime = Duration.seconds(1)

    private let runtime: FunctionRuntime
    private let settings: FunctionSettings
    private let loop: EventLoop
    let handler: FunctionHandler
    private let server: HTTPServer
    private let metricsServer: HTTPServer?
    private let identity: IdentityWatch?
    private let race: DrainRace
    /// Where metrics are served; `nil` when they are not, or not yet.
    var metricsPort: UInt16? { self.metricsAddress.withLock { $0?.port } }
    private let metricsAddress = Mutex<SocketAddress?>(nil)

    /// - Throws: `TLSIdentityError` naming the file that cannot be used.
    init(_ runtime: FunctionRuntime, settings: FunctionSettings, loop: EventLoop) throws {
        let identity = try settings.tls.map {
            try TLSIdentity(certificatePath: $0.certificate, keyPath: $0.key)
        }
        self.identity = identity.map {
            IdentityWatch($0, interval: settings.tls?.reloadInterval, logger: runtime.logger)
        }
        self.race = DrainRace(loop: loop)
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
        let connections = settings.connections
        configuration.connectionsMax = connections.countMax
        configuration.headerTimeout = connections.headerTimeout
        configuration.bodyTimeout = connections.bodyTimeout
        configuration.writeTimeout = connections.writeTimeout
        configuration.keepAliveTimeout = connections.keepAliveTimeout
        configuration.halfClose = connections.halfClose
        configuration.tls = identity
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
            let descriptor = try Socket.listenEverywhere(port: port)
            let address = try await metricsServer.adopt(listeningDescriptor: descriptor)
            self.metricsAddress.withLock { $0 = address }
            self.runtime.logger.info("Serving metrics.", ["address": address.description])
            await self.loop.run {
                self.handler.instruments?.start { self.handler.turns.depth }
            }
        }
        if let identity = self.identity { await self.loop.run { identity.begin(on: self.loop) } }
        switch self.settings.listener {
        case .inherited(let descriptor):
            return try await self.server.adopt(listeningDescriptor: descriptor)
        case .address(let address):
            return try await self.server.listen(on: address)
        case .port(let port):
            let descriptor = try Socket.listenEverywhere(port: port)
            return try await self.server.adopt(listeningDescriptor: descriptor)
        }
    }

    /// Reads the certificate and its key again; what was there stays when they cannot be used.
    func reloadIdentity() { self.identity?.reload() }

    /// Stops as Knative wants it: readiness fails, what comes late is still served, what runs
    /// finishes, and so does background work; what is not done at the deadline is cut off.
    func drain() async {
        await self.handler.stop()
        await self.race.wait { await self.handler.untilQuiet() }
        let timeout = self.settings.drainTimeout
        let deadline = MonotonicTime.now().advanced(by: timeout)
        self.loop.execute { self.loop.schedule(at: deadline) { self.race.cut() } }
        let isDone = await self.race.wait {
            await self.server.drain(deadline: timeout)
            await self.untilDone()
        }
        if !isDone { await self.cutOff() }
        self.handler.pool.close()
        await self.metricsServer?.drain(deadline: .zero)
    }

    /// Ends a drain now, or the one that is to come; loop only.
    func cutDrainShort() {
        self.race.cut()
        self.handler.endQuiet()
    }

    private func cutOff() async {
        self.runtime.logger.warning(
            "The drain was cut short; what still ran is cut off.",
            ["background": String(self.runtime.background.count)]
        )
        self.runtime.background.cancel()
        await self.server.drain(deadline: .zero)
        let race = DrainRace(loop: self.loop)
        self.loop.execute { self.loop.schedule(after: Self.tidyingTime) { race.cut() } }
        await race.wait { await self.untilDone() }
    }

    /// Waits for handlers, also those whose client is gone, and for background work.
    private func untilDone() async {
        await self.handler.untilIdle()
        await self.runtime.background.finished()
    }
}

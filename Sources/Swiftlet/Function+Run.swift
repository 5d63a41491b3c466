// SPDX-License-Identifier: Apache-2.0

internal import CLinux
internal import EventLoop
internal import Glibc
internal import HTTPServer
internal import Telemetry

extension Function {
    /// Serves until SIGTERM or SIGINT, and returns after what ran has finished.
    ///
    /// It listens on the inherited socket (`LISTEN_FDS`), else on `LISTEN_ADDRESS`, else on `PORT`,
    /// else on port 8080 of this machine alone. When it cannot start, it says why in one sentence
    /// on standard error and ends the process with exit code 1.
    public func run() async {
        do {
            try await self.serve()
        } catch {
            Logger(label: "function").error("The function cannot start.", ["reason": "\(error)"])
            exit(1)
        }
    }

    /// As ``run()``, for programs that want to decide themselves what a failed start means.
    ///
    /// - Parameter environment: Where the settings come from.
    /// - Throws: What keeps it from starting, for example a port in use.
    public func serve(environment: Environment = .process) async throws {
        Signals.ignoreBrokenPipes()
        let settings = try FunctionSettings(environment, processID: getpid())
        let logger = Logger(label: environment.service ?? "function")
        let handler = FunctionHandler(
            self,
            settings: settings,
            environment: environment,
            logger: logger
        )
        let loop = try EventLoop(name: "function")
        loop.start()
        defer {
            loop.stop()
            loop.join()
        }
        var configuration = HTTPServerConfiguration()
        configuration.bodyBytesMax = settings.bodyBytesMax
        configuration.report = { logger.warning("A request went wrong.", ["reason": $0]) }
        let server = HTTPServer(loop: loop, configuration: configuration, handler: handler)
        let address = try await Self.listen(server, settings.listener)
        logger.info("Listening.", ["address": address.description])
        if let socket = environment["NOTIFY_SOCKET"] { _ = swiftlet_notify(socket, "READY=1") }
        try await Self.untilTerminated(loop)
        handler.stop()
        await server.drain(deadline: settings.drainTimeout)
    }

    private static func listen(
        _ server: HTTPServer,
        _ listener: FunctionSettings.Listener
    ) async throws -> SocketAddress {
        switch listener {
        case .inherited(let descriptor):
            return try await server.adopt(listeningDescriptor: descriptor)
        case .address(let address):
            return try await server.listen(on: address)
        }
    }

    private static func untilTerminated(_ loop: EventLoop) async throws {
        try await withCheckedThrowingContinuation {
            (continuation: CheckedContinuation<Void, any Error>) in
            loop.execute {
                var waiting: CheckedContinuation<Void, any Error>? = continuation
                do {
                    _ = try Signals([SIGTERM, SIGINT], on: loop) { _ in waiting.take()?.resume() }
                } catch {
                    waiting.take()?.resume(throwing: error)
                }
            }
        }
    }
}

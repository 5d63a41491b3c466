// SPDX-License-Identifier: Apache-2.0

internal import CLinux
internal import EventLoop
internal import Glibc
internal import HTTPServer
internal import Synchronization
internal import Telemetry

extension Function {
    /// Serves on this thread until SIGTERM or SIGINT, and returns after what ran has finished.
    ///
    /// A second signal cuts off what still runs.
    ///
    /// Meant for a `main` without `async`: the main thread then reads and writes the sockets, and
    /// a start costs no second one. What is isolated to the main actor does not run meanwhile; a
    /// program that needs it has an `async` main, and gets the form that leaves the thread alone.
    ///
    /// It listens on the inherited socket (`LISTEN_FDS`), else on `LISTEN_ADDRESS`, else on `PORT`,
    /// else on port 8080 of this machine alone. When it cannot start, it says why in one sentence
    /// on standard error and ends the process with exit code 1.
    ///
    /// - Parameter arguments: Those of the program, without its name. `--help` prints what the
    ///   program is and what it heeds, and ends it; any other ends it with exit code 2. A program
    ///   with arguments of its own passes none.
    public func run(arguments: [String] = Array(CommandLine.arguments.dropFirst())) {
        if let code = Self.exitCode(arguments) { exit(code) }
        do {
            try self.serveHere()
        } catch {
            Self.exitUnstarted(error)
        }
    }

    /// As the form without `async`, on a thread of its own.
    public func run(arguments: [String] = Array(CommandLine.arguments.dropFirst())) async {
        if let code = Self.exitCode(arguments) { exit(code) }
        do {
            try await self.serve()
        } catch {
            Self.exitUnstarted(error)
        }
    }

    private static func exitUnstarted(_ error: any Error) -> Never {
        Logger(label: "function").error("The function cannot start.", ["reason": "\(error)"])
        exit(1)
    }

    /// What `arguments` end the program with; `nil` when there are none.
    private static func exitCode(_ arguments: [String]) -> Int32? {
        guard let argument = arguments.first else { return nil }
        let path = CommandLine.arguments.first ?? "function"
        let program = path.split(separator: "/").last.map(String.init) ?? path
        if argument == "--help" || argument == "-h" {
            Self.write(FunctionVariable.help(program: program), to: STDOUT_FILENO)
            return 0
        }
        let explanation = "unknown argument \"\(argument)\"; --help says what it heeds"
        Self.write("\(program): \(explanation)\n", to: STDERR_FILENO)
        return 2
    }

    private static func write(_ text: String, to fd: Int32) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(fd, $0.baseAddress, $0.count) }
            guard count > 0 || errno == EINTR else { return }
            rest = rest.dropFirst(max(0, count))
        }
    }

    /// As ``run(arguments:)``, for programs that want to decide themselves what a failed start
    /// means.
    ///
    /// - Parameter environment: Where the settings come from.
    /// - Throws: What keeps it from starting, for example a port in use.
    public func serve(environment: Environment = .process) async throws {
        let loop = try EventLoop(name: "function")
        loop.start()
        defer {
            loop.stop()
            loop.join()
        }
        try await self.serve(environment, on: loop)
    }

    /// As ``serve(environment:)``, with the calling thread as the loop's.
    private func serveHere() throws {
        let loop = try EventLoop(name: "function")
        let failure = Mutex<(any Error)?>(nil)
        // Its owner is the loop, which runs until it is done.
        Task(executorPreference: loop) {
            do {
                try await self.serve(.process, on: loop)
            } catch {
                failure.withLock { $0 = error }
            }
            loop.stop()
        }
        loop.run()
        if let failure = failure.withLock(\.self) { throw failure }
    }

    /// Freed blocks from this length on are given back to the system.
    private static let keptBlockBytes: Int32 = 2 * 1024 * 1024
    /// How much may be free at the end of the heap.
    private static let keptTopBytes: Int32 = 4 * 1024 * 1024

    private func serve(_ environment: Environment, on loop: EventLoop) async throws {
        Signals.ignoreBrokenPipes()
        swiftlet_limit_kept_memory(Self.keptBlockBytes, Self.keptTopBytes)
        let settings = try FunctionSettings(environment, processID: getpid())
        let logger = Logger(label: environment.service ?? "function")
        let runtime = FunctionRuntime(
            self,
            environment: environment,
            settings: settings,
            logger: logger
        )
        let service = try FunctionService(runtime, settings: settings, loop: loop)
        // Caught from here on: a signal that comes while it starts ends it as any other does.
        var reload: (@Sendable () -> Void)?
        if settings.tls != nil { reload = { service.reloadIdentity() } }
        let termination = try await Termination.caught(on: loop, hangUp: reload)
        let address = try await service.start()
        logger.info("Listening.", ["address": address.description])
        if let socket = environment["NOTIFY_SOCKET"] { _ = swiftlet_notify(socket, "READY=1") }
        await loop.run { termination.onSecond { service.cutDrainShort() } }
        await termination.came()
        await service.drain()
    }
}

// SPDX-License-Identifier: Apache-2.0

import CLinux
import EventLoop
import Glibc
import TestSupport
import Testing

/// How a process ended, or that it had to be killed.
enum ProcessEnd: Equatable, Sendable {
    case exited(Int32)
    case signalled(Int32)
}

/// A function's program, started as a platform would: with exactly the environment, arguments and
/// descriptors that it is given.
///
/// `@unchecked Sendable`: used by one test at a time; what its threads share is in the kernel.
final class FunctionProcess: @unchecked Sendable {
    struct Plan: Sendable {
        var program = "runtime-info"
        var arguments: [String] = []
        var variables: [String: String] = [:]
        var workingDirectory: String?
        /// Inherited as `LISTEN_FDS` wants it.
        var listeningDescriptor: Int32 = -1
    }

    private static let deadlineSeconds = 60

    private let loop: EventLoop
    let pid: Int32
    private let errors: Int32
    private var errorText = ""
    private var end: ProcessEnd?

    private init(loop: EventLoop, pid: Int32, errors: Int32) {
        self.loop = loop
        self.pid = pid
        self.errors = errors
    }

    /// The folder of the programs: where this test's own lies.
    private static let folder: String = {
        var bytes = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink("/proc/self/exe", &bytes, bytes.count)
        let path = bytes.prefix(max(0, count)).map { UInt8(bitPattern: $0) }
        return "/"
            + String(decoding: path, as: UTF8.self).split(separator: "/").dropLast()
            .joined(separator: "/")
    }()

    /// Starts a program, and ends it after `body` if that did not.
    static func with<Result: Sendable>(
        _ plan: Plan,
        _ body: @Sendable (FunctionProcess) async throws -> Result
    ) async throws -> Result {
        // The child dies with the thread that started it, so that is a loop's.
        let loop = try EventLoop(name: "platform")
        loop.start()
        let process = try await loop.run { try Self.start(plan, loop) }
        let outcome: Swift.Result<Result, any Error>
        do { outcome = .success(try await body(process)) } catch { outcome = .failure(error) }
        process.finish()
        loop.stop()
        try await TestThread.run { loop.join() }
        return try outcome.get()
    }

    private static func start(_ plan: Plan, _ loop: EventLoop) throws -> FunctionProcess {
        var pipe: [Int32] = [-1, -1]
        guard swiftlet_pipe(&pipe) == 0 else { throw TestClientError.failed(errno) }
        // The program inherits its end as a file that blocks.
        _ = fcntl(pipe[1], F_SETFL, 0)
        let path = "\(self.folder)/\(plan.program)"
        let environment = plan.variables.map { "\($0.key)=\($0.value)" }
        let pid = Self.withStrings([path] + plan.arguments) { arguments in
            Self.withStrings(environment) { environment in
                path.withCString { path in
                    let directory = plan.workingDirectory.map { strdup($0) }
                    defer { if let directory { free(directory) } }
                    var options = swiftlet_spawn_options()
                    options.path = path
                    options.arguments = arguments
                    options.environment = environment
                    options.working_directory = directory.map { UnsafePointer($0) } ?? nil
                    options.standard_input_fd = -1
                    options.standard_output_fd = -1
                    options.standard_error_fd = pipe[1]
                    options.listening_fd = plan.listeningDescriptor
                    return swiftlet_spawn(&options)
                }
            }
        }
        close(pipe[1])
        guard pid > 0 else {
            close(pipe[0])
            throw TestClientError.failed(-pid)
        }
        _ = fcntl(pipe[0], F_SETFL, 0)
        return FunctionProcess(loop: loop, pid: pid, errors: pipe[0])
    }

    private static func withStrings<Result>(
        _ strings: [String],
        _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Result
    ) -> Result {
        let pointers = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
            .allocate(capacity: strings.count + 1)
        for (index, string) in strings.enumerated() { pointers[index] = strdup(string) }
        pointers[strings.count] = nil
        defer {
            for index in strings.indices { free(pointers[index]) }
            pointers.deallocate()
        }
        return body(pointers)
    }

    // MARK: What it says

    /// What it has written to standard error, up to and with a text, or its end.
    func errors(upTo text: String? = nil) async throws -> String {
        try await TestThread.run {
            while true {
                if let text, self.errorText.contains(text), self.errorText.hasSuffix("\n") {
                    return self.errorText
                }
                var entry = pollfd(fd: self.errors, events: Int16(POLLIN), revents: 0)
                guard poll(&entry, 1, Int32(Self.deadlineSeconds) * 1000) == 1 else {
                    throw TestClientError.malformed("nothing more than: \(self.errorText)")
                }
                var bytes = [UInt8](repeating: 0, count: 4096)
                let count = read(self.errors, &bytes, bytes.count)
                guard count > 0 else { return self.errorText }
                self.errorText += String(decoding: bytes[..<count], as: UTF8.self)
            }
        }
    }

    /// The port that it listens on, as its log says.
    func port() async throws -> UInt16 {
        let log = try await self.errors(upTo: "Listening.")
        guard let line = log.split(separator: "\n").first(where: { $0.contains("Listening.") }),
            let port = line.split(separator: ":").last.flatMap({
                UInt16($0.prefix(while: \.isNumber))
            })
        else { throw TestClientError.malformed("no port in: \(log)") }
        return port
    }

    // MARK: What is done to it

    func signal(_ signal: Int32) { kill(self.pid, signal) }

    /// Waits until it has ended; kills it when it does not.
    func ended() async throws -> ProcessEnd {
        try await TestThread.run {
            let watch = swiftlet_pidfd_open(self.pid)
            defer { close(watch) }
            var entry = pollfd(fd: watch, events: Int16(POLLIN), revents: 0)
            if self.end == nil, poll(&entry, 1, Int32(Self.deadlineSeconds) * 1000) != 1 {
                kill(self.pid, SIGKILL)
            }
            return self.reap()
        }
    }

    private func reap() -> ProcessEnd {
        if let end = self.end { return end }
        var status: Int32 = 0
        while waitpid(self.pid, &status, 0) < 0, errno == EINTR {}
        let signal = status & 0x7F
        let end: ProcessEnd = signal == 0 ? .exited(status >> 8 & 0xFF) : .signalled(signal)
        self.end = end
        return end
    }

    private func finish() {
        if self.end == nil {
            kill(self.pid, SIGKILL)
            _ = self.reap()
        }
        close(self.errors)
    }
}

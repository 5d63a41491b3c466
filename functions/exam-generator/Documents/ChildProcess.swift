// SPDX-License-Identifier: Apache-2.0

import CLinux
import EventLoop
import Glibc

/// A program to run, and how much it may take.
struct ChildCommand: Sendable {
    /// An absolute path.
    var path: String
    /// The arguments, without the name of the program.
    var arguments: [String]
    /// The whole environment, as NAME=value.
    var environment: [String]
    /// What the program reads as its standard input; stays the caller's.
    var standardInput: Int32
    var memoryBytesMax: UInt64
    var processorSecondsMax: UInt64
    var wallTimeMax: Duration
    /// When the program writes more, it is ended and the beginning is kept.
    var outputBytesMax: Int
    /// As ``outputBytesMax`` for standard error, but what is too much is only dropped.
    var diagnosticsBytesMax = 16 * 1024
}

/// How a child process ended and what it wrote.
struct ChildOutcome: Equatable, Sendable {
    /// How it ended.
    enum Ending: Equatable, Sendable {
        case exited(Int32)
        case signaled(Int32)
        /// It was ended because its time was up.
        case timedOut
        /// It was ended because it had written as much as was wanted.
        case outputFull
        /// It was ended because nobody waits for the outcome any more.
        case cancelled
    }

    var ending: Ending
    var output: [UInt8]
    var diagnostics: [UInt8]
}

/// Runs one program and collects what it writes, on an event loop.
///
/// `@unchecked Sendable`: all variables belong to the loop; ``cancel()`` hops there.
final class ChildProcess: @unchecked Sendable {
    private let loop: EventLoop
    private let command: ChildCommand
    private var completion: ((Result<ChildOutcome, any Error>) -> Void)?

    private var processID: pid_t = -1
    private var exitDescriptor: Int32 = -1
    private var output: PipeReader?
    private var diagnostics: PipeReader?
    private var timer: TimerID?
    /// Why we ended it ourselves.
    private var endedBecause: ChildOutcome.Ending?
    private var wasCancelled = false

    private init(_ command: ChildCommand, loop: EventLoop) {
        self.command = command
        self.loop = loop
    }

    /// Runs a program to its end.
    ///
    /// When the task is cancelled the program is killed, and the outcome says so.
    ///
    /// - Throws: ``SystemError`` when it could not be started.
    static func run(_ command: ChildCommand, on loop: EventLoop) async throws -> ChildOutcome {
        let child = ChildProcess(command, loop: loop)
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                loop.execute { child.start { continuation.resume(with: $0) } }
            }
        } onCancel: {
            child.cancel()
        }
    }

    private func cancel() {
        self.loop.execute {
            self.wasCancelled = true
            self.end(because: .cancelled)
        }
    }

    // MARK: On the loop

    private func start(_ completion: @escaping (Result<ChildOutcome, any Error>) -> Void) {
        self.completion = completion
        do {
            try self.spawn()
        } catch {
            self.end(because: .cancelled)
            self.finish(.failure(error))
            return
        }
        self.timer = self.loop.schedule(after: self.command.wallTimeMax) {
            self.end(because: .timedOut)
        }
        // Cancelled before it was started.
        if self.wasCancelled { self.end(because: .cancelled) }
    }

    private func spawn() throws {
        let output = try Pipe()
        let diagnostics = try Pipe()
        // The loop lives as long as the process, and so may the child (PR_SET_PDEATHSIG).
        self.processID = try self.command.spawn(
            output: output.writeEnd,
            diagnostics: diagnostics.writeEnd
        )
        self.exitDescriptor = swiftlet_pidfd_open(self.processID)
        guard self.exitDescriptor >= 0 else { throw SystemError.last("pidfd_open") }
        let watch = ExitWatch { self.exited() }
        try self.loop.register(self.exitDescriptor, for: .readable, handler: watch)
        self.output = try PipeReader(
            output.takeReadEnd(),
            loop: self.loop,
            bytesMax: self.command.outputBytesMax
        ) { self.end(because: .outputFull) }
        self.diagnostics = try PipeReader(
            diagnostics.takeReadEnd(),
            loop: self.loop,
            bytesMax: self.command.diagnosticsBytesMax
        ) {}
    }

    /// Kills the program and all that it started.
    private func end(because ending: ChildOutcome.Ending) {
        guard self.processID > 0, self.endedBecause == nil else { return }
        self.endedBecause = ending
        kill(-self.processID, SIGKILL)
        kill(self.processID, SIGKILL)
    }

    private func exited() {
        var status: Int32 = 0
        guard waitpid(self.processID, &status, WNOHANG) == self.processID else { return }
        self.processID = -1
        self.output?.readRest()
        self.diagnostics?.readRest()
        let signal = status & 0x7F
        let natural: ChildOutcome.Ending =
            signal == 0 ? .exited((status >> 8) & 0xFF) : .signaled(signal)
        self.finish(
            .success(
                ChildOutcome(
                    ending: self.endedBecause ?? natural,
                    output: self.output?.bytes ?? [],
                    diagnostics: self.diagnostics?.bytes ?? []
                )
            )
        )
    }

    private func finish(_ result: Result<ChildOutcome, any Error>) {
        if let timer = self.timer.take() { self.loop.cancel(timer) }
        self.output.take()?.close()
        self.diagnostics.take()?.close()
        if self.exitDescriptor >= 0 {
            self.loop.deregister(self.exitDescriptor)
            close(self.exitDescriptor)
            self.exitDescriptor = -1
        }
        if self.processID > 0 {
            // Killed a moment ago, so this does not wait for long.
            waitpid(self.processID, nil, 0)
            self.processID = -1
        }
        self.completion.take()?(result)
    }
}

extension ChildCommand {
    /// Starts the program; on the loop's thread, with which it would die.
    fileprivate func spawn(output: Int32, diagnostics: Int32) throws -> pid_t {
        let name = self.path.split(separator: "/").last.map(String.init) ?? self.path
        let arguments = CStringArray([name] + self.arguments)
        let environment = CStringArray(self.environment)
        let result = self.path.withCString { path -> pid_t in
            var options = swiftlet_spawn_options()
            options.path = path
            options.arguments = UnsafePointer(arguments.pointer)
            options.environment = UnsafePointer(environment.pointer)
            options.standard_input_fd = self.standardInput
            options.standard_output_fd = output
            options.standard_error_fd = diagnostics
            options.listening_fd = -1
            options.address_space_max = self.memoryBytesMax
            options.cpu_seconds_max = self.processorSecondsMax
            // It writes to pipes; a file of its own is none of its business.
            options.file_bytes_max = 1
            return withExtendedLifetime((arguments, environment)) { swiftlet_spawn(&options) }
        }
        let processID: pid_t = result
        guard processID > 0 else { throw SystemError("start \(self.path)", code: -processID) }
        return processID
    }
}

/// Calls back when a process has ended.
private final class ExitWatch: EventHandler {
    private let body: () -> Void

    init(_ body: @escaping () -> Void) { self.body = body }

    func handleEvents(_ events: IOEvents) { self.body() }
}

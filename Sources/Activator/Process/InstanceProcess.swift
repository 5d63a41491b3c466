// SPDX-License-Identifier: Apache-2.0

internal import CLinux
internal import EventLoop
internal import Glibc

/// The process of one instance: started, listened to, ended, and awaited.
///
/// It leads a process group of its own, of which nothing is left when it has ended. It dies with
/// the loop's thread, whatever happens to the activator. Belongs to the loop's thread.
final class InstanceProcess: EventHandler {
    /// What is to be run.
    struct Plan {
        /// The absolute path of the program, and its arguments.
        var command: [String]
        /// `NAME=value` for each variable.
        var environment: [String]
        /// `nil` for the activator's own.
        var workingDirectory: String?
        /// The listening socket to inherit; the caller keeps its own copy.
        var listeningFD: Int32?
        /// What it may use.
        var limits: RevisionSpec.ResourceLimits
        /// `nil` for the activator's own.
        var user: RevisionSpec.User?
        /// The directory of its cgroup, owned by the caller; `nil` for the activator's own group.
        var cgroupFD: Int32?
    }

    /// The streams of a process.
    enum Stream: String {
        case output = "stdout"
        case error = "stderr"
    }

    private let loop: EventLoop
    private let pidFD: Int32
    private let pipes: [OutputPipe]
    private var exited: ((ProcessExit) -> Void)?
    private var killTimer = TimerID.none
    private var isStopping = false

    /// The process's number.
    let pid: Int32

    /// Starts a process.
    ///
    /// - Parameters:
    ///   - plan: What is to be run.
    ///   - loop: The loop whose thread this is.
    ///   - line: Told each line that the process writes.
    ///   - exited: Told once that the process has ended, and how.
    /// - Throws: `SystemError` naming the program when it cannot be started.
    init(
        _ plan: Plan,
        on loop: EventLoop,
        line: @escaping (Stream, String) -> Void,
        exited: @escaping (ProcessExit) -> Void
    ) throws {
        let output = try OutputPipe(loop: loop) { line(.output, $0) }
        defer { output.closeWritingEnd() }
        let error: OutputPipe
        do {
            error = try OutputPipe(loop: loop) { line(.error, $0) }
        } catch {
            output.finish()
            throw error
        }
        defer { error.closeWritingEnd() }
        do {
            self.pid = try Self.spawn(plan, output: output.writeFD, error: error.writeFD)
            self.pidFD = try Self.watch(self.pid)
        } catch let failure {
            output.finish()
            error.finish()
            throw failure
        }
        self.loop = loop
        self.pipes = [output, error]
        do {
            try loop.register(self.pidFD, for: .readable, handler: self)
        } catch {
            self.exited = { _ in }
            self.handleEvents(.failed)
            throw error
        }
        self.exited = exited
    }

    /// Asks the process to end, and ends it when it has not after `grace`.
    func stop(grace: Duration) {
        guard self.exited != nil, !self.isStopping else { return }
        self.isStopping = true
        Glibc.kill(self.pid, SIGTERM)
        self.killTimer = self.loop.schedule(after: grace) { [weak self] in self?.kill() }
    }

    /// Sends a signal to the process and its group.
    func signal(_ signal: Int32) {
        guard self.exited != nil else { return }
        Glibc.kill(-self.pid, signal)
    }

    /// Ends the process and its group at once.
    func kill() {
        guard self.exited != nil else { return }
        self.isStopping = true
        Self.killGroup(of: self.pid)
    }

    /// The process has ended; it is awaited last, for its number is its own until then.
    func handleEvents(_ events: IOEvents) {
        guard let exited = self.exited.take() else { return }
        self.loop.cancel(self.killTimer)
        self.loop.deregister(self.pidFD)
        Socket.close(self.pidFD)
        Self.killGroup(of: self.pid)
        let status = Self.wait(for: self.pid)
        for pipe in self.pipes { pipe.finish() }
        exited(ProcessExit(waitStatus: status))
    }

    /// The process itself may have left the group that it began with.
    private static func killGroup(of pid: Int32) {
        Glibc.kill(-pid, SIGKILL)
        Glibc.kill(pid, SIGKILL)
    }

    private static func wait(for pid: Int32) -> Int32 {
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0, errno == EINTR {}
        return status
    }

    private static func watch(_ pid: Int32) throws -> Int32 {
        let fd = swiftlet_pidfd_open(pid)
        guard fd < 0 else { return fd }
        let error = SystemError.last("pidfd_open")
        self.killGroup(of: pid)
        _ = self.wait(for: pid)
        throw error
    }

    private static func spawn(_ plan: Plan, output: Int32, error: Int32) throws -> Int32 {
        guard let path = plan.command.first, path.hasPrefix("/") else {
            throw SystemError("exec of a program without an absolute path", code: ENOENT)
        }
        var arguments = plan.command.map { strdup($0) } + [nil]
        var environment = plan.environment.map { strdup($0) } + [nil]
        let directory = plan.workingDirectory.flatMap { strdup($0) }
        defer {
            for text in arguments + environment + [directory] { free(text) }
        }
        var failedStep = swiftlet_spawn_preparing
        let pid = arguments.withUnsafeMutableBufferPointer { arguments in
            environment.withUnsafeMutableBufferPointer { environment in
                var options = swiftlet_spawn_options()
                options.path = arguments[0].map { UnsafePointer($0) }
                options.arguments = UnsafePointer(arguments.baseAddress)
                options.environment = UnsafePointer(environment.baseAddress)
                options.working_directory = directory.map { UnsafePointer($0) }
                options.standard_input_fd = -1
                options.standard_output_fd = output
                options.standard_error_fd = error
                options.listening_fd = plan.listeningFD ?? -1
                options.address_space_max = plan.limits.addressSpaceBytesMax
                options.cpu_seconds_max = plan.limits.processorSecondsMax
                options.file_bytes_max = plan.limits.fileBytesMax
                options.cgroup_fd = plan.cgroupFD ?? 0
                if let user = plan.user {
                    options.changes_user = 1
                    options.user = user.id
                    options.group = user.group
                }
                return withUnsafeMutablePointer(to: &failedStep) {
                    options.failed_step = $0
                    return swiftlet_spawn(&options)
                }
            }
        }
        guard pid > 0 else { throw SystemError(plan.name(of: failedStep), code: -pid) }
        return pid
    }
}

extension InstanceProcess.Plan {
    /// What was tried, for an error.
    fileprivate func name(of step: swiftlet_spawn_step) -> String {
        switch step {
        case swiftlet_spawn_entering_cgroup: "start in a cgroup"
        case swiftlet_spawn_limiting: "setrlimit"
        case swiftlet_spawn_changing_user:
            "become user \(self.user?.id ?? 0) and group \(self.user?.group ?? 0)"
        case swiftlet_spawn_changing_directory: "chdir \(self.workingDirectory ?? "")"
        case swiftlet_spawn_executing: "exec \(self.command.first ?? "")"
        default: "start \(self.command.first ?? "")"
        }
    }
}

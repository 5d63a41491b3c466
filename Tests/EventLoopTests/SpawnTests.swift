// SPDX-License-Identifier: Apache-2.0

import CLinux
import EventLoop
import Glibc
import TestSupport
import Testing

/// A child process of a test: how to start it, and what became of it.
struct Child {
    var path = "/bin/sh"
    var arguments: [String]
    var environment: [String] = []
    var workingDirectory: String?
    var standardInput: Int32 = -1
    var listener: Int32 = -1
    var addressSpaceMax: UInt64 = 0
    var processorSecondsMax: UInt64 = 0
    var fileBytesMax: UInt64 = 0
    var cgroup: Int32 = 0
    /// Its user and its group; `nil` for the test's own.
    var user: (id: UInt32, group: UInt32)?

    init(_ script: String) { self.arguments = ["sh", "-c", script] }

    init(path: String, _ arguments: [String]) {
        self.path = path
        self.arguments = arguments
    }

    /// Starts it with `output` as its standard output; -1 leaves it the test's own.
    func spawn(
        output: Int32 = -1,
        failedStep: UnsafeMutablePointer<swiftlet_spawn_step>? = nil
    ) -> pid_t {
        var options = swiftlet_spawn_options()
        var texts: [UnsafeMutablePointer<CChar>?] = []
        func copy(_ text: String) -> UnsafeMutablePointer<CChar>? {
            texts.append(strdup(text))
            return texts.last ?? nil
        }
        defer { for text in texts { free(text) } }
        var arguments = self.arguments.map { copy($0) } + [nil]
        var environment = self.environment.map { copy($0) } + [nil]
        return arguments.withUnsafeMutableBufferPointer { arguments in
            environment.withUnsafeMutableBufferPointer { environment in
                options.path = UnsafePointer(copy(self.path))
                options.arguments = UnsafePointer(arguments.baseAddress)
                options.environment = UnsafePointer(environment.baseAddress)
                options.working_directory =
                    self.workingDirectory.map { UnsafePointer(copy($0)) } ?? nil
                options.standard_input_fd = self.standardInput
                options.standard_output_fd = output
                options.standard_error_fd = -1
                options.listening_fd = self.listener
                options.address_space_max = self.addressSpaceMax
                options.cpu_seconds_max = self.processorSecondsMax
                options.file_bytes_max = self.fileBytesMax
                options.cgroup_fd = self.cgroup
                options.changes_user = self.user == nil ? 0 : 1
                options.user = self.user?.id ?? 0
                options.group = self.user?.group ?? 0
                options.failed_step = failedStep
                return swiftlet_spawn(&options)
            }
        }
    }

    /// Waits for the end of a child, on the thread that started it.
    static func status(of pid: pid_t) -> Int32 {
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0, errno == EINTR {}
        return status
    }

    struct Outcome: Sendable {
        var pid: pid_t
        var status: Int32
        var output: String
        var lines: [String] { self.output.split(separator: "\n").map(String.init) }
        var exitCode: Int32? { self.status & 0x7F == 0 ? self.status >> 8 & 0xFF : nil }
    }

    /// Starts it, reads all that it writes, and waits for its end.
    func run() async throws -> Outcome {
        try await TestThread.run {
            let pipe = Pipe()
            _ = fcntl(pipe.readEnd, F_SETFL, 0)
            let pid = self.spawn(output: pipe.writeEnd)
            close(pipe.writeEnd)
            var bytes: [UInt8] = []
            var block = [UInt8](repeating: 0, count: 4096)
            while pid > 0 {
                let count = read(pipe.readEnd, &block, block.count)
                guard count > 0 else { break }
                bytes += block[..<count]
            }
            close(pipe.readEnd)
            let status = pid > 0 ? Self.status(of: pid) : 0
            return Outcome(pid: pid, status: status, output: String(decoding: bytes, as: UTF8.self))
        }
    }
}

@Suite("Starting a child", .timeLimit(.minutes(5)))
struct SpawnTests {
    @Test("the exit status comes back", arguments: [Int32(0), 7, 255])
    func exitStatus(_ code: Int32) async throws {
        #expect(try await Child("exit \(code)").run().exitCode == code)
    }

    @Test("the environment is exactly what was named")
    func environment() async throws {
        setenv("SWIFTLET_TEST_SECRET", "must not be inherited", 1)
        var child = Child(path: "/usr/bin/env", ["env"])
        #expect(try await child.run().output == "")
        child.environment = ["A=1", "EMPTY=", "B=two words", "A=again", "ODD"]
        #expect(try await child.run().lines == ["A=1", "EMPTY=", "B=two words", "A=again", "ODD"])
    }

    @Test("a listener becomes descriptor 3, announced as systemd does")
    func listener() async throws {
        let listener = try Socket.listen(on: .ipv4Loopback(port: 0))
        defer { Socket.close(listener) }
        var information = stat()
        fstat(listener, &information)
        var child = Child("echo $LISTEN_PID $LISTEN_FDS $A $$; readlink /proc/$$/fd/3")
        child.environment = ["A=1"]
        child.listener = listener
        let outcome = try await child.run()
        #expect(outcome.lines.first == "\(outcome.pid) 1 1 \(outcome.pid)")
        #expect(outcome.lines.last == "socket:[\(information.st_ino)]")
        child.path = "/usr/bin/env"
        child.arguments = ["env"]
        let variables = try await child.run()
        #expect(variables.lines == ["A=1", "LISTEN_FDS=1", "LISTEN_PID=\(variables.pid)"])
    }

    @Test("no other descriptor is inherited, however it was opened", arguments: [false, true])
    func descriptors(_ hasListener: Bool) async throws {
        let listener = try Socket.listen(on: .ipv4Loopback(port: 0))
        defer { Socket.close(listener) }
        // Without FD_CLOEXEC: a library may open such.
        let leaky = [open("/dev/null", O_RDONLY), dup(listener), fcntl(listener, F_DUPFD, 150)]
        defer { for fd in leaky { close(fd) } }
        var child = Child(
            "n=0; while [ $n -lt 256 ]; do [ -e /proc/$$/fd/$n ] && echo $n; n=$((n+1)); done"
        )
        if hasListener { child.listener = listener }
        let expected = hasListener ? ["0", "1", "2", "3"] : ["0", "1", "2"]
        #expect(try await child.run().lines == expected)
    }

    @Test("standard input is what was given, or nothing")
    func standardInput() async throws {
        let pipe = Pipe()
        defer { close(pipe.readEnd) }
        pipe.write("hello")
        close(pipe.writeEnd)
        var child = Child(path: "/bin/cat", ["cat"])
        #expect(try await child.run().output == "")
        child.standardInput = pipe.readEnd
        #expect(try await child.run().output == "hello")
    }

    @Test("a descriptor may be given that another one is about to take the place of")
    func swapped() async {
        await #expect(processExitsWith: .success) {
            let pipe = Pipe()
            _ = fcntl(pipe.readEnd, F_SETFL, 0)
            dup2(pipe.writeEnd, 0)
            let output = dup(1)
            let listener = try Socket.listen(on: .ipv4Loopback(port: 0))
            dup2(listener, 1)
            var information = stat()
            fstat(listener, &information)
            var child = Child("readlink /proc/$$/fd/0 /proc/$$/fd/3")
            child.listener = 1
            let status = Child.status(of: child.spawn(output: 0))
            dup2(output, 1)
            precondition(status == 0)
            var bytes = [UInt8](repeating: 0, count: 200)
            let count = read(pipe.readEnd, &bytes, bytes.count)
            let links = String(decoding: bytes[..<max(0, count)], as: UTF8.self)
            precondition(links == "/dev/null\nsocket:[\(information.st_ino)]\n")
        }
    }

    @Test("what cannot be started says why")
    func failures() async throws {
        func result(_ change: @Sendable (inout Child) -> Void) async throws -> pid_t {
            var child = Child("exit 0")
            change(&child)
            return try await child.run().pid
        }
        #expect(try await result { $0.path = "/nonexistent" } == -ENOENT)
        #expect(try await result { $0.path = "/etc/passwd" } == -EACCES)
        #expect(try await result { $0.path = "/proc/self" } == -EACCES)
        #expect(try await result { $0.workingDirectory = "/nonexistent" } == -ENOENT)
        #expect(try await result { $0.standardInput = 9_999 } == -EBADF)
        #expect(try await result { $0.listener = 9_999 } == -EBADF)
        #expect(try await result { $0.environment = Array(repeating: "A=1", count: 4096) } > 0)
        #expect(
            try await result { $0.environment = Array(repeating: "A=1", count: 4097) } == -E2BIG
        )
    }

    @Test("what failed is told")
    func failedStep() async throws {
        func step(_ child: Child) async throws -> swiftlet_spawn_step {
            try await TestThread.run {
                var step = swiftlet_spawn_preparing
                #expect(child.spawn(failedStep: &step) < 0)
                return step
            }
        }
        #expect(try await step(Child(path: "/nonexistent", [""])) == swiftlet_spawn_executing)
        var child = Child("exit 0")
        child.workingDirectory = "/nonexistent"
        #expect(try await step(child) == swiftlet_spawn_changing_directory)
        child.listener = 9_999
        #expect(try await step(child) == swiftlet_spawn_preparing)
        child.cgroup = 9_999
        #expect(try await step(child) == swiftlet_spawn_entering_cgroup)
    }

    static let isRoot = geteuid() == 0

    @Test("another user and group, and no other group or right", .enabled(if: isRoot))
    func user() async throws {
        var child = Child(
            "id -u; id -g; id -G; grep -E '^(Uid|Gid|CapEff)' /proc/self/status | tr '\t' ' '"
        )
        child.environment = ["PATH=/usr/bin:/bin"]
        child.user = (1234, 5678)
        let lines = try await child.run().lines
        #expect(
            lines == [
                "1234", "5678", "5678", "Uid: 1234 1234 1234 1234", "Gid: 5678 5678 5678 5678",
                "CapEff: 0000000000000000",
            ]
        )
        // Nothing of it has touched the one that started it.
        #expect(geteuid() == 0 && getegid() == 0)
        child.workingDirectory = "/root"
        var status = stat()
        if stat("/root", &status) == 0, status.st_mode & 0o005 == 0 {
            #expect(try await child.run().pid == -EACCES)
        }
    }

    @Test("only root may start a child as another user", .disabled(if: isRoot))
    func userRefused() async throws {
        var child = Child("exit 0")
        child.user = (0, 0)
        #expect(try await child.run().pid == -EPERM)
    }

    @Test("a child of another user dies with the thread too", .enabled(if: isRoot))
    func otherUserDiesWithThread() async throws {
        let input = Pipe()
        defer { input.close() }
        _ = fcntl(input.readEnd, F_SETFL, 0)
        var child = Child(path: "/bin/cat", ["cat"])
        child.standardInput = input.readEnd
        child.user = (65_534, 65_534)
        let started = child
        let pid = try await TestThread.run { started.spawn() }
        try #require(pid > 0)
        let status = try await TestThread.run { Child.status(of: pid) }
        #expect(status & 0x7F == SIGKILL)
    }

    @Test("limits hold in the child, and core files are never written")
    func limits() async throws {
        var child = Child("ulimit -v; ulimit -t; ulimit -f; ulimit -c; ulimit -H -c")
        child.addressSpaceMax = 1 << 30
        child.processorSecondsMax = 5
        child.fileBytesMax = 1 << 20
        #expect(try await child.run().lines == ["1048576", "5", "2048", "0", "0"])
    }

    @Test("processor time beyond the limit ends the child")
    func processorTime() async throws {
        var child = Child("while :; do :; done")
        child.processorSecondsMax = 1
        let outcome = try await child.run()
        #expect(outcome.exitCode == nil)
        #expect([SIGKILL, SIGXCPU].contains(outcome.status & 0x7F))
    }

    @Test("the working directory is the named one, or the test's own")
    func workingDirectory() async throws {
        var child = Child("pwd -P")
        child.workingDirectory = "/usr/bin/.."
        #expect(try await child.run().output == "/usr\n")
        child.workingDirectory = nil
        let own = getcwd(nil, 0)
        defer { free(own) }
        #expect(try await child.run().output == own.map { String(cString: $0) + "\n" })
    }

    @Test("it leads a group of its own, with signals as at birth")
    func signals() async throws {
        let (outcome, group) = try await TestThread.run {
            var all = sigset_t()
            sigfillset(&all)
            pthread_sigmask(SIG_BLOCK, &all, nil)
            let pipe = Pipe()
            _ = fcntl(pipe.readEnd, F_SETFL, 0)
            let arguments = ["grep", "-E", "^Sig(Blk|Ign)", "/proc/self/status"]
            let pid = Child(path: "/bin/grep", arguments).spawn(output: pipe.writeEnd)
            close(pipe.writeEnd)
            let group = getpgid(pid)
            let status = Child.status(of: pid)
            var bytes = [UInt8](repeating: 0, count: 500)
            let count = max(0, read(pipe.readEnd, &bytes, bytes.count))
            close(pipe.readEnd)
            let output = String(decoding: bytes[..<count], as: UTF8.self)
            return (Child.Outcome(pid: pid, status: status, output: output), group)
        }
        #expect(group == outcome.pid)
        // Signals 32 and 33 belong to the C library, which lets nobody change them.
        let masks = outcome.lines.compactMap { UInt64($0.dropFirst(8), radix: 16) }
        #expect(masks.map { $0 & ~(3 << 31) } == [0, 0])
    }

    @Test("it dies with the thread that started it")
    func diesWithThread() async throws {
        let input = Pipe()
        defer { input.close() }
        var child = Child(path: "/bin/cat", ["cat"])
        child.standardInput = input.readEnd
        _ = fcntl(input.readEnd, F_SETFL, 0)
        let started = child
        let pid = try await TestThread.run { started.spawn() }
        try #require(pid > 0)
        let status = try await TestThread.run { Child.status(of: pid) }
        #expect(status & 0x7F == SIGKILL)
    }

    @Test("its end shows on a pidfd")
    func pidfd() async throws {
        let isReadable = try await TestThread.run {
            let pid = Child("exit 0").spawn()
            let fd = swiftlet_pidfd_open(pid)
            defer { close(fd) }
            var entry = pollfd(fd: fd, events: Int16(POLLIN), revents: 0)
            let count = poll(&entry, 1, 20_000)
            _ = Child.status(of: pid)
            return count == 1
        }
        #expect(isReadable)
    }

    @Test("many threads start children at once, each with its own environment")
    func concurrent() async throws {
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for number in 0..<24 {
                group.addTask {
                    var child = Child("echo $NUMBER $$")
                    child.environment = ["NUMBER=\(number)"]
                    let outcome = try await child.run()
                    return outcome.output == "\(number) \(outcome.pid)\n"
                }
            }
            for try await isRight in group { #expect(isRight) }
        }
    }
}

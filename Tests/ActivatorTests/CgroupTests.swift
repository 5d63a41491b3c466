// SPDX-License-Identifier: Apache-2.0

import EventLoop
import Glibc
import HTTP
import Telemetry
import Testing

@testable import Activator

@Suite("Cgroups")
struct CgroupTests {
    static let places: [(String, String, String?)] = [
        (
            "25 1 0:22 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw\n",
            "0::/system.slice/swiftlet.service\n", "/sys/fs/cgroup/system.slice/swiftlet.service"
        ),
        ("25 1 0:22 / /sys/fs/cgroup rw - cgroup2 none rw", "0::/", "/sys/fs/cgroup"),
        (
            "24 1 0:21 / /proc rw - proc proc rw\n32 31 0:29 / /cg/cpu rw - cgroup cgroup rw,cpu\n"
                + "38 31 0:38 / /cg/unified rw,relatime a:1 b:2 - cgroup2 cgroup2 rw\n",
            "4:memory:/a\n0::/x\n", "/cg/unified/x"
        ),
        ("25 1 0:22 /a/b /cg rw - cgroup2 none rw", "0::/a/b/c", "/cg/c"),
        ("25 1 0:22 /a/b /cg rw - cgroup2 none rw", "0::/a/b", "/cg"),
        ("25 1 0:22 /a/b /cg rw - cgroup2 none rw", "0::/a/bc", nil),
        ("25 1 0:22 / /cg rw - cgroup2 none rw", "0::/../other", nil),
        ("25 1 0:22 / /cg rw - cgroup cgroup rw,memory", "0::/a", nil),
        ("25 1 0:22 / /cg rw - cgroup2 none rw", "4:memory:/a", nil),
        ("- cgroup2", "0::/", nil), ("", "", nil), ("1 2 3 4 5 6 -", "0::/", nil),
    ]

    @Test("the own group is found", arguments: places)
    func place(_ mounts: String, _ groups: String, _ directory: String?) {
        #expect(CgroupPlace.directory(mounts: mounts, groups: groups) == directory)
    }

    @Test(
        "a limit is told as a manifest says it",
        arguments: [
            (128 << 20, "128Mi"), (1 << 30, "1Gi"), (3 << 40, "3Ti"), (1536 << 20, "1536Mi"),
            (1 << 10, "1Ki"), (1_000_000, "1000000"), (1023, "1023"), (0, "0"),
        ] as [(UInt64, String)]
    )
    func quantity(_ bytes: UInt64, _ text: String) {
        #expect(ProcessExit.quantity(bytes) == text)
        #expect(
            ProcessExit.outOfMemory(limit: bytes).description
                == "ran out of memory (limit \(text))"
        )
    }

    /// A directory with files as the kernel has them, which are nothing but files; afterwards there
    /// has to be nothing else.
    private static func withFolder(_ body: (String) throws -> Void) throws {
        var template = Array("/tmp/swiftlet-cgroup-XXXXXX".utf8CString)
        try #require(
            template.withUnsafeMutableBufferPointer { buffer in
                buffer.baseAddress.flatMap { mkdtemp($0) }
            } != nil
        )
        let path = String(decoding: template.dropLast().map(UInt8.init), as: UTF8.self)
        defer {
            for name in ["cgroup.controllers", "a/memory.events"] { unlink("\(path)/\(name)") }
            rmdir("\(path)/a")
            #expect(rmdir(path) == 0, "nothing is left")
        }
        try body(path)
    }

    private static func write(_ text: String, to path: String) {
        let fd = open(path, O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0o600)
        defer { close(fd) }
        #expect(Glibc.write(fd, text, text.utf8.count) == text.utf8.count)
    }

    @Test("where the kernel offers no memory limit there are no groups, and nothing is left")
    func notOffered() throws {
        try Self.withFolder { path in
            #expect(throws: CgroupTree.Unavailable.self) { try CgroupTree(in: path) }
            Self.write("cpu memory2 pids\n", to: "\(path)/cgroup.controllers")
            let error = #expect(throws: CgroupTree.Unavailable.self) { try CgroupTree(in: path) }
            #expect(error?.description == "\(path) does not offer the controller memory")
            // It is offered, and cannot be had.
            Self.write("cpu memory pids\n", to: "\(path)/cgroup.controllers")
            #expect(throws: SystemError.self) { try CgroupTree(in: path) }
        }
    }

    @Test("a group whose limit cannot be set is not there")
    func noLimit() throws {
        try Self.withFolder { path in
            #expect(throws: SystemError.self) {
                try InstanceCgroup(path: "\(path)/a", memoryBytesMax: 1)
            }
            #expect(access("\(path)/a", F_OK) != 0)
        }
    }

    @Test(
        "that memory ran out is read from the group's events",
        arguments: [
            ("low 0\nhigh 0\nmax 12\noom 1\noom_kill 1\noom_group_kill 1\n", true),
            ("low 0\nhigh 0\nmax 12\noom 1\noom_kill 0\noom_group_kill 0\n", false),
            ("oom_kill many\n", false), ("", false),
        ]
    )
    func outOfMemory(_ events: String, _ isSo: Bool) throws {
        try Self.withFolder { path in
            let group = try InstanceCgroup(path: "\(path)/a", memoryBytesMax: nil)
            #expect(!group.hasRunOutOfMemory)
            Self.write(events, to: "\(path)/a/memory.events")
            #expect(group.hasRunOutOfMemory == isSo)
        }
    }
}

/// What this machine lets a test do with groups.
enum KernelCgroups {
    /// The group of this process, if it may write there.
    static let writable: String? = {
        guard let group = try? CgroupKeeper.ownGroup() else { return nil }
        let path = "\(group)/swiftlet.test.\(getpid())"
        guard mkdir(path, 0o755) == 0 else { return nil }
        defer { rmdir(path) }
        return access("\(path)/cgroup.kill", W_OK) == 0 ? group : nil
    }()

    /// Whether memory can be limited there.
    static let hasMemory: Bool = {
        guard let writable, let tree = try? CgroupTree(in: writable) else { return false }
        tree.close()
        return true
    }()
}

extension ProcessTests {
    /// Against the kernel, where this process may make groups.
    @Suite("Cgroups of the kernel", .enabled(if: KernelCgroups.writable != nil))
    struct KernelCgroupTests {
        /// A process in a group, on a loop of its own.
        ///
        /// `@unchecked Sendable`: its variables belong to the loop's thread.
        final class Bench: @unchecked Sendable {
            let loop: EventLoop
            var lines: [String] = []
            var exit: ProcessExit?
            var process: InstanceProcess?

            init() throws {
                self.loop = try EventLoop(name: "cgroup")
                self.loop.start()
            }

            func start(_ script: String, in group: Int32) async throws {
                try await self.loop.run {
                    self.process = try InstanceProcess(
                        InstanceProcess.Plan(
                            command: ["/bin/sh", "-c", script],
                            environment: ["PATH=/usr/bin:/bin"],
                            limits: RevisionSpec.ResourceLimits(),
                            cgroupFD: group
                        ),
                        on: self.loop,
                        line: { [weak self] _, line in self?.lines.append(line) },
                        exited: { [weak self] in self?.exit = $0 }
                    )
                }
            }

            func wait(until isSo: @escaping @Sendable (Bench) -> Bool) async throws {
                while await !self.loop.run({ isSo(self) }) {
                    try Task.checkCancellation()
                    await self.loop.wait(for: .milliseconds(1))
                }
            }

            func end() {
                self.loop.stop()
                self.loop.join()
            }
        }

        @Test("a process is born in its group, and what leaves its process group stays there")
        func born() async throws {
            let parent = try #require(KernelCgroups.writable)
            let tree = try CgroupTree(in: parent, controllers: [])
            let group = try tree.makeGroup(named: "test_probe", memoryBytesMax: nil)
            let bench = try Bench()
            let script = "grep ^0:: /proc/self/cgroup; setsid sleep 1000 & echo $!; wait"
            try await bench.start(script, in: group.fd)
            try await bench.wait { $0.lines.count == 2 }
            let lines = await bench.loop.run { bench.lines }
            #expect(lines.first { $0.hasPrefix("0::") }?.hasSuffix("/1-test_probe") == true)
            let escaped = try #require(lines.compactMap { Int32($0) }.first)
            try await bench.wait { _ in getsid(escaped) == escaped }
            await bench.loop.run { bench.process?.kill() }
            try await bench.wait { $0.exit != nil }
            #expect(isRunning(escaped))
            #expect(!group.remove(), "something is in it")
            group.kill()
            try await bench.wait { _ in !isRunning(escaped) }
            while !group.remove() {
                try Task.checkCancellation()
                await bench.loop.wait(for: .milliseconds(1))
            }
            tree.close()
            #expect(access(tree.path, F_OK) != 0)
            bench.end()
        }

        @Test("what a killed activator left is ended and removed; what lives is left alone")
        func stale() async throws {
            let parent = try #require(KernelCgroups.writable)
            let living = try CgroupTree(in: parent, controllers: [])
            // A directory that nobody holds, as after a kill.
            let left = "\(parent)/swiftlet-1-0"
            try #require(mkdir(left, 0o755) == 0)
            let group = try InstanceCgroup(path: "\(left)/1-test_probe", memoryBytesMax: nil)
            let bench = try Bench()
            try await bench.start("setsid sleep 1000 & echo $!; wait", in: group.fd)
            try await bench.wait { !$0.lines.isEmpty }
            let pid = try #require(await bench.loop.run { Int32(bench.lines[0]) })
            let next = try CgroupTree(in: parent, controllers: [])
            #expect(access(left, F_OK) != 0)
            #expect(!isRunning(pid))
            #expect(access(living.path, F_OK) == 0)
            for tree in [living, next] {
                tree.close()
                #expect(access(tree.path, F_OK) != 0)
            }
            try await bench.wait { $0.exit == .signal(SIGKILL) }
            bench.end()
        }

        @Test(
            "an instance that wants more memory than it may is told apart",
            .enabled(if: KernelCgroups.hasMemory)
        )
        func memory() async throws {
            // What it starts counts too, which no limit of a single process holds.
            let hungry = """
                import os, sys
                from http.server import BaseHTTPRequestHandler, HTTPServer
                class Handler(BaseHTTPRequestHandler):
                    def log_message(self, *arguments): pass
                    def do_GET(self):
                        size = int(self.path[1:])
                        children = [os.fork() for _ in range(2)]
                        if 0 in children:
                            block = bytearray(size)
                            for at in range(0, size, 4096): block[at] = 1
                            os._exit(0)
                        for child in children: os.waitpid(child, 0)
                        self.send_response(200)
                        self.send_header("Content-Length", "0")
                        self.end_headers()
                HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
                """
            var spec = LanguageTests.spec([TestFunction.python, "-c", hungry])
            spec.resourceLimits.memoryBytesMax = 128 << 20
            spec.idleWindow = .seconds(600)
            let before = try CgroupFile.read("/proc/self/cgroup")
            try await Stage.with([spec], configured { $0.usesCgroups = true }) { stage in
                await stage.activator.start()
                #expect(try await stage.request("/\(8 << 20)").status == .ok)
                let answer = try await stage.request("/\(100 << 20)")
                #expect(answer.status == .badGateway)
                #expect(answer.text.contains("its process ran out of memory (limit 128Mi)"))
                #expect(try await stage.request("/\(8 << 20)").status == .ok)
                #expect(try await stage.status.crashesTotal == 1)
            }
            #expect(try CgroupFile.read("/proc/self/cgroup") == before)
        }
    }
}

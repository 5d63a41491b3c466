// SPDX-License-Identifier: Apache-2.0

import Glibc
import TestSupport
import Testing

@testable import runtime_info

/// What Knative's runtime conformance tests look at in a container.
@Suite("Runtime contract: the container")
struct ContainerTests {
    @Test("the environment is what the platform set, and nothing else")
    func environment() async throws {
        let plan = FunctionProcess.Plan.knative(["GREETING": "a=b é", "EMPTY": ""])
        let info = try await FunctionProcess.with(plan) { try await $0.info() }
        #expect(info.host.envs == plan.variables)
        for name in ["PORT", "K_SERVICE", "K_CONFIGURATION", "K_REVISION"] {
            #expect(info.host.envs[name]?.isEmpty == false)
        }
    }

    @Test("arguments arrive as they are", arguments: [[], ["one"], ["--two", "a b", "", "$PORT"]])
    func arguments(_ arguments: [String]) async throws {
        let plan = FunctionProcess.Plan.knative(arguments: arguments)
        let info = try await FunctionProcess.with(plan) { try await $0.info() }
        #expect(info.host.args == arguments)
    }

    @Test("the working directory and the user are those of the platform")
    func user() async throws {
        let plan = FunctionProcess.Plan.knative(["HOME": "/home/shop"], workingDirectory: "/tmp")
        let info = try await FunctionProcess.with(plan) { try await $0.info() }
        let user = info.host.user
        #expect(user.cwd == "/tmp")
        #expect(user.home == "/home/shop")
        #expect((user.uid, user.euid) == (getuid(), geteuid()))
        #expect((user.gid, user.egid) == (getgid(), getegid()))
    }

    @Test("standard input is at its end, and nothing is inherited beyond the streams")
    func descriptors() async throws {
        let info = try await FunctionProcess.with(.knative()) { try await $0.info() }
        #expect(info.host.stdin == StandardInput(eof: true))
        let descriptors = info.host.descriptors
        #expect(descriptors["0"] == "/dev/null")
        #expect(descriptors["2"]?.hasPrefix("pipe:") == true)
        // A listener and this connection; epoll sets, wake-ups, a timer and the pipe of signals.
        let own = descriptors.filter { Int($0.key).map { $0 > 2 } == true }.map(\.value)
        #expect(own.count { $0.hasPrefix("socket:") } == 2)
        #expect(own.count { $0.hasPrefix("pipe:") } == 2)
        #expect(own.allSatisfy { !$0.hasPrefix("/") }, "\(own)")
    }

    static let files: [(path: String, isDirectory: Bool)] = [
        ("/dev/fd", true), ("/dev/full", false), ("/dev/null", false), ("/dev/ptmx", false),
        ("/dev/random", false), ("/dev/stdin", false), ("/dev/stdout", false),
        ("/dev/stderr", false), ("/dev/urandom", false), ("/dev/zero", false),
        ("/proc/self/fd", true), ("/proc/self/fd/0", false), ("/proc/self/fd/1", false),
        ("/proc/self/fd/2", false), ("/tmp", true), ("/var/log", true),
    ]

    @Test("the files of the contract are there, and /tmp can be written")
    func files() async throws {
        let info = try await FunctionProcess.with(.knative()) { try await $0.info() }
        for (path, isDirectory) in Self.files {
            let file = try #require(info.host.files[path])
            // A machine without /dev/ptmx or the like is none that Knative runs on.
            guard access(path, F_OK) == 0 else { continue }
            #expect(file.error == nil, "\(path)")
            #expect(file.isDir == isDirectory, "\(path)")
        }
        #expect(info.host.files["/dev/stdin"]?.sourceFile == "/proc/self/fd/0")
        #expect(info.host.files["/tmp"]?.mode == "rwxrwxrwx")
        #expect(info.host.fileAccess["/tmp"] == FileAccess())
    }

    @Test("the mounts and the limits of the control group can be read, where there are any")
    func limits() async throws {
        let info = try await FunctionProcess.with(.knative()) { try await $0.info() }
        #expect(info.host.mounts.contains { $0.path == "/proc" && $0.type == "proc" })
        for cgroup in info.host.cgroups {
            let isThere = access(cgroup.name, R_OK) == 0
            #expect((cgroup.value != nil) == isThere, "\(cgroup.name)")
            #expect((cgroup.error == nil) == isThere, "\(cgroup.name)")
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

import EventLoop
import Glibc
import HTTP
import Testing

@testable import Activator

extension ProcessTests {
    @Suite("Ending instances")
    struct StopTests {
        @Test("a stop lets requests finish, refuses new ones, and leaves no process")
        func graceful() async throws {
            let spec = TestFunction.spec {
                $0.containerConcurrency = 1
                $0.scale.max = 2
            }
            try await Stage.with([spec]) { stage in
                let gate = Gate()
                async let running = stage.request(gate.target)
                try await stage.waitFor { $0.inFlightCount == 1 }
                let pid = try await stage.processID()
                async let stopped: Void = stage.activator.stop(deadline: .seconds(60))
                try await stage.waitFor { $0.instances.count == 1 }
                let refused = try await stage.request("/hello")
                #expect(refused.status == .serviceUnavailable)
                #expect(refused.text.contains("shutting down"))
                gate.open()
                #expect(try await running.text == "through")
                await stopped
                #expect(!isAlive(pid))
                #expect(try await stage.status.instances.isEmpty)
                #expect(try await stage.status.crashesTotal == 0)
            }
        }

        @Test("what runs beyond the deadline of a stop is cut off")
        func deadline() async throws {
            try await Stage.with([TestFunction.spec(mode: "stubborn")]) { stage in
                let gate = Gate()
                async let running = stage.request(gate.target)
                try await stage.waitFor { $0.inFlightCount == 1 }
                let pid = try await stage.status.instances[0].processID
                await stage.activator.stop(deadline: .milliseconds(1))
                #expect(!isAlive(pid))
                let answer = try await running
                #expect(answer.status == .serviceUnavailable)
                #expect(answer.text.contains("shutting down"))
            }
        }

        @Test("a process that ignores SIGTERM is killed after its grace")
        func stubborn() async throws {
            let spec = TestFunction.spec(mode: "stubborn") {
                $0.idleWindow = .milliseconds(1)
                $0.stopGrace = .milliseconds(10)
            }
            try await Stage.with([spec]) { stage in
                let pid = try await stage.processID()
                #expect(
                    await stage.activator.waitUntilIdle(service: "probe", deadline: .seconds(60))
                )
                #expect(!isAlive(pid))
                #expect(try await stage.status.crashesTotal == 0)
            }
        }

        @Test("a request that comes while an instance ends starts another")
        func requestDuringStop() async throws {
            let spec = TestFunction.spec(mode: "stubborn") { $0.idleWindow = .milliseconds(1) }
            try await Stage.with([spec]) { stage in
                let first = try await stage.request("/pid").text
                try await stage.waitFor { $0.instances.first?.state == .stopping }
                let second = try await stage.request("/pid")
                #expect(second.status == .ok && second.text != first)
            }
        }

        @Test("children of a process go with it")
        func family() async throws {
            let spec = TestFunction.spec(mode: "family") { $0.idleWindow = .milliseconds(1) }
            try await Stage.with([spec]) { stage in
                let pid = try await stage.processID()
                #expect(
                    await stage.activator.waitUntilIdle(service: "probe", deadline: .seconds(60))
                )
                // The group outlives its leader until init has taken its last member.
                while kill(-pid, 0) == 0 { await stage.clientLoop.wait(for: .milliseconds(1)) }
                #expect(errno == ESRCH)
            }
        }

        @Test("a stop without any instance, and a second stop, come back at once")
        func twice() async throws {
            try await Stage.with([TestFunction.spec(), TestFunction.spec("other")]) { stage in
                await stage.activator.stop(deadline: .seconds(60))
                await stage.activator.stop(deadline: .seconds(60))
            }
        }

        /// Its first thread ends with the first request, whose connection another one closes; the
        /// process ends only then, in its own time.
        static let slowEnd = """
            import ctypes, os, socket, threading
            listener = socket.socket(fileno=3)
            listener.setblocking(True)
            connection = listener.accept()[0]
            def serve():
                while b"\\r\\n\\r\\n" not in connection.recv(4096): pass
                while " Z " not in open("/proc/self/stat").read().split(")")[1]: pass
                connection.close()
                threading.Event().wait(0.4)
                os._exit(3)
            threading.Thread(target=serve).start()
            # exit(2), which ends this thread alone.
            ctypes.CDLL(None).syscall(60 if os.uname().machine == "x86_64" else 93, 0)
            """

        @Test("an answer waits for the end of a process that is seen to end")
        func slowEnding() async throws {
            let spec = TestFunction.spec {
                $0.command = [TestFunction.python, "-S", "-E", "-c", Self.slowEnd]
            }
            try await Stage.with([spec]) { stage in
                let answer = try await stage.request("/")
                #expect(answer.status == .badGateway)
                #expect(answer.text.contains("its process exited with code 3."), "\(answer)")
            }
        }

        @Test("processes die with the loop's thread")
        func parentDeath() async throws {
            let loop = try EventLoop(name: "short")
            loop.start()
            let (pid, fd) = try await loop.run {
                let process = try InstanceProcess(
                    InstanceProcess.Plan(
                        command: ["/bin/sleep", "600"],
                        environment: [],
                        limits: RevisionSpec.ResourceLimits()
                    ),
                    on: loop,
                    line: { _, _ in },
                    exited: { _ in }
                )
                return (process.pid, process.pid)
            }
            #expect(isAlive(pid) && fd == pid)
            loop.stop()
            loop.join()
            var status: Int32 = 0
            #expect(waitpid(pid, &status, 0) == pid)
            #expect(status & 0x7F == SIGKILL)
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

import EventLoop
import Glibc
import HTTP
import TestSupport
import Testing

@testable import Activator

@Suite("Readiness, counted")
struct ReadinessTallyTests {
    @Test(
        "so many results in a row change what is known, and one of the other kind begins anew",
        arguments: [
            (1, 3, "ffs", "..+"), (2, 3, "sfss", "...+"), (3, 1, "sssf", "..+-"),
            (1, 3, "sffsfff", "+.....-"), (1, 1, "sfsf", "+-+-"), (1, 3, "sssff", "+...."),
            (2, 2, "ssffsfss", ".+.-...+"), (0, 0, "sf", "+-"),
        ]
    )
    func thresholds(_ success: Int, _ failure: Int, _ results: String, _ changes: String) {
        var tally = ReadinessTally(successThreshold: success, failureThreshold: failure)
        var seen = ""
        for result in results {
            let hasChanged = tally.note(result == "s")
            seen += hasChanged ? (tally.isReady ? "+" : "-") : "."
        }
        #expect(seen == changes)
    }

    @Test("it agrees with a count of the last results", arguments: UInt64(1)...UInt64(20))
    func walk(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let success = Int.random(in: 1...4, using: &random)
        let failure = Int.random(in: 1...4, using: &random)
        var tally = ReadinessTally(successThreshold: success, failureThreshold: failure)
        var results: [Bool] = []
        var isReady = false
        for _ in 0..<500 {
            results.append(Bool.random(using: &random))
            let run = results.reversed().prefix { $0 == results.last }.count
            if results.last == true, run >= success { isReady = true }
            if results.last == false, run >= failure { isReady = false }
            let before = tally.isReady
            let hasChanged = tally.note(results.last == true)
            #expect(tally.isReady == isReady && hasChanged == (before != isReady))
        }
    }
}

/// A file that a command looks for.
final class FlagFile: Sendable {
    let path = "/tmp/swiftlet-flag-\(getpid())-\(UInt64.random(in: 0 ... .max))"

    func raise() { close(open(self.path, O_CREAT | O_WRONLY | O_CLOEXEC, 0o600)) }

    func lower() { unlink(self.path) }

    /// The number that was written to it; `nil` while there is none.
    var number: Int32? {
        guard let file = fopen(self.path, "r") else { return nil }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 32)
        guard fgets(&line, Int32(line.count), file) != nil else { return nil }
        let text = line.prefix { $0 > 32 }.map { UInt8($0) }
        return Int32(String(decoding: text, as: UTF8.self))
    }

    deinit { self.lower() }
}

extension ProcessTests {
    @Suite("Readiness probes")
    struct ReadinessTests {
        static func spec(
            _ script: String,
            _ change: (inout RevisionSpec) -> Void = { _ in }
        ) -> RevisionSpec {
            TestFunction.spec {
                $0.readinessProbe = .init(.exec(["/bin/sh", "-c", script]))
                // A machine with much to do needs long to start a process.
                $0.readinessProbe?.timeout = .seconds(60)
                change(&$0)
            }
        }

        @Test("a command is run as the instance is, and requests wait until it exits with 0")
        func command() async throws {
            let flag = FlagFile()
            let asked = FlagFile()
            let script = """
                echo 1 > \(asked.path)
                [ "$(pwd)" = /usr ] && [ "$GREETING" = hello ] && [ -n "$PORT" ] \
                && [ -z "$LISTEN_FDS$NOTIFY_SOCKET" ] && [ -e \(flag.path) ]
                """
            let spec = Self.spec(script) {
                $0.workingDirectory = "/usr"
                $0.environment = [("GREETING", "hello")]
            }
            try await Stage.with([spec]) { stage in
                async let answer = stage.request("/hello")
                try await stage.waitFor { _ in asked.number != nil }
                #expect(try await stage.status.queuedCount == 1)
                #expect(try await stage.status.instances.first?.state == .starting)
                flag.raise()
                #expect(try await answer.text == "hello")
                #expect(try await stage.status.instances.first?.state == .ready)
            }
        }

        @Test(
            "a command that never exits with 0 is told with what it did last",
            arguments: [
                ("exit 7", "the last try exited with code 7"),
                ("kill -TERM $$", "the last try was ended by signal 15 (SIGTERM)"),
            ]
        )
        func neverReady(_ script: String, _ ending: String) async throws {
            let configuration = configured {
                // Enough for one try where much is to be done.
                $0.startTimeout = .seconds(3)
                $0.startFailuresMax = 1
            }
            try await Stage.with([Self.spec(script)], configuration) { stage in
                let answer = try await stage.request("/hello")
                #expect(answer.status == .serviceUnavailable)
                let what =
                    "did not pass its readinessProbe, the command /bin/sh within 3.0 seconds"
                #expect(answer.text.contains("\(what); \(ending)"), "\(answer.text)")
            }
        }

        @Test("who waited for one that is not ready yet hears what its probe did last")
        func stillStarting() async throws {
            let configuration = configured { $0.queueTimeout = .milliseconds(500) }
            try await Stage.with([Self.spec("exit 7")], configuration) { stage in
                let answer = try await stage.request("/hello")
                #expect(answer.status == .serviceUnavailable)
                let what = "One that starts is not ready: the last probe exited with code 7."
                #expect(answer.text.contains(what), "\(answer.text)")
            }
        }

        @Test("a command that is not there has failed, and the reason is told")
        func missingCommand() async throws {
            let spec = Self.spec("") { $0.readinessProbe?.action = .exec(["/nonexistent/check"]) }
            let configuration = configured {
                $0.startTimeout = .milliseconds(200)
                $0.startFailuresMax = 1
            }
            try await Stage.with([spec], configuration) { stage in
                let text = try await stage.request("/hello").text
                #expect(
                    text.contains("could not be started: exec /nonexistent/check: No such file")
                )
            }
        }

        @Test("a command that takes too long is ended with all that it started, and tried again")
        func slowCommand() async throws {
            let (first, child) = (FlagFile(), FlagFile())
            let script = """
                [ -e \(first.path) ] && exit 0
                sleep 1000 & echo $! > \(child.path)
                echo $$ > \(first.path)
                wait
                """
            let spec = Self.spec(script) { $0.readinessProbe?.timeout = .seconds(2) }
            try await Stage.with([spec]) { stage in
                #expect(try await stage.request("/hello").text == "hello")
                for file in [first, child] {
                    let pid = try #require(file.number)
                    try await stage.waitFor { _ in !isRunning(pid) }
                }
            }
        }

        @Test("a command that runs when its instance ends, ends too")
        func endsWithInstance() async throws {
            let asked = FlagFile()
            let spec = Self.spec("echo $$ > \(asked.path); sleep 1000")
            try await Stage.with([spec]) { stage in
                let client = try await stage.connect()
                try await client.send(.get, "/hello")
                try await stage.waitFor { _ in asked.number != nil }
                let pid = try #require(asked.number)
                #expect(isRunning(pid))
                await stage.activator.stop(deadline: .zero)
                try await stage.waitFor { _ in !isRunning(pid) }
                await client.close()
            }
        }

        @Test(
            "an instance that crashes while its probe runs is gone with it, and followed by another"
        )
        func crashWithinProbe() async throws {
            let (first, asked) = (FlagFile(), FlagFile())
            let script = """
                [ -e \(first.path) ] || { touch \(first.path); exit 0; }
                echo $$ > \(asked.path); sleep 1000
                """
            let spec = Self.spec(script) {
                $0.readinessProbe?.period = .milliseconds(1)
                $0.scale.max = 1
            }
            try await Stage.with([spec]) { stage in
                let pid = try await stage.processID()
                try await stage.waitFor { _ in asked.number != nil }
                let probe = try #require(asked.number)
                first.lower()
                let body = Array("x".utf8)
                let answer = try await stage.request("/crash", method: .post, body: body)
                #expect(answer.status == .badGateway)
                #expect(try await stage.processID() != pid)
                #expect(try await stage.status.lastCrash == "its process exited with code 3")
                try await stage.waitFor { _ in !isRunning(probe) }
            }
        }

        @Test("an instance whose probe fails gets no request until it passes, and lives on")
        func readinessLost() async throws {
            let trouble = FlagFile()
            let spec = Self.spec("[ ! -e \(trouble.path) ]") {
                $0.readinessProbe?.period = .milliseconds(5)
                $0.readinessProbe?.failureThreshold = 2
                $0.scale.max = 1
            }
            try await Stage.with([spec]) { stage in
                let pid = try await stage.processID()
                for _ in 0..<2 {
                    trouble.raise()
                    try await stage.waitFor { $0.instances.first?.state == .unready }
                    async let answer = stage.request("/pid")
                    try await stage.waitFor { $0.queuedCount == 1 }
                    trouble.lower()
                    #expect(try await answer.text == "\(pid)")
                }
                #expect(try await stage.status.startedTotal == 1)
                let lines = stage.log.all
                #expect(lines.contains { $0.contains("not ready any more") })
                #expect(lines.contains { $0.contains("exited with code 1") })
            }
        }

        @Test("one that is not ready is ended when it is not needed, and a paused one is not asked")
        func idle() async throws {
            let (trouble, asked) = (FlagFile(), FlagFile())
            let script = "echo $$ > \(asked.path); [ ! -e \(trouble.path) ]"
            let spec = Self.spec(script) {
                $0.readinessProbe?.period = .milliseconds(5)
                $0.readinessProbe?.failureThreshold = 1
                $0.idleWindow = .milliseconds(50)
                $0.pausesWhenIdle = true
            }
            try await Stage.with([spec]) { stage in
                let pid = try await stage.processID()
                try await stage.waitFor { $0.instances.first?.state == .paused }
                let before = asked.number
                for _ in 0..<20 { await stage.clientLoop.wait(for: .milliseconds(5)) }
                #expect(asked.number == before)
                #expect(try await stage.processID() == pid)
                // As long as it has a request it is not paused, so that its probe goes on.
                let gate = Gate()
                async let running = stage.request(gate.target)
                try await stage.waitFor { $0.inFlightCount == 1 }
                trouble.raise()
                try await stage.waitFor { $0.instances.first?.state == .unready }
                gate.open()
                #expect(try await running.text == "through")
                try await stage.waitFor { $0.instances.isEmpty }
            }
        }

        @Test("a program and its probe run as their user", .enabled(if: geteuid() == 0))
        func user() async throws {
            let asked = FlagFile()
            asked.raise()
            chmod(asked.path, 0o666)
            let spec = Self.spec(
                "[ \"$(id -u) $(id -g)\" = '65534 65534' ] && echo 1 > \(asked.path)"
            ) {
                $0.user = .init(id: 65_534, group: 65_534)
            }
            try await Stage.with([spec]) { stage in
                let pid = try await stage.processID()
                var status = stat()
                #expect(stat("/proc/\(pid)", &status) == 0 && status.st_uid == 65_534)
                #expect(asked.number == 1)
            }
        }

        @Test("a directory that its user may not enter is told", .enabled(if: geteuid() == 0))
        func closedDirectory() async throws {
            let gate = Gate()
            let directory = String(gate.path.dropLast("/gate".count))
            let spec = TestFunction.spec {
                $0.user = .init(id: 65_534, group: 65_534)
                $0.workingDirectory = directory
            }
            try await Stage.with([spec], configured { $0.startFailuresMax = 1 }) { stage in
                let text = try await stage.request("/hello").text
                #expect(
                    text.contains("could not be started: chdir \(directory): Permission denied")
                )
            }
        }

        @Test("a connection is refused, and then taken")
        func connection() async throws {
            let loop = try EventLoop(name: "probe")
            loop.start()
            let listener = try Socket.listen(on: .ipv4Loopback(port: 0))
            let address = try Socket.localAddress(of: listener)
            let taken = await Self.finding(of: address, on: loop)
            #expect(taken == .ready)
            Socket.close(listener)
            let refused = await Self.finding(of: address, on: loop)
            #expect(refused == .notReady("failed: connect: Connection refused"))
            loop.stop()
            loop.join()
        }

        private static func finding(
            of address: SocketAddress,
            on loop: EventLoop
        ) async -> ReadinessFinding? {
            await withCheckedContinuation { continuation in
                loop.execute {
                    do {
                        let attempt = try ReadinessConnection(to: address, loop: loop)
                        attempt.start { continuation.resume(returning: $0) }
                    } catch {
                        continuation.resume(returning: nil)
                    }
                }
            }
        }
    }
}

/// Whether a process is there and no zombie, which nobody may have awaited yet.
func isRunning(_ pid: Int32) -> Bool {
    isAlive(pid) && !["Z", "X", ""].contains(ProcessTests.LanguageTests.state(of: pid))
}

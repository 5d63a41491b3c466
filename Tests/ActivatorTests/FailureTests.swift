// SPDX-License-Identifier: Apache-2.0

import EventLoop
import Glibc
import HTTP
import Telemetry
import Testing

@testable import Activator

extension ProcessTests {
    @Suite("When functions fail")
    struct FailureTests {
        @Test(
            "a process that ends within a request gives 502 with the reason; the next one starts anew",
            arguments: [
                ("/crash", "exited with code 3"), ("/kill", "was ended by signal 9 (SIGKILL)"),
            ]
        )
        func crash(_ target: String, _ reason: String) async throws {
            try await Stage.with([TestFunction.spec()]) { stage in
                let first = try await stage.request("/pid").text
                let answer = try await stage.request(target, method: .post, body: Array("x".utf8))
                #expect(answer.status == .badGateway)
                #expect(answer.fields["content-type"] == "application/problem+json")
                #expect(
                    answer.text == #"{"type":"about:blank","title":"Bad Gateway","status":502,"#
                        + #""detail":"The function test/probe closed the connection before it "#
                        + #"answered: its process \#(reason).","function":"test/probe","#
                        + #""instance":"probe-00001-1"}"# + "\n"
                )
                let second = try await stage.request("/pid")
                #expect(second.text != first)
                #expect(second.fields["x-swiftlet-cold-start"] == "true")
                #expect(try await stage.status.crashesTotal == 1)
            }
        }

        @Test("a request that ends a cold process is not sent to another")
        func coldCrash() async throws {
            try await Stage.with([TestFunction.spec()]) { stage in
                let answer = try await stage.request("/crash")
                #expect(answer.status == .badGateway)
                #expect(answer.text.contains("exited with code 3"))
                #expect(try await stage.status.startedTotal == 1)
            }
        }

        @Test("an answer that breaks off resets the client's connection")
        func midway() async throws {
            try await Stage.with([TestFunction.spec()]) { stage in
                let connection = try await stage.connect()
                try await connection.send(.get, "/midway")
                await #expect(throws: TestClientError.connectionEnded) {
                    _ = try await connection.receive()
                }
                await connection.close()
                #expect(try await stage.request("/hello").text == "hello")
            }
        }

        @Test("an answer counts although the process ends right behind it")
        func quitAfter() async throws {
            try await Stage.with([TestFunction.spec()]) { stage in
                for _ in 0..<3 {
                    let answer = try await stage.request("/quit-after")
                    #expect(answer.text == "last words")
                }
            }
        }

        @Test(
            "a connection that is dropped, and answers that are none, give 502",
            arguments: [
                ("/drop", "closed the connection before it answered."),
                (
                    "/garbage",
                    "sent an answer that is not valid HTTP: "
                        + "the first line is no HTTP/1.1 status line."
                ),
                ("/upgrade", "switched protocols without being asked to."),
            ]
        )
        func badAnswers(_ target: String, _ detail: String) async throws {
            try await Stage.with([TestFunction.spec()]) { stage in
                let answer = try await stage.request(target)
                #expect(answer.status == .badGateway)
                #expect(answer.text.contains(detail))
                #expect(try await stage.request("/hello").text == "hello")
                #expect(try await stage.status.startedTotal == 1)
            }
        }

        @Test(
            "a program that ends at once is answered with the reason, and starts rest",
            arguments: [
                ("exit7", "exited with code 7"), ("die", "was ended by signal 11 (SIGSEGV)"),
            ]
        )
        func crashLoop(_ mode: String, _ reason: String) async throws {
            let spec = TestFunction.spec(mode: mode)
            let rest = Duration.seconds(600)
            try await Stage.with(
                [spec],
                configured {
                    $0.startRestMin = rest
                    $0.startRestMax = rest
                }
            ) { stage in
                let body = Array("a body that is replayed".utf8)
                let answer = try await stage.request("/echo", method: .post, body: body)
                #expect(answer.status == .serviceUnavailable)
                #expect(answer.fields["retry-after"] == "600")
                #expect(
                    answer.text.contains("test/probe does not start: its process \(reason)."),
                    "\(answer.text)"
                )
                let status = try await stage.status
                #expect(status.startedTotal == 3 && status.crashesTotal == 3)
                #expect(status.lastCrash == "its process \(reason)")
                // While starts rest nothing is started.
                let second = try await stage.request("/hello")
                #expect(second.status == .serviceUnavailable)
                #expect(try await stage.status.startedTotal == 3)
            }
        }

        @Test("after the rest the next request tries again")
        func afterRest() async throws {
            try await Stage.with(
                [TestFunction.spec(mode: "exit1")],
                configured { $0.startRestMin = .milliseconds(1) }
            ) { stage in
                _ = try await stage.request("/hello")
                // A rest ends by the clock alone: ask until a start was tried once more.
                while try await stage.status.startedTotal < 4 {
                    _ = try await stage.request("/hello")
                }
            }
        }

        @Test("the last words of a crash are quoted where that is wanted")
        func lastWords() async throws {
            try await Stage.with(
                [TestFunction.spec(mode: "exit7")],
                configured { $0.quotesOutputInAnswers = true }
            ) { stage in
                let answer = try await stage.request("/hello")
                #expect(answer.text.contains("exited with code 7; its last words: going down."))
            }
        }

        @Test(
            "a program that is not there is named",
            arguments: [
                (
                    ["/nonexistent/program"],
                    "could not be started: exec /nonexistent/program: No such file"
                ),
                (["relative"], "exec of a program without an absolute path"),
                (["/etc/passwd"], "exec /etc/passwd: Permission denied"),
            ]
        )
        func notStarted(_ command: [String], _ reason: String) async throws {
            let spec = TestFunction.spec { $0.command = command }
            try await Stage.with([spec]) { stage in
                let before = openDescriptorCount()
                let answer = try await stage.request("/hello")
                #expect(answer.status == .serviceUnavailable)
                #expect(answer.text.contains(reason), "\(answer.text)")
                #expect(openDescriptorCount() <= before + 1)
            }
        }

        @Test("a working directory that is not there is named")
        func noDirectory() async throws {
            let spec = TestFunction.spec { $0.workingDirectory = "/nonexistent" }
            try await Stage.with([spec]) { stage in
                let answer = try await stage.request("/hello")
                #expect(answer.status == .serviceUnavailable)
                #expect(answer.text.contains("chdir /nonexistent: No such file or directory"))
            }
        }

        @Test("a program that never listens on PORT is ended and named")
        func neverListens() async throws {
            let spec = TestFunction.spec(mode: "deaf") { $0.socketMode = .port }
            try await Stage.with([spec], configured { $0.startTimeout = .milliseconds(5) }) {
                stage in
                let answer = try await stage.request("/hello")
                #expect(answer.status == .serviceUnavailable)
                #expect(answer.text.contains("did not listen on port "))
                #expect(answer.text.contains("within 0.005 seconds"))
            }
        }

        /// A function whose first process ends at the gate, before it has accepted anything.
        private static func secondTimeLucky(_ gate: Gate) -> RevisionSpec {
            let script = #"""
                import os, sys
                gate = sys.argv[1]
                if not os.path.exists(gate + ".second"):
                    open(gate + ".second", "w").close()
                    with open(gate, "rb", 0) as stream: stream.read(1)
                    os._exit(9)
                os.unlink(gate + ".second")
                os.execv(sys.argv[2], sys.argv[2:])
                """#
            return TestFunction.spec {
                $0.command =
                    [TestFunction.python, "-S", "-E", "-c", script, gate.path]
                    + TestFunction.command()
            }
        }

        @Test("requests that a starting process never took go to the next one")
        func neverAccepted() async throws {
            let gate = Gate()
            let spec = Self.secondTimeLucky(gate)
            try await Stage.with([spec]) { stage in
                let bodies = (0..<5).map { Array("body \($0)".utf8) }
                async let answers = withThrowingTaskGroup(of: (Int, TestAnswer).self) { group in
                    for (index, body) in bodies.enumerated() {
                        group.addTask {
                            (index, try await stage.request("/echo", method: .post, body: body))
                        }
                    }
                    var answers: [Int: TestAnswer] = [:]
                    for try await (index, answer) in group { answers[index] = answer }
                    return answers
                }
                try await stage.waitFor { $0.inFlightCount == bodies.count }
                gate.open()
                for (index, answer) in try await answers {
                    #expect(answer.status == .ok && answer.body == bodies[index], "\(answer.text)")
                }
                let status = try await stage.status
                #expect(status.startedTotal == 2 && status.crashesTotal == 1)
            }
        }

        @Test(
            "a body that was sent to a starting process is sent again up to the limit, else 502",
            arguments: [("abcd", 200), ("abcde", 502)]
        )
        func replayLimit(_ body: String, _ status: Int) async throws {
            let gate = Gate()
            let spec = Self.secondTimeLucky(gate)
            try await Stage.with([spec], configured { $0.replayBytesMax = 4 }) { stage in
                async let answered = stage.request("/echo", method: .post, body: Array(body.utf8))
                try await stage.waitFor { $0.inFlightCount == 1 }
                gate.open()
                let answer = try await answered
                #expect(answer.status.rawValue == status)
                if status == 200 {
                    #expect(answer.text == body)
                } else {
                    #expect(
                        answer.text.contains(
                            "ended before it took the request: its process exited with code 9."
                        )
                    )
                }
            }
        }

        @Test(
            "only what may be repeated is sent again over a connection that was just closed",
            arguments: [(HTTPMethod.get, "", 4), (.post, "", 3), (.put, "body", 3)]
        )
        func keepAliveRace(_ method: HTTPMethod, _ body: String, _ count: Int) async throws {
            try await Stage.with([TestFunction.spec()]) { stage in
                #expect(try await stage.request("/hello").text == "hello")
                let body = Array(body.utf8)
                let answer = try await stage.request("/drop", method: method, body: body)
                #expect(answer.status == .badGateway)
                // The one before, this one with its repetition, and the one that asks.
                #expect(try await stage.request("/count").text == "\(count)")
            }
        }

        @Test("the function's time counts from its instance on, and 504 says so")
        func timeout() async throws {
            let spec = TestFunction.spec { $0.timeout = .milliseconds(50) }
            try await Stage.with([spec]) { stage in
                let gate = Gate()
                let answer = try await stage.request(gate.target)
                #expect(answer.status == .gatewayTimeout)
                #expect(answer.text.contains("it may take 0.05 seconds (timeoutSeconds)."))
                try await stage.waitFor { $0.inFlightCount == 0 }
                gate.open()
            }
        }

        @Test("the queue has its bound, exactly, and says when to come back")
        func queueFull() async throws {
            let spec = TestFunction.spec {
                $0.containerConcurrency = 1
                $0.scale.max = 1
            }
            try await Stage.with([spec], configured { $0.queueCountMax = 2 }) { stage in
                let gate = Gate()
                async let running = stage.request(gate.target)
                try await stage.waitFor { $0.inFlightCount == 1 }
                async let first = stage.request("/hello")
                async let second = stage.request("/hello")
                try await stage.waitFor { $0.queuedCount == 2 }
                let refused = try await stage.request("/hello")
                #expect(refused.status == .serviceUnavailable)
                #expect(refused.fields["retry-after"] == "1")
                #expect(refused.text.contains("has 2 requests waiting already"))
                gate.open()
                #expect(try await running.text == "through")
                #expect(try await [first, second].map(\.text) == ["hello", "hello"])
                #expect(
                    stage.metrics.render().contains(
                        #"swiftlet_activator_refusals_total{namespace="test",reason="queue_full","#
                            + #"service="probe"} 1"#
                    )
                )
            }
        }

        @Test("the queues of all functions have a bound together, which is given back")
        func sharedQueue() async throws {
            let specs = ["one", "two"].map { name in
                TestFunction.spec(name) {
                    $0.containerConcurrency = 1
                    $0.scale.max = 1
                }
            }
            try await Stage.with(specs, configured { $0.queueCountTotalMax = 2 }) { stage in
                for _ in 0..<2 {
                    let gate = Gate()
                    let one: HTTPFields = ["Host": "one.test"]
                    let two: HTTPFields = ["Host": "two.test"]
                    async let running = stage.request(gate.target, one)
                    try await stage.waitFor { $0.inFlightCount == 1 }
                    async let first = stage.request("/hello", one)
                    async let second = stage.request("/hello", one)
                    try await stage.waitFor { $0.queuedCount == 2 }
                    // The other function has no instance yet, so its request would have to wait.
                    let refused = try await stage.request("/hello", two)
                    #expect(refused.status == .serviceUnavailable)
                    #expect(refused.text.contains("wait for any function here"))
                    gate.open()
                    #expect(try await running.text == "through")
                    #expect(try await [first, second].map(\.text) == ["hello", "hello"])
                }
                #expect(try await stage.request("/hello", ["Host": "two.test"]).text == "hello")
            }
        }

        @Test("a body that is too long is refused before anything is started")
        func longBody() async throws {
            try await Stage.with([TestFunction.spec()], configured { $0.bodyBytesMax = 5 }) {
                stage in
                let refused = try await stage.request(
                    "/echo",
                    method: .post,
                    body: Array("123456".utf8)
                )
                #expect(refused.status == .contentTooLarge)
                #expect(refused.fields["content-type"] == "application/problem+json")
                #expect(try await stage.status.startedTotal == 0)
                let taken = try await stage.request(
                    "/echo",
                    method: .post,
                    body: Array("12345".utf8)
                )
                #expect(taken.text == "12345")
            }
        }

        @Test("a request that waited too long is refused")
        func queueTimeout() async throws {
            let spec = TestFunction.spec {
                $0.containerConcurrency = 1
                $0.scale.max = 1
            }
            try await Stage.with([spec], configured { $0.queueTimeout = .milliseconds(200) }) {
                stage in
                let gate = Gate()
                async let running = stage.request(gate.target)
                try await stage.waitFor { $0.inFlightCount == 1 }
                let refused = try await stage.request("/hello")
                #expect(refused.status == .serviceUnavailable)
                #expect(refused.text.contains("was free within 0.2 seconds"))
                gate.open()
                #expect(try await running.text == "through")
            }
        }

        @Test("a request that the server reads while an earlier one is refused is let in too")
        func nestedArrival() async throws {
            let spec = TestFunction.spec {
                $0.containerConcurrency = 1
                $0.scale.max = 1
            }
            // Long enough for all that the client sends to be there.
            let configuration = configured { $0.queueTimeout = .milliseconds(500) }
            try await Stage.with([spec], configuration) { stage in
                let gate = Gate()
                async let running = stage.request(gate.target)
                try await stage.waitFor { $0.inFlightCount == 1 }
                let connection = try await stage.connect()
                // The server stops reading after the first chunk and keeps the rest at hand, so
                // that the refusal makes it find the next request, from within the refusal.
                let chunk = String(repeating: "x", count: 66_000)
                await connection.write(
                    Array(
                        ("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                            + "\(String(chunk.utf8.count, radix: 16))\r\n\(chunk)\r\n1\r\ny\r\n"
                            + "0\r\n\r\nGET /hello HTTP/1.1\r\nHost: a\r\n\r\n").utf8
                    )
                )
                for _ in 0..<2 {
                    let refused = try await connection.receive()
                    #expect(refused.status == .serviceUnavailable)
                    #expect(refused.text.contains("was free within"))
                }
                await connection.close()
                gate.open()
                #expect(try await running.text == "through")
                #expect(try await stage.status.requestsTotal == 3)
            }
        }

        @Test("a client that leaves the queue is not waited for")
        func clientLeavesQueue() async throws {
            let spec = TestFunction.spec {
                $0.containerConcurrency = 1
                $0.scale.max = 1
            }
            try await Stage.with([spec]) { stage in
                let gate = Gate()
                async let running = stage.request(gate.target)
                try await stage.waitFor { $0.inFlightCount == 1 }
                let leaving = try await stage.connect()
                try await leaving.send(.get, "/hello")
                try await stage.waitFor { $0.queuedCount == 1 }
                await leaving.close(reset: true)
                try await stage.waitFor { $0.queuedCount == 0 }
                gate.open()
                #expect(try await running.text == "through")
                #expect(try await stage.request("/count").text == "2")
            }
        }

        @Test("a client that sends no more gets its answer, also out of the queue")
        func halfClosed() async throws {
            let spec = TestFunction.spec {
                $0.containerConcurrency = 1
                $0.scale.max = 1
            }
            try await Stage.with([spec]) { stage in
                let gate = Gate()
                let (first, second) = (try await stage.connect(), try await stage.connect())
                try await first.send(.get, gate.target)
                try await stage.waitFor { $0.inFlightCount == 1 }
                try await second.send(.get, "/hello")
                for client in [first, second] { await client.shutdownWrite() }
                try await stage.waitFor { $0.queuedCount == 1 }
                gate.open()
                #expect(try await first.receive().text == "through")
                #expect(try await second.receive().text == "hello")
            }
        }

        @Test("a client that leaves a running request gives its place back")
        func clientLeavesRunning() async throws {
            let spec = TestFunction.spec {
                $0.containerConcurrency = 1
                $0.scale.max = 1
            }
            try await Stage.with([spec]) { stage in
                let gate = Gate()
                let leaving = try await stage.connect()
                try await leaving.send(.get, gate.target)
                try await stage.waitFor { $0.inFlightCount == 1 }
                await leaving.close(reset: true)
                #expect(try await stage.request("/hello").text == "hello")
                gate.open()
            }
        }
    }
}

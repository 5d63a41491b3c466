// SPDX-License-Identifier: Apache-2.0

import EventLoop
import Glibc
import HTTP
import Telemetry
import TestSupport
import Testing

@testable import Activator

extension ProcessTests {
    @Suite("From zero and back")
    struct LifeCycleTests {
        @Test("a request at zero starts the function and is answered; the next one finds it warm")
        func coldStart() async throws {
            try await Stage.with([TestFunction.spec()]) { stage in
                #expect(try await stage.status.instances.isEmpty)
                let first = try await stage.request("/pid")
                #expect(first.status == .ok)
                #expect(first.fields["x-swiftlet-cold-start"] == "true")
                let timing = try #require(first.fields["server-timing"])
                #expect(timing.contains("queue;dur=") && timing.contains("start;dur="))
                let second = try await stage.request("/pid")
                #expect(second.text == first.text)
                #expect(!second.fields.contains("x-swiftlet-cold-start"))
                #expect(!second.fields.contains("server-timing"))
                let status = try await stage.status
                #expect(status.instances.map(\.state) == [.ready])
                #expect(status.instances.map { "\($0.processID)" } == [first.text])
                #expect(status.instances[0].name == "probe-00001-1")
                #expect(status.startedTotal == 1 && status.requestsTotal == 2)
                #expect(status.crashesTotal == 0)
                let milliseconds = try #require(status.lastColdStartMilliseconds)
                #expect(milliseconds > 0)
            }
        }

        @Test("a program that binds PORT itself works too")
        func portMode() async throws {
            let spec = TestFunction.spec(mode: "port") { $0.socketMode = .port }
            try await Stage.with([spec]) { stage in
                let answer = try await stage.request("/echo", method: .post, body: Array("x".utf8))
                #expect(answer.text == "x")
                #expect(answer.fields["x-swiftlet-cold-start"] == "true")
                #expect(try await stage.request("/hello").text == "hello")
                #expect(try await stage.status.startedTotal == 1)
            }
        }

        @Test("an idle function ends, and the next request starts it again", arguments: [1, 3])
        func toZero(_ cycles: Int) async throws {
            let spec = TestFunction.spec { $0.idleWindow = .milliseconds(20) }
            try await Stage.with([spec]) { stage in
                for cycle in 1...cycles {
                    let answer = try await stage.request("/pid")
                    #expect(answer.fields["x-swiftlet-cold-start"] == "true")
                    let pid = try #require(Int32(answer.text))
                    #expect(
                        await stage.activator.waitUntilIdle(
                            service: "probe",
                            deadline: .seconds(60)
                        )
                    )
                    #expect(!isAlive(pid))
                    let status = try await stage.status
                    #expect(status.instances.isEmpty)
                    #expect(status.startedTotal == UInt64(cycle) && status.crashesTotal == 0)
                }
            }
        }

        @Test("waiting for idleness ends with its deadline, and at once for an unknown service")
        func waitUntilIdle() async throws {
            try await Stage.with([TestFunction.spec()]) { stage in
                _ = try await stage.request("/hello")
                let activator = stage.activator
                #expect(!(await activator.waitUntilIdle(service: "probe", deadline: .zero)))
                #expect(!(await activator.waitUntilIdle(service: "other", deadline: .seconds(60))))
                #expect(
                    !(await activator.waitUntilIdle(
                        service: "probe",
                        namespace: "other",
                        deadline: .seconds(60)
                    ))
                )
            }
        }

        @Test("the environment is what was given and what the contract sets, and nothing else")
        func environment() async throws {
            let spec = TestFunction.spec {
                $0.environment = [
                    ("GREETING", "hello = world"), ("PORT", "1"), ("K_SERVICE", "mine"),
                    ("TWICE", "1"),
                    ("TWICE", "2"), ("LISTEN_FDNAMES", "x"), ("HOME", "/home/somebody"),
                ]
                $0.workingDirectory = "/usr"
            }
            try await Stage.with([spec]) { stage in
                let lines = try await stage.request("/environment").text.split(separator: "\n")
                var values: [Substring: Substring] = [:]
                for line in lines.dropLast() {
                    let mark = try #require(line.firstIndex(of: "="))
                    values[line[..<mark]] = line[line.index(after: mark)...]
                }
                let port = values.removeValue(forKey: "PORT").flatMap { UInt16($0) }
                let portNumber = try #require(port)
                #expect(portNumber > 1)
                let pid = try await "\(stage.status.instances[0].processID)"
                let listenPID = values.removeValue(forKey: "LISTEN_PID")
                #expect(listenPID.map(String.init) == pid)
                values["LC_CTYPE"] = nil  // Python's own.
                let readiness = values.removeValue(forKey: "NOTIFY_SOCKET")
                #expect(readiness?.hasPrefix("@swiftlet-") == true)
                #expect(
                    values == [
                        "GREETING": "hello = world", "TWICE": "2", "HOME": "/home/somebody",
                        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                        "TMPDIR": "/tmp", "K_SERVICE": "probe", "K_CONFIGURATION": "probe",
                        "K_REVISION": "probe-00001", "LISTEN_FDS": "1",
                    ]
                )
                #expect(lines.last == "/usr")
            }
        }

        @Test("what a function writes is logged under its instance's name")
        func output() async throws {
            try await Stage.with([TestFunction.spec { $0.idleWindow = .milliseconds(1) }]) {
                stage in
                _ = try await stage.request("/log")
                _ = await stage.activator.waitUntilIdle(service: "probe", deadline: .seconds(60))
                let lines = stage.log.all
                #expect(lines.contains("info  activator  probe-00001-1: to <stdout>"))
                #expect(lines.contains("info  activator  probe-00001-1: to <stderr>"))
            }
        }

        @Test("a flood of output harms nobody and loses nothing")
        func flood() async throws {
            try await Stage.with([TestFunction.spec { $0.idleWindow = .milliseconds(1) }]) {
                stage in
                async let flooded = stage.request("/flood/2000")
                for _ in 0..<20 {
                    let answer = try await stage.request("/hello")
                    #expect(answer.text == "hello")
                }
                #expect(try await flooded.text == "flooded")
                _ = await stage.activator.waitUntilIdle(service: "probe", deadline: .seconds(60))
                #expect(stage.log.all.count { $0.hasSuffix("xxxx") } == 2000)
            }
        }

        @Test("milestones tell the start, and which event it was for")
        func milestones() async throws {
            try await Stage.with([TestFunction.spec()]) { stage in
                let fields: HTTPFields = [
                    "ce-id": "42", "ce-source": "urn:test", "ce-specversion": "1.0",
                ]
                _ = try await stage.request("/hello", fields)
                _ = try await stage.request("/hello")
                let found = stage.milestones.all
                #expect(found.map(\.stage) == [.instanceStarting, .instanceReady])
                let pid = try await stage.status.instances[0].processID
                for milestone in found {
                    #expect(milestone.subject == "probe-00001-1")
                    #expect(
                        milestone.attributes == [
                            "ce-id": "42", "ce-source": "urn:test", "namespace": "test",
                            "service": "probe", "revision": "probe-00001", "pid": "\(pid)",
                        ]
                    )
                }
            }
        }

        @Test("fewest instances are there before any request, and come back when killed")
        func minScale() async throws {
            let spec = TestFunction.spec {
                $0.scale.min = 2
                $0.idleWindow = .milliseconds(1)
            }
            try await Stage.with([spec]) { stage in
                await stage.activator.start()
                #expect(try await stage.status.instances.count == 2)
                let pid = try await stage.processID()
                kill(pid, SIGKILL)
                try await stage.waitFor { $0.startedTotal == 3 && $0.instances.count == 2 }
                #expect(try await stage.request("/hello").text == "hello")
            }
        }

        @Test("200 requests at once are all answered by as many processes as may be")
        func burst() async throws {
            let spec = TestFunction.spec {
                $0.containerConcurrency = 1
                $0.scale.max = 3
                $0.idleWindow = .milliseconds(50)
            }
            try await Stage.with([spec]) { stage in
                let before = openDescriptorCount()
                let pids = try await withThrowingTaskGroup(of: String.self) { group in
                    for index in 0..<200 {
                        group.addTask {
                            let body = Array("upload \(index)".utf8)
                            let answer = try await stage.request("/echo", method: .post, body: body)
                            #expect(answer.body == body)
                            return try await stage.request("/pid").text
                        }
                    }
                    var pids: Set<String> = []
                    for try await pid in group { pids.insert(pid) }
                    return pids
                }
                #expect(
                    await stage.activator.waitUntilIdle(service: "probe", deadline: .seconds(60))
                )
                let status = try await stage.status
                #expect(status.requestsTotal == 400 && status.crashesTotal == 0)
                #expect(pids.count <= Int(status.startedTotal))
                #expect(pids.allSatisfy { !isAlive(Int32($0) ?? 1) })
                // Sockets of the clients linger at most; what the activator opened is closed.
                try await stage.waitForDescriptors(atMost: before + 2)
            }
        }

        @Test("a storm of good and bad requests ends in calm", arguments: [UInt64(1), 2])
        func storm(_ seed: UInt64) async throws {
            let spec = TestFunction.spec {
                $0.containerConcurrency = 4
                $0.scale.max = 3
                $0.idleWindow = .milliseconds(20)
            }
            var random = SeededGenerator(seed: seed)
            let paths = (0..<160).map { _ in
                ["/hello", "/echo", "/echo", "/trailers", "/close", "/status/304", "/big/100000"]
                    .randomElement(using: &random) ?? "/hello"
            }
            let troubles = (0..<12).map { _ in
                ["/crash", "/kill", "/drop", "/midway", "/garbage", "/quit-after", "leave"]
                    .randomElement(using: &random) ?? "/drop"
            }
            let order = (paths + troubles).shuffled(using: &random)
            try await Stage.with([spec]) { stage in
                let before = openDescriptorCount()
                await withTaskGroup(of: Void.self) { group in
                    for path in order { group.addTask { await Self.gust(path, on: stage) } }
                }
                let activator = stage.activator
                #expect(await activator.waitUntilIdle(service: "probe", deadline: .seconds(60)))
                let status = try await stage.status
                #expect(status.queuedCount == 0 && status.inFlightCount == 0)
                #expect(status.requestsTotal <= UInt64(order.count))
                try await stage.waitForDescriptors(atMost: before + 2)
                // And it works as before.
                #expect(try await stage.request("/hello").text == "hello")
            }
        }

        /// One request of the storm; a crash may hit any that is with the same instance.
        private static func gust(_ path: String, on stage: Stage) async {
            guard let connection = try? await stage.connect() else { return }
            let body = Array("a body".utf8)
            if path == "/echo" || path == "leave" {
                try? await connection.send(.post, "/echo", body: body)
            } else {
                try? await connection.send(.get, path)
            }
            if path != "leave", let answer = try? await connection.receive() {
                let known: Set<Int> = [200, 304, 502, 503]
                #expect(known.contains(answer.status.rawValue), "\(answer.status) to \(path)")
                if path == "/echo", answer.status == .ok { #expect(answer.body == body) }
            }
            await connection.close()
        }

        @Test("with a concurrency of 1 no instance ever has two requests")
        func serialised() async throws {
            let spec = TestFunction.spec {
                $0.containerConcurrency = 1
                $0.scale.max = 2
            }
            try await Stage.with([spec]) { stage in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for _ in 0..<50 {
                        group.addTask {
                            let most = try await stage.request("/most").text
                            #expect(most == "1")
                        }
                    }
                    try await group.waitForAll()
                }
                let status = try await stage.status
                #expect(status.instances.count == 2 && status.startedTotal == 2)
                #expect(status.queuedCount == 0 && status.inFlightCount == 0)
            }
        }

        @Test("without a limit one instance takes all at once")
        func unlimited() async throws {
            try await Stage.with([TestFunction.spec()]) { stage in
                let gate = Gate()
                async let waiting = stage.request(gate.target)
                try await stage.waitFor { $0.inFlightCount == 1 }
                #expect(try await stage.request("/hello").text == "hello")
                gate.open()
                #expect(try await waiting.text == "through")
                #expect(try await stage.status.startedTotal == 1)
            }
        }
    }
}

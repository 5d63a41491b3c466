// SPDX-License-Identifier: Apache-2.0

import EventLoop
import Glibc
import HTTP
import Testing

@testable import Activator

extension ProcessTests {
    /// Programs that know Knative's contract only: they listen on `PORT`.
    @Suite("Programs in other languages")
    struct LanguageTests {
        static let nodePlaces: [String] = ["/usr/bin/node", "/usr/local/bin/node"]
        static let node = nodePlaces.first { access($0, X_OK) == 0 }

        static func spec(_ command: [String]) -> RevisionSpec {
            TestFunction.spec {
                $0.command = command
                $0.socketMode = .port
                $0.idleWindow = .milliseconds(50)
                $0.resourceLimits.memoryBytesMax = 512 << 20
            }
        }

        static let pythonServer = #"""
            import os
            from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
            ready = 0
            class Handler(BaseHTTPRequestHandler):
                protocol_version = "HTTP/1.1"
                def log_message(self, *arguments): pass
                def reply(self, status, body):
                    self.send_response(status)
                    self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)
                def do_GET(self):
                    global ready
                    if self.path == "/ready":
                        ready += 1
                        return self.reply(200 if ready > 3 else 503, b"")
                    self.reply(200, b"python %d" % ready)
                def do_POST(self):
                    self.reply(200, self.rfile.read(int(self.headers["Content-Length"])))
            ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
            """#

        static let nodeServer = #"""
            require("http").createServer((request, response) => {
                if (request.method === "POST") return request.pipe(response);
                response.end("node");
            }).listen(process.env.PORT, "127.0.0.1");
            """#

        /// A start, bodies both ways, many at once, and back to zero; twice.
        static func serve(_ spec: RevisionSpec, greeting: String) async throws {
            try await Stage.with([spec]) { stage in
                for _ in 0..<2 {
                    let text = try await stage.request("/").text
                    #expect(text.hasPrefix(greeting))
                    try await withThrowingTaskGroup(of: Void.self) { group in
                        for index in 0..<20 {
                            group.addTask {
                                let body = Array(
                                    repeating: UInt8(65 + index),
                                    count: 10_000 * index
                                )
                                let answer = try await stage.request(
                                    "/",
                                    method: .post,
                                    body: body + [1]
                                )
                                #expect(answer.body == body + [1])
                            }
                        }
                        try await group.waitForAll()
                    }
                    #expect(
                        await stage.activator.waitUntilIdle(
                            service: "probe",
                            deadline: .seconds(60)
                        )
                    )
                }
                #expect(try await stage.status.crashesTotal == 0)
            }
        }

        @Test("a server of Python's library")
        func python() async throws {
            // Its queue of connections holds no more than five.
            let spec = Self.spec([TestFunction.python, "-c", Self.pythonServer])
            try await Self.serve(spec, greeting: "python")
        }

        @Test("a server of Node", .enabled(if: node != nil))
        func nodeServes() async throws {
            let node = try #require(Self.node)
            try await Self.serve(Self.spec([node, "-e", Self.nodeServer]), greeting: "node")
        }

        @Test("requests come only after the readiness probe has passed")
        func readiness() async throws {
            var spec = Self.spec([TestFunction.python, "-c", Self.pythonServer])
            spec.readinessProbe = .init(path: "/ready")
            try await Stage.with([spec]) { stage in
                let answer = try await stage.request("/")
                // A try that a slow machine lets time out is counted by the server as well.
                let tries = Int(answer.text.split(separator: " ").last ?? "") ?? 0
                #expect(tries >= 4, "\(answer.status) \(answer.text) with \(answer.fields)")
                #expect(answer.fields["x-swiftlet-cold-start"] == "true")
            }
        }

        @Test("a request that finds an instance ready is no cold start, though it is the first")
        func startedBefore() async throws {
            var spec = Self.spec([TestFunction.python, "-c", Self.pythonServer])
            spec.scale = RevisionSpec.ScaleBounds(min: 1, initial: 1)
            try await Stage.with([spec]) { stage in
                await stage.activator.start()
                while try await stage.status.instances.first?.state != .ready {
                    await stage.clientLoop.wait(for: .milliseconds(1))
                }
                let answer = try await stage.request("/")
                #expect(answer.status == .ok)
                #expect(!answer.fields.contains("x-swiftlet-cold-start"))
                #expect(try await stage.status.lastColdStartMilliseconds == nil)
            }
        }

        @Test("a program that is never ready is told apart from one that never listens")
        func neverReady() async throws {
            // A program that starts in no time, compared with the time that it has.
            var spec = Self.spec(TestFunction.command("port"))
            spec.readinessProbe = .init(path: "/status/503")
            let configuration = configured {
                $0.startTimeout = .seconds(3)
                $0.startFailuresMax = 1
            }
            try await Stage.with([spec], configuration) { stage in
                let answer = try await stage.request("/")
                #expect(answer.status == .serviceUnavailable)
                #expect(
                    answer.text.contains(
                        "did not answer its readinessProbe, GET /status/503, with 200 to 399 within"
                    )
                )
            }
        }

        @Test(
            "a status line is read as it comes",
            arguments: [
                ("HTTP/1.1 200 OK\r\n", 200), ("HTTP/1.0 503 No", 503), ("HTTP/1.1 2", nil),
                ("SSH-2.0-Open", 0), ("HTTP/1.1 abc", 0), ("", nil),
            ] as [(String, Int?)]
        )
        func statusLine(_ text: String, _ status: Int?) {
            #expect(ReadinessRequest.status(in: Array(text.utf8)) == status)
        }

        @Test("a paused instance takes no time, and answers again without a start")
        func paused() async throws {
            let spec = TestFunction.spec {
                $0.idleWindow = .milliseconds(20)
                $0.pausesWhenIdle = true
            }
            try await Stage.with([spec]) { stage in
                let pid = try await stage.processID()
                for _ in 0..<3 {
                    try await stage.waitFor { $0.instances.first?.state == .paused }
                    // The kernel stops its threads one by one.
                    while Self.state(of: pid) != "T" {
                        try Task.checkCancellation()
                        await stage.clientLoop.wait(for: .milliseconds(1))
                    }
                    #expect(try await stage.processID() == pid)
                }
                #expect(try await stage.status.startedTotal == 1)
                try await stage.waitFor { $0.instances.first?.state == .paused }
            }
        }

        /// The letter of proc(5) for what a process does.
        static func state(of pid: Int32) -> String {
            guard let file = fopen("/proc/\(pid)/stat", "r") else { return "" }
            defer { fclose(file) }
            var line = [CChar](repeating: 0, count: 512)
            guard fgets(&line, Int32(line.count), file) != nil else { return "" }
            let text = String(decoding: line.prefix { $0 != 0 }.map(UInt8.init), as: UTF8.self)
            return String(text.split(separator: ")").last?.split(separator: " ").first ?? "")
        }
    }
}

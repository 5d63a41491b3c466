// SPDX-License-Identifier: Apache-2.0

import EventLoop
import Glibc
import HTTP
import Testing

@testable import Activator

extension ProcessTests {
    @Suite("Proxy")
    struct ProxyTests {
        static let one = [TestFunction.spec()]

        @Test("the function sees the request as it was, and who sent it")
        func requestHead() async throws {
            try await Stage.with(Self.one) { stage in
                let seen = try await stage.request(
                    "/raw",
                    [
                        "Host": "probe.test.example:81", "User-Agent": "test", "X-Custom": "a",
                        "x-custom": "b", "Connection": "keep-alive, x-secret", "X-Secret": "hop",
                        "Keep-Alive": "timeout=5", "TE": "trailers", "Upgrade": "x",
                        "Knative-Serving-Namespace": "test",
                        "Knative-Serving-Revision": "probe-00001", "Cookie": "é",
                        "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
                    ]
                ).text
                #expect(
                    seen
                        == [
                            "GET /raw HTTP/1.1", "Host: probe.test.example:81", "User-Agent: test",
                            "X-Custom: a", "x-custom: b", "Cookie: é",
                            "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
                            "X-Forwarded-For: 127.0.0.1",
                            "X-Forwarded-Host: probe.test.example:81", "X-Forwarded-Proto: http",
                            #"Forwarded: for=127.0.0.1;host="probe.test.example:81";proto=http"#,
                            "Via: 1.1 swiftlet", "", "",
                        ].joined(separator: "\r\n")
                )
            }
        }

        @Test(
            "the answer passes without what belongs to the connection",
            arguments: [
                200, 201, 204, 304, 404, 500,
            ]
        )
        func responseHead(_ status: Int) async throws {
            try await Stage.with(Self.one) { stage in
                let answer = try await stage.request("/status/\(status)")
                #expect(answer.status.rawValue == status)
                #expect(answer.text == ([204, 304].contains(status) ? "" : "status"))
                for name in ["x-hop", "keep-alive", "connection"] {
                    #expect(!answer.fields.contains(name), "\(name)")
                }
            }
        }

        @Test("connections to the function are used again")
        func keepAlive() async throws {
            try await Stage.with(Self.one) { stage in
                for _ in 0..<5 {
                    let number = try await stage.request("/connection").text
                    #expect(number == "1")
                }
                // An answer that ends with its connection does not spoil the next request.
                #expect(try await stage.request("/close").text == "until the end")
                #expect(try await stage.request("/connection").text == "2")
            }
        }

        @Test("a connection that lay idle for too long is not used again")
        func idleConnections() async throws {
            try await Stage.with(Self.one, configured { $0.upstreamIdleTimeout = .zero }) { stage in
                #expect(try await stage.request("/connection").text == "1")
                // It is closed in the turn of the loop that follows; the status is asked in a later
                // one.
                _ = try await stage.status
                await stage.serverLoop.wait(for: .zero)
                #expect(try await stage.request("/connection").text == "2")
            }
        }

        @Test("many requests on one connection of a client, sent ahead of the answers")
        func pipelined() async throws {
            try await Stage.with(Self.one) { stage in
                let connection = try await stage.connect()
                for index in 0..<20 {
                    try await connection.send(.post, "/echo", body: Array("body \(index)".utf8))
                }
                for index in 0..<20 {
                    #expect(try await connection.receive().text == "body \(index)")
                }
                await connection.close()
            }
        }

        @Test("HEAD has the length of GET and no body", arguments: ["/head", "/trailers"])
        func head(_ target: String) async throws {
            try await Stage.with(Self.one) { stage in
                let connection = try await stage.connect()
                if target == "/trailers" {
                    // This function sends a body where none belongs: it is not taken for one.
                    try await connection.send(.head, target)
                    let answer = try await connection.receive(to: .head)
                    #expect(answer.body.isEmpty)
                    #expect(answer.fields["transfer-encoding"] == "chunked")
                } else {
                    for _ in 0..<2 {
                        try await connection.send(.head, target)
                        let answer = try await connection.receive(to: .head)
                        #expect(answer.fields["content-length"] == "1234" && answer.body.isEmpty)
                    }
                }
                try await connection.send(.get, "/hello")
                #expect(try await connection.receive().text == "hello")
                await connection.close()
            }
        }

        @Test("interim answers pass before the final one, to whoever knows them")
        func interim() async throws {
            try await Stage.with(Self.one) { stage in
                let connection = try await stage.connect()
                try await connection.send(.get, "/interim")
                let text = await connection.readText(until: "final")
                let heads = text.split(separator: "\r\n\r\n")
                try #require(heads.count == 4, "\(text)")
                #expect(heads[0] == "HTTP/1.1 100 Continue")
                #expect(heads[1].hasPrefix("HTTP/1.1 103 "))
                #expect(heads[1].hasSuffix("\r\nLink: </a>"))
                #expect(heads[2].hasPrefix("HTTP/1.1 200 OK") && heads[3] == "final")
                // The connection goes on as if nothing had been.
                try await connection.send(.get, "/hello")
                #expect(try await connection.receive().text == "hello")
                await connection.write(Array("GET /interim HTTP/1.0\r\nHost: x\r\n\r\n".utf8))
                let old = await connection.readText(until: "final")
                #expect(old.hasPrefix("HTTP/1.1 200 OK"))
                await connection.close()
            }
        }

        @Test("trailers of an answer pass")
        func trailers() async throws {
            try await Stage.with(Self.one) { stage in
                let answer = try await stage.request("/trailers")
                #expect(answer.text == "hello" && answer.trailers["x-sum"] == "42")
            }
        }

        @Test("chunks and trailers of a request pass")
        func chunkedRequest() async throws {
            try await Stage.with(Self.one) { stage in
                let connection = try await stage.connect()
                let head =
                    "POST /echo HTTP/1.1\r\nHost: probe.test\r\nTransfer-Encoding: chunked\r\n\r\n"
                await connection.write(Array(head.utf8))
                for part in ["5\r\nhel", "lo\r\n", "6\r\n world\r\n0\r\nx-sum: 7\r\n", "\r\n"] {
                    await connection.write(Array(part.utf8))
                }
                let answer = try await connection.receive()
                #expect(answer.text == "hello world")
                #expect(answer.fields["x-trailers"] == "x-sum: 7")
                await connection.close()
            }
        }

        @Test("a client that waits for 100 is told to go on")
        func expectContinue() async throws {
            try await Stage.with(Self.one) { stage in
                let connection = try await stage.connect()
                try await connection.send(
                    .post,
                    "/echo",
                    ["Expect": "100-continue", "Content-Length": "4"]
                )
                let interim = try #require(await connection.read())
                #expect(String(decoding: interim, as: UTF8.self) == "HTTP/1.1 100 Continue\r\n\r\n")
                await connection.write(Array("body".utf8))
                #expect(try await connection.receive().text == "body")
                await connection.close()
            }
        }

        @Test("a body of many megabytes streams through in both directions, in little memory")
        func streaming() async throws {
            try await Stage.with(Self.one) { stage in
                _ = try await stage.request("/hello")
                let (blockBytes, blockCount) = (256 * 1024, 200)
                let before = residentBytes()
                let connection = try await stage.connect()
                async let sent: Void = {
                    let head =
                        "POST /stream HTTP/1.1\r\nHost: x\r\nContent-Length: "
                        + "\(blockBytes * blockCount)\r\n\r\n"
                    await connection.write(Array(head.utf8))
                    let block = [UInt8](repeating: 7, count: blockBytes)
                    for _ in 0..<blockCount { await connection.write(block) }
                }()
                var answer = try await connection.receiveHead()
                var received = 0
                var most = 0
                while let chunk = try await answer.next() {
                    received += chunk.count
                    most = max(most, residentBytes())
                }
                await sent
                #expect(received == blockBytes * blockCount)
                #expect(
                    isSanitized || most - before < 24 * 1024 * 1024,
                    "\((most - before) / 1024) KiB more"
                )
                await connection.close()
            }
        }

        @Test("a slow reader holds the function back, not in memory")
        func slowReader() async throws {
            try await Stage.with(Self.one) { stage in
                _ = try await stage.request("/hello")
                let before = residentBytes()
                let connection = try await stage.connect()
                try await connection.send(.get, "/big/200000000")
                var answer = try await connection.receiveHead()
                // Nothing is read for as long as other requests take.
                for _ in 0..<50 { #expect(try await stage.request("/hello").text == "hello") }
                #expect(isSanitized || residentBytes() - before < 24 * 1024 * 1024)
                var received = 0
                while received < 20_000_000, let chunk = try await answer.next() {
                    received += chunk.count
                }
                #expect(isSanitized || residentBytes() - before < 24 * 1024 * 1024)
                await connection.close()
                try await stage.waitFor { $0.inFlightCount == 0 }
            }
        }

        @Test(
            "an answer before the end of the request's body is passed, and the connection given up"
        )
        func earlyAnswer() async throws {
            try await Stage.with(Self.one) { stage in
                let connection = try await stage.connect()
                try await connection.send(.post, "/early", ["Content-Length": "1000000"])
                let answer = try await connection.receive()
                #expect(answer.status == .contentTooLarge && answer.text == "too much")
                await connection.close()
                #expect(try await stage.request("/hello").text == "hello")
                try await stage.waitFor { $0.inFlightCount == 0 }
            }
        }

        @Test("a client that ends within its body leaves the queue, also where nobody reads it")
        func abandonedUpload() async throws {
            let spec = TestFunction.spec {
                $0.containerConcurrency = 1
                $0.scale.max = 1
            }
            try await Stage.with([spec]) { stage in
                let gate = Gate()
                async let running = stage.request(gate.target)
                try await stage.waitFor { $0.inFlightCount == 1 }
                // The second one sends more than is read ahead.
                for sentCount in [1, 80_000] {
                    let leaving = try await stage.connect()
                    let head = "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n"
                    await leaving.write(Array(head.utf8))
                    try await stage.waitFor { $0.queuedCount == 1 }
                    await leaving.write([UInt8](repeating: 7, count: sentCount))
                    await leaving.shutdownWrite()
                    try await stage.waitFor { $0.queuedCount == 0 }
                    await leaving.close()
                }
                gate.open()
                #expect(try await running.text == "through")
                #expect(try await stage.request("/count").text == "2")
            }
        }

        @Test("hosts that are no function's get 404 with those that are")
        func unrouted() async throws {
            let specs = [TestFunction.spec("alpha"), TestFunction.spec("beta")]
            try await Stage.with(specs) { stage in
                let answer = try await stage.request("/hello", ["Host": "localhost"])
                #expect(answer.status == .notFound)
                #expect(answer.text.contains("alpha.test.localhost, beta.test.localhost"))
                let alpha = try await stage.request("/hello", ["Host": "alpha.test.localhost:1"])
                #expect(alpha.text == "hello")
                let absolute = try await stage.request(
                    "http://beta.test.localhost/raw",
                    ["Host": "ignored"]
                )
                #expect(
                    absolute.text.hasPrefix("GET /raw HTTP/1.1\r\nHost: beta.test.localhost\r\n")
                )
                let named = try await stage.request(
                    "/hello",
                    [
                        "Host": "anything", "Knative-Serving-Namespace": "test",
                        "Knative-Serving-Revision": "beta-00001",
                    ]
                )
                #expect(named.text == "hello")
                #expect(await stage.activator.status().map(\.requestsTotal) == [1, 2])
            }
        }

        @Test("CONNECT is refused, and starts nothing")
        func connect() async throws {
            try await Stage.with(Self.one) { stage in
                let connection = try await stage.connect()
                try await connection.send(.connect, "example.com:443")
                #expect(try await connection.receive().status == .notImplemented)
                await connection.close()
                #expect(await stage.activator.status().map(\.requestsTotal) == [0])
            }
        }

        @Test("probes are answered without a function")
        func probes() async throws {
            try await Stage.with(Self.one) { stage in
                let activator = try await stage.request("/", ["K-Network-Probe": "activator"])
                #expect(activator.status == .ok && activator.text == "activator")
                let kubelet = try await stage.request("/", ["User-Agent": "kube-probe/1.30"])
                #expect(kubelet.status == .ok)
                let status = try await stage.status
                #expect(status.startedTotal == 0 && status.requestsTotal == 0)
            }
        }

        @Test("a client of HTTP/1.0 without a host reaches the only function")
        func oldClient() async throws {
            try await Stage.with(Self.one) { stage in
                let connection = try await stage.connect()
                await connection.write(Array("GET /raw HTTP/1.0\r\n\r\n".utf8))
                let answer = try await connection.receive()
                #expect(answer.text.hasPrefix("GET /raw HTTP/1.1\r\nHost: probe.test\r\n"))
                await connection.close()
            }
        }

        private func residentBytes() -> Int {
            let fd = open("/proc/self/statm", O_RDONLY)
            defer { close(fd) }
            var text = [UInt8](repeating: 0, count: 128)
            let count = read(fd, &text, text.count)
            let words = String(decoding: text[0..<max(0, count)], as: UTF8.self).split(
                separator: " "
            )
            return words.count > 1 ? (Int(words[1]) ?? 0) * 4096 : 0
        }
    }
}

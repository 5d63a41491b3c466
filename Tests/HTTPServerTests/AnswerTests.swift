// SPDX-License-Identifier: Apache-2.0

import EventLoop
import HTTP
import HTTPServer
import TestSupport
import Testing

@Suite("Server: answers (RFC 9112 sections 6 and 9)", .timeLimit(.minutes(10)))
struct AnswerTests {
    /// Answers by the path.
    static let handler = ClosureHandler { exchange in
        switch exchange.request.path {
        case "/empty": exchange.respond(.ok)
        case "/no-content": exchange.respond(.noContent, body: Array("dropped".utf8))
        case "/not-modified": exchange.respond(.notModified, ["ETag": "\"1\""])
        case "/chunked":
            exchange.start(HTTPResponseHead(status: .ok), bodyLength: nil)
            exchange.write(Array("Hello, ".utf8))
            exchange.write([])
            exchange.write(Array("world".utf8))
            exchange.end(trailers: ["X-Sum": "1"])
        case "/counted":
            exchange.start(HTTPResponseHead(status: .created), bodyLength: 4)
            exchange.write(Array("ab".utf8))
            exchange.write(Array("cd".utf8))
            exchange.end()
        case "/length-only":
            exchange.respond(.ok, ["Content-Length": "1234"])
        case "/framing":
            exchange.respond(
                .ok,
                [
                    "Content-Length": "99", "Transfer-Encoding": "gzip", "connection": "upgrade",
                    "Keep-Alive": "timeout=5", "Date": "never", "X": "1", "x": "2",
                ],
                body: Array("ok".utf8)
            )
        default:
            let text = "\(exchange.request.method) \(exchange.request.target)"
            exchange.respond(.ok, ["Content-Type": "text/plain"], body: Array(text.utf8))
        }
    }

    @Test("keeps the connection: one request after the other, without a Connection field")
    func keepAlive() async throws {
        try await withServer(Self.handler) { test in
            try await TestThread.run {
                let client = try test.client()
                for number in 0..<5 {
                    let response = try client.get("/\(number)?q")
                    #expect(response.statusLine == "HTTP/1.1 200 OK")
                    #expect(response.text == "GET /\(number)?q")
                    #expect(response.values("connection") == [])
                    #expect(response.values("content-type") == ["text/plain"])
                    #expect(response.values("content-length") == ["8"])
                    #expect(response.values("date").first?.hasSuffix(" GMT") == true)
                    #expect(response.values("server") == [])
                }
            }
        }
    }

    @Test(
        "ends the connection when told to, or when HTTP/1.0 says nothing",
        arguments: [
            ("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "close"),
            ("GET / HTTP/1.1\r\nHost: a\r\nConnection: x, CLOSE\r\n\r\n", "close"),
            ("GET / HTTP/1.0\r\n\r\n", "close"),
            ("GET / HTTP/1.0\r\nConnection: close\r\n\r\n", "close"),
        ]
    )
    func closes(_ request: String, _ connection: String) async throws {
        try await withServer(Self.handler) { test in
            try await TestThread.run {
                let client = try test.client()
                let response = try client.exchange(request)
                #expect(response.text == "GET /")
                #expect(response.values("connection") == [connection])
                #expect(try client.isEnded())
            }
        }
    }

    @Test("HTTP/1.0 keeps the connection when asked, and gets no chunks")
    func version10() async throws {
        try await withServer(Self.handler) { test in
            try await TestThread.run {
                let client = try test.client()
                let keep = "HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
                for _ in 0..<2 {
                    let response = try client.exchange("GET / \(keep)")
                    #expect(response.values("connection") == ["keep-alive"])
                    #expect(response.text == "GET /")
                }
                let response = try client.exchange("GET /chunked \(keep)")
                #expect(response.values("transfer-encoding") == [])
                #expect(response.values("content-length") == [])
                #expect(response.values("connection") == ["close"])
                #expect(response.text == "Hello, world")
            }
        }
    }

    @Test("chunks with trailers, exact lengths, and answers without a body")
    func framings() async throws {
        try await withServer(Self.handler) { test in
            try await TestThread.run {
                let client = try test.client()
                let chunked = try client.get("/chunked")
                #expect(chunked.values("transfer-encoding") == ["chunked"])
                #expect(chunked.values("content-length") == [])
                #expect(chunked.text == "Hello, world")
                #expect(chunked.trailers == ["X-Sum: 1"])

                let counted = try client.get("/counted")
                #expect(counted.statusLine == "HTTP/1.1 201 Created")
                #expect(counted.values("content-length") == ["4"])
                #expect(counted.text == "abcd")

                #expect(try client.get("/empty").values("content-length") == ["0"])

                let noContent = try client.get("/no-content")
                #expect(noContent.status == 204)
                #expect(noContent.values("content-length") == [])
                #expect(noContent.values("transfer-encoding") == [])

                let notModified = try client.get("/not-modified")
                #expect(notModified.status == 304)
                #expect(notModified.values("etag") == ["\"1\""])
                #expect(try client.get("/last").text == "GET /last")
            }
        }
    }

    @Test("HEAD has the fields of a GET and no body", arguments: ["1.0", "1.1"])
    func head(_ version: String) async throws {
        try await withServer(Self.handler) { test in
            try await TestThread.run {
                let end = " HTTP/\(version)\r\nHost: a\r\nConnection: keep-alive\r\n\r\n"
                let client = try test.client()
                let counted = try client.exchange("HEAD /counted" + end)
                #expect(counted.status == 201)
                #expect(counted.values("content-length") == ["4"])
                #expect(
                    try client.exchange("HEAD /length-only" + end).values("content-length") == [
                        "1234"
                    ]
                )
                #expect(try client.exchange("HEAD /empty" + end).values("content-length") == ["0"])
                #expect(try client.exchange("GET /next" + end).text == "GET /next")
                let chunked = try client.exchange("HEAD /chunked" + end)
                let isOld = version == "1.0"
                #expect(chunked.values("transfer-encoding") == (isOld ? [] : ["chunked"]))
                if isOld {
                    #expect(try client.isEnded())
                } else {
                    #expect(try client.get("/next").text == "GET /next")
                }
            }
        }
    }

    @Test("what a handler says of framing is replaced, the rest kept in order")
    func replacesFraming() async throws {
        try await withServer(Self.handler, configuration: .with { $0.serverName = "swiftlet" }) {
            test in
            try await TestThread.run {
                let response = try test.client().get("/framing")
                #expect(response.text == "ok")
                #expect(response.values("content-length") == ["2"])
                #expect(response.values("transfer-encoding") == [])
                #expect(response.values("connection") == [])
                #expect(response.values("keep-alive") == [])
                // When the answer was made a handler may know better.
                #expect(response.values("date") == ["never"])
                #expect(response.values("x") == ["1", "2"])
                #expect(response.values("server") == ["swiftlet"])
            }
        }
    }

    @Test("async handlers answer whole, in parts, and from another executor")
    func asyncHandlers() async throws {
        let handler = AsyncHTTPHandler { exchange in
            #expect(exchange.loop.isCurrent)
            switch exchange.request.path {
            case "/parts":
                await exchange.sendStart(HTTPResponseHead(status: .ok), bodyLength: nil)
                for _ in 0..<3 { try await exchange.send(Array("part ".utf8)) }
                await exchange.sendEnd(trailers: ["X": "y"])
            case "/elsewhere":
                try await Task.detached {
                    #expect(!exchange.loop.isCurrent)
                    await exchange.sendStart(HTTPResponseHead(status: .ok), bodyLength: 2)
                    try await exchange.send(Array("ok".utf8))
                    await exchange.sendEnd()
                }.value
            default:
                await exchange.loop.wait(for: .milliseconds(1))
                #expect(exchange.loop.isCurrent)
                await exchange.sendResponse(.ok, body: Array("whole".utf8))
            }
        }
        try await withServer(handler) { test in
            try await TestThread.run {
                let client = try test.client()
                #expect(try client.get("/").text == "whole")
                let parts = try client.get("/parts")
                #expect(parts.text == "part part part ")
                #expect(parts.trailers == ["X: y"])
                #expect(try client.get("/elsewhere").text == "ok")
                #expect(try client.exchange("HEAD /parts HTTP/1.1\r\nHost: a\r\n\r\n").body == [])
                #expect(try client.get("/").text == "whole")
            }
        }
    }

    @Test("an exchange knows its request and its peer")
    func knows() async throws {
        let peers = Recorder<SocketAddress>()
        let handler = ClosureHandler { exchange in
            peers.append(exchange.peer)
            #expect(exchange.loop.isCurrent)
            #expect(exchange.receivedAt <= .now())
            #expect(exchange.request.fields["x-a"] == "b")
            #expect(!exchange.isStarted && !exchange.isOver)
            exchange.respond(.ok)
            #expect(exchange.isStarted && exchange.isOver)
            // Nothing of this reaches the wire.
            exchange.respond(.notFound)
            exchange.start(HTTPResponseHead(status: .notFound), bodyLength: nil)
            #expect(!exchange.write([1]))
            exchange.end()
            exchange.abort()
            exchange.fail(with: HTTPBodyError.tooLarge)
        }
        try await withServer(handler) { test in
            try await TestThread.run {
                let client = try test.client()
                for _ in 0..<2 {
                    let request = "GET / HTTP/1.1\r\nHost: a\r\nX-A: b\r\n\r\n"
                    #expect(try client.exchange(request).status == 200)
                }
                let own = try Socket.localAddress(of: client.fd)
                #expect(peers.values == [own, own])
            }
        }
    }

    @Test("heads of 1xx come before the answer, and not to HTTP/1.0")
    func informational() async throws {
        let handler = ClosureHandler { exchange in
            let hints = HTTPResponseHead(status: 103, fields: ["Link": "</a.css>; rel=preload"])
            exchange.sendInformational(hints)
            exchange.sendInformational(HTTPResponseHead(status: .continue))
            exchange.respond(.ok)
        }
        try await withServer(handler) { test in
            try await TestThread.run {
                let client = try test.client()
                try client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                let hints = try client.readHead()
                #expect(hints.status == 103)
                #expect(hints.lines == ["Link: </a.css>; rel=preload"])
                #expect(try client.readHead().lines == [])
                #expect(try client.readResponse().status == 200)
                #expect(try test.client().exchange("GET / HTTP/1.0\r\n\r\n").status == 200)
            }
        }
    }

    @Test("a large answer arrives whole, to a slow reader as well")
    func large() async throws {
        let block = (0..<60_000).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 7) }
        let body = Array(repeatElement(block, count: 40).joined())
        let handler = ClosureHandler { $0.respond(.ok, body: body) }
        try await withServer(handler, sendBuffer: 16 * 1024) { test in
            try await TestThread.run {
                let client = try test.client(receiveBuffer: 16 * 1024)
                for _ in 0..<2 { #expect(try client.get().body == body) }
            }
        }
    }

    @Test("works on a socket of the file system")
    func unixSocket() async throws {
        let address = SocketAddress.unix(path: uniqueSocketPath("http"))
        try await withServer(Self.handler, on: address) { test in
            try await TestThread.run {
                let client = try test.client()
                #expect(try client.get("/a").text == "GET /a")
                #expect(try client.get("/b").text == "GET /b")
            }
        }
        unlinkPath(address.host)
    }
}

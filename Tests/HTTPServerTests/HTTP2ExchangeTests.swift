// SPDX-License-Identifier: Apache-2.0

import EventLoop
import HTTP
import HTTPServer
import TestSupport
import Testing

@Suite("Server: HTTP/2 exchanges (RFC 9113 section 8)", .timeLimit(.minutes(10)))
struct HTTP2ExchangeTests {
    /// Echoes, in callback form, and shows what it was asked.
    static let handler = AsyncHTTPHandler { exchange in
        let head = exchange.request
        switch head.path {
        case "/echo":
            let body = try await exchange.collectBody(upTo: 1 << 24)
            await exchange.sendResponse(.ok, ["X-Framing": "\(exchange.framing)"], body: body)
        case "/date": await exchange.sendResponse(.ok, ["Date": "never"])
        case "/stream":
            await exchange.sendStart(HTTPResponseHead(status: .ok), bodyLength: nil)
            while let chunk = try await exchange.nextBodyChunk() { try await exchange.send(chunk) }
            await exchange.sendEnd(trailers: ["Grpc-Status": "0", "connection": "x"])
        case "/trailers-only":
            await exchange.sendResponse(.ok, ["grpc-status": "12"])
        case "/hints":
            await exchange.loop.run {
                let hints = HTTPResponseHead(status: 103, fields: ["Link": "</a>; rel=preload"])
                exchange.sendInformational(hints)
            }
            await exchange.sendResponse(.noContent, body: [1])
        case "/empty": await exchange.sendResponse(.ok)
        default:
            let text = "\(head.method) \(head.target) \(head.version)\n\(head.fields)"
            await exchange.sendResponse(
                .ok,
                ["X-Y": " z ", "Upgrade": "a"],
                body: Array(text.utf8)
            )
        }
    }

    @Test("a request as HTTP/1.1 would have it, and an answer in lower case")
    func plain() async throws {
        try await withServer(Self.handler, configuration: .with { $0.serverName = "s" }) { test in
            try await TestThread.run {
                let client = try test.http2Client()
                let lines = [
                    ("cookie", "a=1"), ("x", "1"), ("cookie", "b=2"), ("te", "trailers"),
                    ("host", "TEST"), ("cookie", "c=3"),
                ]
                try client.send(HTTP2Client.headers(1, HTTP2Client.get + lines))
                let answer = try client.answer(1)
                #expect(
                    answer.text
                        == "GET / http2\nhost: test\nx: 1\nte: trailers\ncookie: a=1; b=2; c=3\n"
                )
                #expect(answer.status == "200" && answer.values("x-y") == ["z"])
                #expect(answer.values("content-length") == ["\(answer.body.count)"])
                #expect(answer.values("date").first?.hasSuffix(" GMT") == true)
                #expect(answer.values("server") == ["s"] && answer.values("upgrade") == [])
                let dated = HTTP2Client.get.filter { $0.0 != ":path" } + [(":path", "/date")]
                try client.send(HTTP2Client.headers(3, dated))
                #expect(try client.answer(3).values("date") == ["never"])
            }
        }
    }

    @Test("bodies both ways, of known and unknown length, and trailers")
    func bodies() async throws {
        try await withServer(Self.handler) { test in
            try await TestThread.run {
                let client = try test.http2Client()
                let echo = [(":path", "/echo")] + HTTP2Client.post.filter { $0.0 != ":path" }
                try client.send(
                    HTTP2Client.headers(1, echo, ends: false),
                    HTTP2Client.data(1, Array("ab".utf8), ends: false),
                    HTTP2Client.data(1, Array("cd".utf8))
                )
                let answer = try client.answer(1)
                #expect(answer.text == "abcd" && answer.values("x-framing") == ["chunked"])
                try client.send(
                    HTTP2Client.headers(3, echo + [("content-length", "2")], ends: false),
                    HTTP2Client.data(3, Array("ab".utf8))
                )
                #expect(try client.answer(3).values("x-framing") == ["length(2)"])
                let stream = [(":path", "/stream")] + HTTP2Client.post.filter { $0.0 != ":path" }
                try client.send(
                    HTTP2Client.headers(5, stream, ends: false),
                    HTTP2Client.data(5, Array("ab".utf8), ends: false),
                    HTTP2Client.headers(5, [("x-sum", "1")])
                )
                let streamed = try client.answer(5)
                #expect(streamed.text == "ab" && streamed.trailers == ["grpc-status: 0"])
                #expect(streamed.values("content-length") == [])
            }
        }
    }

    @Test("what has no body ends with its head: HEAD, 204, and trailers alone")
    func bodiless() async throws {
        try await withServer(Self.handler) { test in
            try await TestThread.run {
                let client = try test.http2Client()
                let requests: [(UInt32, String, String)] = [
                    (1, "HEAD", "/"), (3, "GET", "/hints"), (5, "POST", "/trailers-only"),
                    (7, "HEAD", "/stream"), (9, "GET", "/empty"),
                ]
                for (stream, method, path) in requests {
                    let lines = [
                        (":method", method), (":scheme", "http"), (":path", path),
                        (":authority", "a"),
                    ]
                    try client.send(HTTP2Client.headers(stream, lines))
                    let last = try client.read { $0.stream == stream && $0.endsStream }
                    #expect(last.isKind(.headers), "\(path)")
                    #expect(client.answers[stream]?.body == [])
                }
                #expect(client.answers[1]?.values("content-length").first != "0")
                #expect(
                    client.answers[3]?.informational == [
                        [":status: 103", "link: </a>; rel=preload"]
                    ]
                )
                #expect(client.answers[3]?.status == "204")
                #expect(client.answers[5]?.values("grpc-status") == ["12"])
                #expect(client.answers[9]?.values("content-length") == ["0"])
            }
        }
    }

    @Test("100 comes when the handler reads, and only to who expects it")
    func expects() async throws {
        try await withServer(Self.handler) { test in
            try await TestThread.run {
                let client = try test.http2Client()
                let echo = [(":path", "/echo")] + HTTP2Client.post.filter { $0.0 != ":path" }
                let lines = echo + [("expect", "100-continue")]
                try client.send(HTTP2Client.headers(1, lines, ends: false))
                try client.read { $0.isKind(.headers) }
                #expect(client.answers[1]?.informational == [[":status: 100"]])
                try client.send(HTTP2Client.data(1, Array("hi".utf8)))
                #expect(try client.answer(1).text == "hi")
            }
        }
    }

    @Test("every split of the bytes of two requests gives the same answers")
    func splits() async throws {
        try await withServer(Self.handler) { test in
            try await TestThread.run {
                let stream = [(":path", "/stream")] + HTTP2Client.post.filter { $0.0 != ":path" }
                var bytes = HTTP2Client.headers(1, stream, ends: false).encoded
                bytes += HTTP2Client.data(1, Array("hello".utf8), ends: false).encoded
                bytes += HTTP2Client.headers(3, HTTP2Client.get).encoded
                bytes += HTTP2Client.headers(1, [("x", "y")]).encoded
                let settings = HTTP2Client.preface + HTTP2Frame(.settings).encoded
                for split in stride(from: 1, to: settings.count + bytes.count, by: 1) {
                    let all = settings + bytes
                    let raw = try test.client()
                    try raw.send(bytes: Array(all[..<split]))
                    let part = try HTTP2Client(continuing: raw, rest: Array(all[split...]))
                    let answers = (try part.answers(of: [1, 3]))
                    #expect(answers[1]?.text == "hello", "split \(split)")
                    #expect(answers[3]?.status == "200", "split \(split)")
                }
            }
        }
    }

    @Test("an upgrade of HTTP/1.1 answers 101, and then on stream 1", arguments: ["", "hello"])
    func upgrades(_ body: String) async throws {
        try await withServer(Self.handler) { test in
            try await TestThread.run {
                let raw = try test.client()
                try raw.send(
                    """
                    POST /echo?a HTTP/1.1\r\nHost: test\r\nConnection: Upgrade, HTTP2-Settings\r
                    Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r
                    Content-Length: \(body.utf8.count)\r\n\r\n\(body)
                    """
                )
                let head = try raw.readHead()
                #expect(head.status == 101 && head.values("upgrade") == ["h2c"])
                let client = try HTTP2Client(upgraded: raw)
                #expect(try client.answer(1).text == body)
                try client.send(HTTP2Client.headers(3, HTTP2Client.get))
                #expect(try client.answer(3).status == "200")
            }
        }
    }

    @Test(
        "what is no proper wish to upgrade is answered in HTTP/1.1",
        arguments: [
            "Connection: Upgrade\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n",
            "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2\r\nHTTP2-Settings: AAMAAABk\r\n",
            "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: A\u{2A}\r\n",
            "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMA\r\n",
            "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n",
        ]
    )
    func doesNotUpgrade(_ fields: String) async throws {
        try await withServer(Self.handler) { test in
            try await TestThread.run {
                let client = try test.client()
                let response = try client.exchange("GET / HTTP/1.1\r\nHost: a\r\n\(fields)\r\n")
                #expect(response.status == 200)
                #expect(try client.get().status == 200)
            }
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

import EventLoop
import HTTP
import HTTPServer
import TestSupport
import Testing

@Suite("Server: limits and refusals", .timeLimit(.minutes(10)))
struct LimitTests {
    @Test(
        "what cannot be understood gets one answer that says why, and the end",
        arguments: [
            ("BAD\r\n\r\n", 400, "request line"),
            ("GET / HTTP/1.1\r\n\r\n", 400, "Host"),
            ("GET / HTTP/1.1\nHost: a\n\n", 400, "CR LF"),
            ("GET / HTTP/1.1\r\nHost: a\r\nA: b\r\n c\r\n\r\n", 400, "folded"),
            ("GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505, "HTTP/1"),
            ("CONNECT a HTTP/1.1\r\nHost: a\r\n\r\n", 400, "target"),
            ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", 400, "chunked"),
            (
                "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501,
                "chunked"
            ),
            ("POST / HTTP/1.1\r\nHost: a\r\nExpect: x\r\n\r\n", 417, "100-continue"),
            (
                "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
                    + "Content-Length: 1\r\n\r\n", 400, "two ways"
            ),
            (
                "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n", 400,
                "Content-Length"
            ),
        ]
    )
    func refused(_ request: String, _ status: Int, _ word: String) async throws {
        let calls = Recorder<Int>()
        let handler = ClosureHandler { exchange in
            calls.append(0)
            exchange.respond(.ok)
        }
        try await withServer(handler) { test in
            try await TestThread.run {
                let client = try test.client()
                try client.send(request + "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                let response = try client.readResponse()
                #expect(response.status == status)
                #expect(response.text.contains(word), "\(response.text)")
                #expect(response.values("connection") == ["close"])
                #expect(try client.isEnded())
                #expect(calls.count == 0)
            }
        }
    }

    @Test("request lines and headers: at the limit, and one past")
    func heads() async throws {
        let configure = { (configuration: inout HTTPServerConfiguration) in
            configuration.limits.startLineBytesMax = 30
            configuration.limits.headerBytesMax = 50
            configuration.limits.headerCountMax = 3
        }
        let handler = ClosureHandler { $0.respond(.ok) }
        try await withServer(handler, configuration: .with(configure)) { test in
            try await TestThread.run { () throws in
                func status(target: Int, padding: Int, lines: Int) throws -> Int {
                    let client = try test.client()
                    let path = String(repeating: "a", count: target)
                    let more = (1..<lines).map { "X\($0):\r\n" }.joined()
                    let value = String(repeating: "b", count: padding)
                    try client.send("GET /\(path) HTTP/1.1\r\n\(more)Host: \(value)\r\n\r\n")
                    return try client.readResponse().status
                }
                #expect(try status(target: 14, padding: 1, lines: 1) == 200)
                #expect(try status(target: 15, padding: 1, lines: 1) == 414)
                #expect(try status(target: 1, padding: 40, lines: 1) == 200)
                #expect(try status(target: 1, padding: 41, lines: 1) == 431)
                #expect(try status(target: 1, padding: 1, lines: 3) == 200)
                #expect(try status(target: 1, padding: 1, lines: 4) == 431)
            }
        }
    }

    @Test("a head without end is refused before it ends", arguments: [414, 431])
    func endlessHead(_ status: Int) async throws {
        let handler = ClosureHandler { $0.respond(.ok) }
        try await withServer(handler) { test in
            try await TestThread.run {
                let client = try test.client()
                try client.send(status == 414 ? "GET /" : "GET / HTTP/1.1\r\nHost: a\r\nX: ")
                let block = [UInt8](repeating: 0x61, count: 8192)
                for _ in 0..<12 { try client.send(bytes: block) }
                #expect(try client.readResponse().status == status)
                #expect(try client.isEnded())
            }
        }
    }

    @Test("bodies by length: at the limit, and one past, which the handler never sees")
    func bodyByLength() async throws {
        let calls = Recorder<Int>()
        let handler = AsyncHTTPHandler { exchange in
            calls.append(0)
            let body = try await exchange.collectBody(upTo: 100)
            await exchange.sendResponse(.ok, body: body)
        }
        try await withServer(handler, configuration: .with { $0.bodyBytesMax = 10 }) { test in
            try await TestThread.run {
                let client = try test.client()
                let post = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: "
                #expect(try client.exchange(post + "10\r\n\r\n0123456789").text == "0123456789")
                let refused = try client.exchange(post + "11\r\n\r\n")
                #expect(refused.status == 413)
                #expect(refused.values("connection") == ["close"])
                try client.send("01234567890")
                #expect(try client.isEnded())
                #expect(calls.count == 1)
                // Nobody is told to send a body that is refused.
                let head = "HEAD / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
                let second = try test.client()
                let answer = try second.exchange(head + "Content-Length: 11\r\n\r\n")
                #expect(answer.status == 413)
                #expect(try second.isEnded())
            }
        }
    }

    @Test("chunked bodies: at the limit, and one past, of which the handler hears")
    func bodyByChunks() async throws {
        let outcomes = Recorder<String>()
        let reader = AsyncHTTPHandler { exchange in
            do {
                let body = try await exchange.collectBody(upTo: 100)
                await exchange.sendResponse(.ok, body: body)
            } catch {
                outcomes.append("\(error)")
                throw error
            }
        }
        let handler = ClosureHandler { exchange in
            exchange.onCancelled = { outcomes.append("cancelled") }
            reader.handle(exchange)
        }
        try await withServer(handler, configuration: .with { $0.bodyBytesMax = 10 }) { test in
            try await TestThread.run {
                let client = try test.client()
                let post = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                try client.send(post + "6\r\n012345\r\n4\r\n6789\r\n0\r\n\r\n")
                #expect(try client.readResponse().text == "0123456789")
                try client.send(post + "6\r\n012345\r\n")
                try client.send("5\r\n")
                #expect(try client.readResponse().status == 413)
                try client.send("67890\r\n0\r\n\r\n")
                #expect(try client.isEnded())
            }
        }
        #expect(outcomes.values.sorted() == ["cancelled", "tooLarge"])
    }

    @Test("a consumer that answers a broken body with words of its own does not answer twice")
    func answersOnce() async throws {
        let events = Recorder<String>()
        let handler = ClosureHandler { exchange in
            exchange.consumeBody { event in
                guard case .failed(let error) = event else { return }
                events.append("\(error)")
                exchange.respond(.badRequest, body: Array("mine".utf8))
            }
            exchange.onCancelled = {
                events.append("cancelled")
                exchange.respond(.badRequest, body: Array("mine".utf8))
                exchange.abort()
            }
        }
        try await withServer(handler) { test in
            try await TestThread.run {
                let client = try test.client()
                try client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
                try client.send("1\r\na\r\nbroken\r\n")
                let response = try client.readResponse()
                #expect(response.status == 400)
                #expect(response.text == "a chunk size is not a valid hexadecimal number\n")
                try client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                #expect(try client.isEnded())
            }
        }
        #expect(events.values == ["malformed(HTTP.HTTPParseError.chunkSizeInvalid)", "cancelled"])
    }

    @Test("a broken body after the answer began is a reset: the client must not trust the answer")
    func brokenMidAnswer() async throws {
        let outcome = Recorder<String>()
        let handler = AsyncHTTPHandler { exchange in
            await exchange.sendStart(HTTPResponseHead(status: .ok), bodyLength: nil)
            do { _ = try await exchange.collectBody(upTo: 10) } catch { outcome.append("\(error)") }
        }
        try await withServer(handler) { test in
            try await TestThread.run {
                let client = try test.client()
                try client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
                #expect(try client.readHead().status == 200)
                try client.send("x\r\n")
                #expect(client.isReset())
            }
        }
        #expect(outcome.values == ["malformed(HTTP.HTTPParseError.chunkSizeInvalid)"])
    }

    @Test("a refused client that goes on sending can still read why")
    func lingers() async throws {
        let handler = ClosureHandler { $0.respond(.ok) }
        try await withServer(handler, configuration: .with { $0.bodyBytesMax = 10 }) { test in
            try await TestThread.run {
                let client = try test.client()
                try client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10000000\r\n\r\n")
                let block = [UInt8](repeating: 0x61, count: 100_000)
                for _ in 0..<20 { try client.send(bytes: block) }
                #expect(try client.readResponse().status == 413)
                #expect(try client.isEnded())
            }
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

import EventLoop
import HTTP
import HTTPServer
import TestSupport
import Testing

@Suite("Server: request bodies (RFC 9112 sections 6 and 7)", .timeLimit(.minutes(10)))
struct RequestBodyTests {
    /// Answers with the body, or its trailers.
    static let echo = AsyncHTTPHandler { exchange in
        let body = try await exchange.collectBody(upTo: 1 << 20)
        await exchange.sendResponse(.ok, body: body)
    }

    static let posts: [(name: String, request: String, body: String)] = [
        ("length", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello", "hello"),
        ("length 0", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", ""),
        (
            "chunks",
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                + "5;x=y\r\nhello\r\n6\r\n world\r\n0\r\nT: r\r\n\r\n", "hello world"
        ),
        (
            "HTTP/1.0", "POST / HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\nx",
            "x"
        ),
        ("GET with body", "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi", "hi"),
    ]

    @Test("arrive whole, in any number of packets, and the connection goes on", arguments: posts)
    func arrive(_ name: String, _ request: String, _ body: String) async throws {
        try await withServer(Self.echo) { test in
            try await TestThread.run {
                let client = try test.client()
                #expect(try client.exchange(request).text == body)
                let bytes = Array(request.utf8)
                for cut in stride(from: 1, to: bytes.count, by: 3) {
                    try client.send(bytes: Array(bytes[..<cut]))
                    try client.send(bytes: Array(bytes[cut...]))
                    #expect(try client.readResponse().text == body, "cut at \(cut)")
                }
                for byte in bytes { try client.send(bytes: [byte]) }
                #expect(try client.readResponse().text == body)
            }
        }
    }

    @Test("callbacks get chunks, then one end with its trailers")
    func callbacks() async throws {
        let handler = ClosureHandler { exchange in
            var body: [UInt8] = []
            var endCount = 0
            exchange.consumeBody { event in
                #expect(exchange.loop.isCurrent)
                switch event {
                case .chunk(let bytes):
                    #expect(!bytes.isEmpty)
                    body += bytes
                case .end(let trailers):
                    endCount += 1
                    #expect(endCount == 1)
                    exchange.respond(.ok, ["X-T": trailers["t"] ?? "none"], body: body)
                case .failed(let error): Issue.record("\(error)")
                }
            }
        }
        try await withServer(handler) { test in
            try await TestThread.run {
                let client = try test.client()
                for (_, request, body) in Self.posts {
                    let response = try client.exchange(request)
                    #expect(response.text == body)
                    #expect(response.values("x-t") == [body == "hello world" ? "r" : "none"])
                }
            }
        }
    }

    @Test("a paused consumer hears nothing until it resumes, then everything in order")
    func pauses() async throws {
        let handler = ClosureHandler { exchange in
            var body: [UInt8] = []
            var isPaused = false
            exchange.consumeBody { event in
                #expect(!isPaused)
                switch event {
                case .chunk(let bytes):
                    body += bytes
                    isPaused = true
                    exchange.pauseBody()
                    exchange.loop.schedule(after: .milliseconds(1)) {
                        isPaused = false
                        exchange.resumeBody()
                    }
                case .end: exchange.respond(.ok, body: body)
                case .failed(let error): Issue.record("\(error)")
                }
            }
        }
        try await withServer(handler) { test in
            try await TestThread.run {
                let client = try test.client()
                let body = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 % 251) }
                for _ in 0..<2 {
                    try client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 300000\r\n\r\n")
                    try client.send(bytes: body)
                    #expect(try client.readResponse().body == body)
                }
            }
        }
    }

    @Test("a handler that does not read stops the client, and memory does not grow")
    func backPressure() async throws {
        let mustRead = Semaphore()
        let handler = AsyncHTTPHandler { exchange in
            #expect(await mustRead.arrives())
            var total = 0
            while let chunk = try await exchange.nextBodyChunk() { total += chunk.count }
            await exchange.sendResponse(.ok, body: Array("\(total)".utf8))
        }
        let configure = { (configuration: inout HTTPServerConfiguration) in
            configuration.bodyBytesMax = 64 << 20
        }
        try await withServer(handler, sendBuffer: 32 * 1024, configuration: .with(configure)) {
            test in
            try await TestThread.run {
                let client = try test.client()
                let total = 32 << 20
                try client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \(total)\r\n\r\n")
                client.setDeadline(milliseconds: 300)
                let block = [UInt8](repeating: 7, count: 256 * 1024)
                var sent = 0
                var isBlocked = false
                while sent < total, !isBlocked {
                    do {
                        sent += try client.sendSome(block[..<min(block.count, total - sent)])
                    } catch {
                        isBlocked = error as? RawClientError == .timedOut
                    }
                }
                // What both kernels' buffers hold, and twice what the server reads ahead.
                #expect(isBlocked)
                #expect(sent < 6 << 20, "\(sent) bytes were taken")
                client.setDeadline(seconds: RawClient.deadlineSeconds)
                mustRead.signal()
                while sent < total {
                    sent += try client.sendSome(block[..<min(block.count, total - sent)])
                }
                #expect(try client.readResponse().text == "\(total)")
            }
        }
    }

    @Test("a body that fills what is read ahead comes to its end, whatever its length")
    func fillsBuffer() async throws {
        let handler = AsyncHTTPHandler { exchange in
            await exchange.loop.wait(for: .zero)
            let body = try await exchange.collectBody(upTo: 100)
            await exchange.sendResponse(.ok, body: body)
        }
        try await withServer(handler, configuration: .with { $0.bodyBufferBytesMax = 10 }) { test in
            try await TestThread.run {
                let client = try test.client()
                for length in 1...31 {
                    let body = String(repeating: "b", count: length)
                    let head = "POST / HTTP/1.1\r\nHost: a\r\n"
                    let counted = "\(head)Content-Length: \(length)\r\n\r\n\(body)"
                    #expect(try client.exchange(counted).text == body)
                    let size = String(length, radix: 16)
                    let chunk = "\(head)Transfer-Encoding: chunked\r\n\r\n\(size)\r\n\(body)\r\n"
                    #expect(try client.exchange(chunk + "0\r\n\r\n").text == body)
                }
            }
        }
    }

    @Test("a handler may answer before it has read, and the next request is found")
    func unread() async throws {
        let handler = ClosureHandler { $0.respond(.ok, body: Array($0.request.path.utf8)) }
        try await withServer(handler) { test in
            try await TestThread.run {
                let client = try test.client()
                for length in [1, 5000, 256 * 1024] {
                    try client.send(
                        "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: \(length)\r\n\r\n"
                    )
                    #expect(try client.readResponse().text == "/a")
                    try client.send(bytes: Array(repeating: 0x47, count: length))
                    #expect(try client.get("/b").text == "/b")
                }
                for (_, request, _) in Self.posts {
                    try client.send(request + "GET /c HTTP/1.1\r\nHost: a\r\n\r\n")
                    #expect(try client.readResponse().text == "/")
                    #expect(try client.readResponse().text == "/c")
                }
            }
        }
    }

    @Test("but not when too much would have to be thrown away for it")
    func tooMuchUnread() async throws {
        let handler = ClosureHandler { $0.respond(.ok, body: Array($0.request.path.utf8)) }
        let configure = { (configuration: inout HTTPServerConfiguration) in
            configuration.discardBytesMax = 1000
        }
        try await withServer(handler, configuration: .with(configure)) { test in
            try await TestThread.run {
                let post = "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: "
                let next = "GET /b HTTP/1.1\r\nHost: a\r\n\r\n"
                let client = try test.client()
                let atLimit = String(repeating: "x", count: 1000)
                // Only what is still to come is thrown away: the head goes alone.
                try client.send(post + "1000\r\n\r\n")
                #expect(try client.readResponse().text == "/a")
                try client.send(atLimit + next)
                #expect(try client.readResponse().text == "/b")
                try client.send(post + "1001\r\n\r\n")
                let last = try client.readResponse()
                #expect(last.text == "/a" && last.values("connection") == ["close"])
                try client.send(atLimit + "x" + next)
                #expect(try client.isEnded())
            }
        }
    }

    @Test("what is wrong with a body that nobody reads is no second answer")
    func malformedUnread() async throws {
        let handler = ClosureHandler { $0.respond(.ok) }
        try await withServer(handler) { test in
            try await TestThread.run {
                let client = try test.client()
                try client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
                #expect(try client.readResponse().status == 200)
                try client.send("oops\r\n")
                #expect(try client.isEnded())
            }
        }
    }

    @Test("reading on after the answer is an error, not a wait without end")
    func readAfterAnswer() async throws {
        let outcomes = Recorder<String>()
        let isDone = Semaphore()
        let handler = AsyncHTTPHandler { exchange in
            defer { isDone.signal() }
            await exchange.sendResponse(.accepted)
            do {
                while let chunk = try await exchange.nextBodyChunk() {
                    outcomes.append(String(decoding: chunk, as: UTF8.self))
                }
                outcomes.append("end")
            } catch {
                outcomes.append("\(error)")
            }
        }
        try await withServer(handler) { test in
            try await TestThread.run {
                let client = try test.client()
                // A body that is there already can be read still.
                let whole = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi"
                #expect(try client.exchange(whole).status == 202)
                #expect(isDone.wait())
                #expect(outcomes.take() == ["hi", "end"])
                // The rest of another one is not.
                try client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nhi")
                #expect(try client.readResponse().status == 202)
                #expect(isDone.wait())
                #expect(outcomes.take() == ["hi", "connectionClosed"])
                try client.send("ho")
                #expect(try client.get().status == 202)
            }
        }
    }

    @Test("a task that waits for the body hears when another one ends the answer")
    func answeredMeanwhile() async throws {
        let outcomes = Recorder<String>()
        let isDone = Semaphore()
        let handler = AsyncHTTPHandler { exchange in
            async let body = exchange.collectBody(upTo: 100)
            await exchange.loop.wait(for: .milliseconds(1))
            await exchange.sendResponse(.ok)
            do { outcomes.append("\(try await body.count)") } catch { outcomes.append("\(error)") }
            isDone.signal()
        }
        try await withServer(handler) { test in
            try await TestThread.run {
                let client = try test.client()
                try client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n")
                #expect(try client.readResponse().status == 200)
                #expect(isDone.wait())
                #expect(outcomes.values == ["connectionClosed"])
                try client.send("1234")
                try client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n")
                #expect(try client.readResponse().status == 200)
            }
        }
    }

    @Test("collectBody keeps its limit: at it, and one past", arguments: ["length", "chunks"])
    func collectLimit(_ framing: String) async throws {
        let handler = AsyncHTTPHandler { exchange in
            let body = try await exchange.collectBody(upTo: 10)
            await exchange.sendResponse(.ok, body: body)
        }
        try await withServer(handler) { test in
            try await TestThread.run {
                let client = try test.client()
                for (body, status) in [("0123456789", 200), ("0123456789a", 413), ("x", 200)] {
                    let head = "POST / HTTP/1.1\r\nHost: a\r\n"
                    let chunk = "\(String(body.utf8.count, radix: 16))\r\n\(body)\r\n0\r\n\r\n"
                    let request =
                        framing == "length"
                        ? "\(head)Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
                        : "\(head)Transfer-Encoding: chunked\r\n\r\n\(chunk)"
                    #expect(try client.exchange(request).status == status)
                }
            }
        }
    }
}

@Suite("Server: Expect: 100-continue (RFC 9110 section 10.1.1)", .timeLimit(.minutes(10)))
struct ExpectTests {
    static let head =
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n"

    @Test("a handler that reads lets the client send, once")
    func reads() async throws {
        try await withServer(RequestBodyTests.echo) { test in
            try await TestThread.run {
                let client = try test.client()
                for _ in 0..<2 {
                    try client.send(Self.head)
                    #expect(try client.readHead().statusLine == "HTTP/1.1 100 Continue")
                    try client.send("he")
                    try client.send("llo")
                    #expect(try client.readResponse().text == "hello")
                }
            }
        }
    }

    @Test(
        "a handler that answers at once does not, and the connection ends",
        arguments: [false, true]
    )
    func refuses(_ isAsync: Bool) async throws {
        let answer = AsyncHTTPHandler { await $0.sendResponse(.forbidden) }
        let direct = ClosureHandler { $0.respond(.forbidden) }
        let handler: any HTTPHandler = isAsync ? answer : direct
        try await withServer(handler) { test in
            try await TestThread.run {
                let client = try test.client()
                let response = try client.exchange(Self.head)
                #expect(response.status == 403)
                #expect(response.values("connection") == ["close"])
                // Whether or not it sends the body anyway.
                try client.send("helloGET / HTTP/1.1\r\nHost: a\r\n\r\n")
                #expect(try client.isEnded())
            }
        }
    }

    @Test("an answer that begins with success lets the client send before it")
    func accepted() async throws {
        let handler = AsyncHTTPHandler { exchange in
            await exchange.sendStart(HTTPResponseHead(status: .ok), bodyLength: nil)
            try await exchange.send(try await exchange.collectBody(upTo: 10))
            await exchange.sendEnd()
        }
        try await withServer(handler) { test in
            try await TestThread.run {
                let client = try test.client()
                for _ in 0..<2 {
                    try client.send(Self.head)
                    #expect(try client.readHead().statusLine == "HTTP/1.1 100 Continue")
                    try client.send("hello")
                    let response = try client.readResponse()
                    #expect(response.status == 200 && response.text == "hello")
                    #expect(response.values("connection") == [])
                }
                let second = try test.http2Client()
                let lines = HTTP2Client.post + [("expect", "100-continue")]
                try second.send(HTTP2Client.headers(1, lines, ends: false))
                try second.read { $0.isKind(.headers) }
                try second.send(HTTP2Client.data(1, Array("hello".utf8)))
                let answer = try second.answer(1)
                #expect(answer.informational.count == 1 && answer.text == "hello")
            }
        }
    }

    @Test("an answer that was begun is not interrupted by a late 100")
    func late() async throws {
        let handler = AsyncHTTPHandler { exchange in
            await exchange.sendStart(HTTPResponseHead(status: .badRequest), bodyLength: nil)
            try await exchange.send(Array("begun ".utf8))
            let body = try await exchange.collectBody(upTo: 10)
            try await exchange.send(body)
            await exchange.sendEnd()
        }
        try await withServer(handler) { test in
            try await TestThread.run {
                let client = try test.client()
                try client.send(Self.head)
                let begin = try client.readHead()
                #expect(begin.status == 400)
                #expect(
                    String(decoding: try client.read(count: 11), as: UTF8.self) == "6\r\nbegun \r\n"
                )
                try client.send("hello")
                #expect(try client.readToEnd() == "5\r\nhello\r\n0\r\n\r\n")
            }
        }
    }

    @Test("a body that came unasked is no reason to end the connection")
    func unasked() async throws {
        let mustAnswer = Semaphore()
        let handler = AsyncHTTPHandler { exchange in
            #expect(await mustAnswer.arrives())
            await exchange.sendResponse(.ok)
        }
        try await withServer(handler) { test in
            try await TestThread.run {
                let client = try test.client()
                for _ in 0..<2 {
                    try client.send(Self.head + "hello")
                    mustAnswer.signal()
                    let response = try client.readResponse()
                    #expect(response.status == 200)
                    #expect(response.values("connection") == [])
                }
            }
        }
    }

    @Test("no expectation, HTTP/1.0 and requests without a body get no 100")
    func others() async throws {
        try await withServer(RequestBodyTests.echo) { test in
            try await TestThread.run {
                let client = try test.client()
                for (request, body) in [
                    ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nExpect:\r\n\r\na", "a"),
                    ("GET / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n", ""),
                    ("POST / HTTP/1.0\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\nb", "b"),
                ] {
                    let response = try client.exchange(request)
                    #expect(response.status == 200)
                    #expect(response.text == body)
                }
            }
        }
    }
}

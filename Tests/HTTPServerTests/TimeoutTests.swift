// SPDX-License-Identifier: Apache-2.0

import EventLoop
import HTTP
import HTTPServer
import TestSupport
import Testing

@Suite("Server: timeouts", .timeLimit(.minutes(10)))
struct TimeoutTests {
    static let short = Duration.milliseconds(60)

    @Test("a connection that says nothing is closed in silence", arguments: [false, true])
    func idle(_ hasAsked: Bool) async throws {
        let handler = ClosureHandler { $0.respond(.ok) }
        let time = hasAsked ? Duration.milliseconds(400) : Self.short
        try await withServer(handler, configuration: .with { $0.keepAliveTimeout = time }) { test in
            try await TestThread.run {
                let client = try test.client()
                if hasAsked { #expect(try client.get().status == 200) }
                #expect(try client.isEnded())
            }
        }
    }

    @Test(
        "a head that does not end is answered with 408",
        arguments: ["G", "GET / HTTP/1.1\r\nHo"]
    )
    func head(_ part: String) async throws {
        let handler = ClosureHandler { $0.respond(.ok) }
        try await withServer(handler, configuration: .with { $0.headerTimeout = Self.short }) {
            test in
            try await TestThread.run {
                let client = try test.client()
                #expect(try client.get().status == 200)
                try client.send(part)
                let response = try client.readResponse()
                #expect(response.status == 408)
                #expect(response.values("connection") == ["close"])
                #expect(try client.isEnded())
            }
        }
    }

    @Test(
        "what can be no request is refused at once",
        arguments: [
            ("\u{0}", 400), ("\u{0}\u{0}\u{0}\u{0}", 400), ("\u{16}\u{3}\u{1}", 400), (" GET", 400),
            ("GE\u{0}", 400), ("GET /\r\n", 400), ("GET / HTTP/5.6\r\n", 505),
            ("GET / HTTP/1.1\r\nHost a\r\n", 400), ("GET / HTTP/1.1\r\n Host: a\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: a\r\nX: \u{0}\r\n", 400),
        ]
    )
    func noise(_ noise: String, _ status: Int) async throws {
        let handler = ClosureHandler { $0.respond(.ok) }
        let configuration = HTTPServerConfiguration.with { $0.headerTimeout = .seconds(86_400) }
        try await withServer(handler, configuration: configuration) { test in
            try await TestThread.run {
                let client = try test.client()
                try client.send(noise)
                #expect(try client.readResponse().status == status)
            }
        }
    }

    @Test("a trickle of head bytes does not buy time")
    func trickle() async throws {
        let handler = ClosureHandler { $0.respond(.ok) }
        try await withServer(
            handler,
            configuration: .with { $0.headerTimeout = .milliseconds(200) }
        ) {
            test in
            try await TestThread.run {
                let client = try test.client()
                client.setDeadline(milliseconds: 10)
                try client.send("GET / HTTP/1.1\r\nX: ")
                var answer: RawResponse?
                for _ in 0..<2000 where answer == nil {
                    try client.send("x")
                    do { answer = try client.readResponse() } catch RawClientError.timedOut {}
                }
                #expect(answer?.status == 408)
            }
        }
    }

    @Test("a body that somebody waits for is answered with 408, and the handler hears of it")
    func body() async throws {
        let outcomes = Recorder<String>()
        let told = Semaphore()
        let handler = AsyncHTTPHandler { exchange in
            do { _ = try await exchange.collectBody(upTo: 100) } catch {
                outcomes.append("\(error)")
                told.signal()
                throw error
            }
        }
        try await withServer(handler, configuration: .with { $0.bodyTimeout = Self.short }) {
            test in
            try await TestThread.run {
                for part in ["", "1234"] {
                    let client = try test.client()
                    try client.send(
                        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n" + part
                    )
                    #expect(try client.readResponse().status == 408)
                    #expect(try client.isEnded())
                    #expect(told.wait())
                }
                #expect(outcomes.values == ["timedOut", "timedOut"])
            }
        }
    }

    @Test("after the answer began, such a body is a reset")
    func bodyMidAnswer() async throws {
        let handler = AsyncHTTPHandler { exchange in
            await exchange.sendStart(HTTPResponseHead(status: .ok), bodyLength: nil)
            _ = try await exchange.collectBody(upTo: 100)
        }
        try await withServer(handler, configuration: .with { $0.bodyTimeout = Self.short }) {
            test in
            try await TestThread.run {
                let client = try test.client()
                try client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n")
                #expect(try client.readHead().status == 200)
                #expect(client.isReset())
            }
        }
    }

    @Test("no client is blamed while it is the handler that does not read")
    func slowHandler() async throws {
        let handler = AsyncHTTPHandler { exchange in
            await exchange.loop.wait(for: .milliseconds(150))
            let first = try await exchange.nextBodyChunk() ?? []
            await exchange.loop.wait(for: .milliseconds(150))
            let rest = try await exchange.collectBody(upTo: 100)
            await exchange.sendResponse(.ok, body: first + rest)
        }
        try await withServer(handler, configuration: .with { $0.bodyTimeout = .milliseconds(100) })
        { test in
            try await TestThread.run {
                let client = try test.client()
                let post = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n"
                #expect(try client.exchange(post + "hello").text == "hello")
                try client.send(post + "hel")
                client.setDeadline(milliseconds: 200)
                #expect(throws: RawClientError.timedOut) { try client.readResponse() }
                client.setDeadline(seconds: RawClient.deadlineSeconds)
                try client.send("lo")
                #expect(try client.readResponse().text == "hello")
            }
        }
    }

    @Test("nor while it was not told to send")
    func unaskedBody() async throws {
        let handler = AsyncHTTPHandler { exchange in
            await exchange.loop.wait(for: .milliseconds(150))
            let body = try await exchange.collectBody(upTo: 100)
            await exchange.sendResponse(.ok, body: body)
        }
        try await withServer(handler, configuration: .with { $0.bodyTimeout = .milliseconds(100) })
        { test in
            try await TestThread.run {
                let client = try test.client()
                try client.send(ExpectTests.head)
                #expect(try client.readHead().status == 100)
                try client.send("hello")
                #expect(try client.readResponse().text == "hello")
            }
        }
    }

    @Test(
        "a reader that takes nothing is reset, whoever goes on writing",
        arguments: [false, true]
    )
    func write(_ writesOn: Bool) async throws {
        let cancelled = Semaphore()
        let handler = ClosureHandler { exchange in
            exchange.onCancelled = { cancelled.signal() }
            exchange.start(HTTPResponseHead(status: .ok), bodyLength: nil)
            let block = [UInt8](repeating: 0x61, count: 1 << 20)
            for _ in 0..<4 { exchange.write(block) }
            func trickle() {
                guard writesOn, !exchange.isOver else { return }
                exchange.write([0x61])
                exchange.loop.schedule(after: .milliseconds(5)) { trickle() }
            }
            trickle()
        }
        let configure = { (configuration: inout HTTPServerConfiguration) in
            configuration.writeTimeout = .milliseconds(150)
        }
        try await withServer(handler, sendBuffer: 16 * 1024, configuration: .with(configure)) {
            test in
            try await TestThread.run {
                let client = try test.client(receiveBuffer: 16 * 1024)
                try client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                #expect(cancelled.wait())
                #expect(client.isReset())
            }
        }
    }

    @Test("a whole answer that nobody reads is reset too, though no exchange is left")
    func writeAfterEnd() async throws {
        let isAnswered = Semaphore()
        let handler = ClosureHandler { exchange in
            exchange.respond(.ok, body: [UInt8](repeating: 0x61, count: 4 << 20))
            isAnswered.signal()
        }
        let configure = { (configuration: inout HTTPServerConfiguration) in
            configuration.writeTimeout = .milliseconds(500)
            configuration.keepAliveTimeout = .milliseconds(300)
        }
        try await withServer(handler, sendBuffer: 16 * 1024, configuration: .with(configure)) {
            test in
            try await TestThread.run {
                let client = try test.client(receiveBuffer: 16 * 1024)
                try client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                #expect(isAnswered.wait())
                // Without reading: the kernel tells of a reset by itself.
                #expect(hangsUp(client.fd))
                #expect(client.isReset())
            }
        }
    }

    @Test("a body that ends while output is blocked does not lift the write timeout")
    func bodyEndsWhileBlocked() async throws {
        let cancelled = Semaphore()
        let handler = ClosureHandler { exchange in
            exchange.onCancelled = { cancelled.signal() }
            exchange.start(HTTPResponseHead(status: .ok), bodyLength: nil)
            exchange.write([UInt8](repeating: 0x61, count: 4 << 20))
            exchange.consumeBody { _ in }
        }
        let configure = { (configuration: inout HTTPServerConfiguration) in
            configuration.writeTimeout = .milliseconds(100)
        }
        try await withServer(handler, sendBuffer: 16 * 1024, configuration: .with(configure)) {
            test in
            try await TestThread.run {
                let client = try test.client(receiveBuffer: 16 * 1024)
                try client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhel")
                try client.send("lo")
                #expect(cancelled.wait())
                #expect(client.isReset())
            }
        }
    }

    @Test("a slow but steady reader is not reset, however short the idle time")
    func steadyReader() async throws {
        let body = [UInt8](repeating: 0x61, count: 1 << 20)
        let handler = ClosureHandler { $0.respond(.ok, body: body) }
        let configure = { (configuration: inout HTTPServerConfiguration) in
            configuration.keepAliveTimeout = .milliseconds(400)
        }
        try await withServer(handler, sendBuffer: 16 * 1024, configuration: .with(configure)) {
            test in
            let client = try await TestThread.run {
                let client = try test.client(receiveBuffer: 16 * 1024)
                try client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                #expect(try client.readHead().status == 200)
                return client
            }
            var count = 0
            while count < body.count {
                let part = min(128 * 1024, body.count - count)
                count += try await TestThread.run { try client.read(count: part).count }
                await test.loop.wait(for: .milliseconds(80))
            }
            #expect(count == body.count)
            let isEnded = try await TestThread.run { try client.isEnded() }
            #expect(isEnded)
        }
    }

    @Test("a client that keeps a finished connection open is closed on")
    func linger() async throws {
        let handler = ClosureHandler { $0.respond(.ok) }
        try await withServer(handler, configuration: .with { $0.lingerTimeout = Self.short }) {
            test in
            try await TestThread.run {
                let client = try test.client()
                try client.send("GET / HTTP/1.0\r\n\r\n")
                #expect(try client.readToEnd().hasPrefix("HTTP/1.1 200"))
                #expect(hangsUp(client.fd, bySending: true))
            }
        }
    }

    @Test("a body that is being thrown away has its time too")
    func discarding() async throws {
        let handler = ClosureHandler { $0.respond(.ok) }
        try await withServer(handler, configuration: .with { $0.bodyTimeout = Self.short }) {
            test in
            try await TestThread.run {
                let client = try test.client()
                try client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhel")
                #expect(try client.readResponse().status == 200)
                #expect(try client.isEnded())
            }
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

import EventLoop
import HTTP
import HTTPServer
import TestSupport
import Testing

@Suite("Server: HTTP/2 under pressure, and its ends", .timeLimit(.minutes(10)))
struct HTTP2PressureTests {
    private static let handler = ClosureHandler { $0.respond(.ok) }
    private static let initialWindow: UInt16 = 4

    @Test("streams beyond the maximum are refused, the others served")
    func streamsMax() async throws {
        let (begun, cancelled) = (Semaphore(), Semaphore())
        try await withServer(
            ClosureHandler.waiting(begun, cancelled),
            configuration: .with { $0.http2.streamsMax = 2 }
        ) { test in
            try await TestThread.run {
                let client = try test.http2Client()
                for stream in [1, 3, 5] as [UInt32] {
                    try client.send(HTTP2Client.headers(stream, HTTP2Client.get))
                }
                #expect(try client.answer(5).reset == 7)
                #expect(begun.wait() && begun.wait())
                client.raw.reset()
                #expect(cancelled.wait() && cancelled.wait())
            }
        }
    }

    @Test("a client that takes its requests back may do so some times, and not once more")
    func rapidReset() async throws {
        let (begun, cancelled) = (Semaphore(), Semaphore())
        try await withServer(
            ClosureHandler.waiting(begun, cancelled),
            configuration: .with {
                $0.http2.resetsMax = 5
                $0.http2.resetsPerSecond = 1
            }
        ) { test in
            try await TestThread.run {
                let client = try test.http2Client()
                func takeBack(_ stream: UInt32) throws {
                    try client.send(
                        HTTP2Client.headers(stream, HTTP2Client.get),
                        HTTP2Frame(.reset, stream: stream, HTTP2Frame.bytes(8))
                    )
                }
                for number in 0..<5 { try takeBack(UInt32(number) * 2 + 1) }
                try client.send(HTTP2Frame(.ping, [0, 0, 0, 0, 0, 0, 0, 0]))
                try client.read { $0.isKind(.ping) }
                #expect(client.goAways.isEmpty)
                // As many as could have come back on a slow machine, and one.
                for number in 5..<300 { try? takeBack(UInt32(number) * 2 + 1) }
                #expect(try client.goAway() == 11)
                #expect(client.isEnded())
            }
        }
    }

    @Test(
        "malformed requests count as ended by the client, read one by one or all together",
        arguments: [1, 100]
    )
    func malformedFlood(_ together: Int) async throws {
        try await withServer(
            Self.handler,
            configuration: .with {
                $0.http2.resetsMax = 5
                $0.http2.resetsPerSecond = 1
            }
        ) { test in
            try await TestThread.run {
                let client = try test.http2Client()
                // The last that comes from this client is the flood, and not an acknowledgement.
                try client.send(HTTP2Frame(.ping, [0, 0, 0, 0, 0, 0, 0, 0]))
                try client.read { $0.isKind(.ping) }
                let lines = HTTP2Client.get + [("host", "other")]
                // Fewer than may be open at once, if all are read together.
                let frames = (0..<100).map {
                    HTTP2Client.headers(UInt32($0) * 2 + 1, lines).encoded
                }
                for start in stride(from: 0, to: frames.count, by: together) {
                    try? client.raw.send(bytes: Array(frames[start..<(start + together)].joined()))
                }
                #expect(try client.goAway() == 11)
                #expect(client.isEnded())
            }
        }
    }

    @Test("a header block in more and more parts ends the connection")
    func continuationFlood() async throws {
        try await withServer(Self.handler) { test in
            try await TestThread.run {
                let client = try test.http2Client()
                let lines = HTTP2Literals.encode(HTTP2Client.get)
                try client.send(HTTP2Frame(.headers, flags: 1, stream: 1, lines))
                for _ in 0..<10_000 {
                    guard (try? client.send(HTTP2Frame(.continuation, stream: 1, []))) != nil
                    else { break }
                }
                #expect(client.isEnded())
                #expect(try test.client().get().status == 200)
            }
        }
    }

    @Test("a client that sends PING and reads nothing is cut off")
    func pingFlood() async throws {
        let configuration = HTTPServerConfiguration.with { $0.writeTimeout = .milliseconds(200) }
        try await withServer(Self.handler, sendBuffer: 16 * 1024, configuration: configuration) {
            test in
            try await TestThread.run {
                let client = try test.http2Client(receiveBuffer: 16 * 1024)
                let ping = HTTP2Frame(.ping, [0, 0, 0, 0, 0, 0, 0, 0]).encoded
                let pings = Array(repeatElement(ping, count: 1000).joined())
                #expect(throws: RawClientError.reset) {
                    while true { try client.raw.send(bytes: pings) }
                }
            }
        }
    }

    @Test("a handler that does not read stops the client, one that reads lets it go on")
    func inputPressure() async throws {
        let mustRead = Semaphore()
        let handler = AsyncHTTPHandler { exchange in
            #expect(await mustRead.arrives())
            let body = try await exchange.collectBody(upTo: 1 << 20)
            await exchange.sendResponse(.ok, body: Array("\(body.count)".utf8))
        }
        try await withServer(handler) { test in
            try await TestThread.run {
                let client = try test.http2Client()
                try client.send(HTTP2Client.headers(1, HTTP2Client.post, ends: false))
                let block = [UInt8](repeating: 1, count: 13_107)
                for _ in 0..<5 { try client.send(HTTP2Client.data(1, block, ends: false)) }
                try client.send(HTTP2Frame(.ping, [0, 0, 0, 0, 0, 0, 0, 0]))
                var updates = 0
                try client.read { frame in
                    if frame.isKind(.windowUpdate), frame.stream == 1 { updates += 1 }
                    return frame.isKind(.ping)
                }
                #expect(updates == 0)
                mustRead.signal()
                var window = 0
                while window < block.count {
                    let update = try client.read { $0.isKind(.windowUpdate) && $0.stream == 1 }
                    window += Int(update.number())
                }
                try client.send(HTTP2Client.data(1, block))
                #expect(try client.answer(1).text == "\(6 * block.count)")
            }
        }
    }

    @Test("a client without a window stops the writer, and gets all when it opens it")
    func outputPressure() async throws {
        let sent = Recorder<Int>()
        let handler = AsyncHTTPHandler { exchange in
            await exchange.sendStart(HTTPResponseHead(status: .ok), bodyLength: nil)
            for number in 0..<100 {
                try await exchange.send([UInt8](repeating: UInt8(number), count: 10_000))
                sent.append(number)
            }
            await exchange.sendEnd()
        }
        try await withServer(handler) { test in
            let client = try await TestThread.run {
                let client = try test.http2Client(settings: [(Self.initialWindow, 0)])
                try client.send(HTTP2Client.headers(1, HTTP2Client.get))
                try client.read { $0.isKind(.headers) }
                return client
            }
            for _ in 0..<200 { await test.loop.run {} }
            #expect(sent.count < 10)
            try await TestThread.run {
                let open = HTTP2Frame.bytes(2_000_000)
                try client.send(
                    HTTP2Frame(.windowUpdate, open),
                    HTTP2Frame(.windowUpdate, stream: 1, open)
                )
                #expect(try client.answer(1).body.count == 1_000_000)
            }
            #expect(sent.count == 100)
        }
    }

    @Test("a stream whose window stays shut is reset in time, and others go on")
    func stalls() async throws {
        let cancelled = Semaphore()
        let handler = ClosureHandler { exchange in
            exchange.onCancelled = { cancelled.signal() }
            exchange.start(HTTPResponseHead(status: .ok), bodyLength: nil)
            if exchange.request.method == .head { return exchange.end() }
            exchange.write([1])
        }
        let configuration = HTTPServerConfiguration.with { $0.writeTimeout = .milliseconds(50) }
        try await withServer(handler, configuration: configuration) { test in
            try await TestThread.run {
                let client = try test.http2Client(settings: [(Self.initialWindow, 0)])
                try client.send(HTTP2Client.headers(1, HTTP2Client.get))
                #expect(try client.answer(1).reset == 8)
                #expect(cancelled.wait())
                let head = [(":method", "HEAD")] + HTTP2Client.get.dropFirst()
                try client.send(HTTP2Client.headers(3, head))
                #expect(try client.answer(3).status == "200")
            }
        }
    }

    @Test("a body that somebody waits for and that does not come is 408")
    func slowBody() async throws {
        let handler = AsyncHTTPHandler { exchange in
            await #expect(throws: HTTPBodyError.timedOut) {
                try await exchange.collectBody(upTo: 10)
            }
        }
        let configuration = HTTPServerConfiguration.with { $0.bodyTimeout = .milliseconds(50) }
        try await withServer(handler, configuration: configuration) { test in
            try await TestThread.run {
                let client = try test.http2Client()
                try client.send(HTTP2Client.headers(1, HTTP2Client.post, ends: false))
                #expect(try client.answer(1).status == "408")
            }
        }
    }

    @Test("a header block that is not completed in time ends the connection")
    func slowHeaders() async throws {
        let configuration = HTTPServerConfiguration.with { $0.headerTimeout = .milliseconds(50) }
        try await withServer(Self.handler, configuration: configuration) { test in
            try await TestThread.run {
                let client = try test.http2Client()
                let lines = HTTP2Literals.encode(HTTP2Client.get)
                try client.send(HTTP2Frame(.headers, flags: 1, stream: 1, lines))
                #expect(client.isEnded())
                let slow = try test.client()
                try slow.send("PRI * HTTP/2.0\r\n\r\nS")
                #expect(try slow.readToEnd().hasPrefix("HTTP/1.1 408 "))
            }
        }
    }

    @Test("a client that takes its request back cancels the handler")
    func cancels() async throws {
        let (begun, cancelled) = (Semaphore(), Semaphore())
        try await withServer(ClosureHandler.waiting(begun, cancelled)) { test in
            try await TestThread.run {
                let client = try test.http2Client()
                try client.send(HTTP2Client.headers(1, HTTP2Client.get))
                #expect(begun.wait())
                try client.send(HTTP2Frame(.reset, stream: 1, HTTP2Frame.bytes(8)))
                #expect(cancelled.wait())
            }
        }
    }

    @Test("a handler that aborts, lies or is in disorder resets its stream alone")
    func aborts() async throws {
        let handler = ClosureHandler { exchange in
            switch exchange.request.path {
            case "/abort": exchange.abort()
            case "/write": exchange.write([1])
            case "/short":
                exchange.start(HTTPResponseHead(status: .ok), bodyLength: 2)
                exchange.write([1])
                exchange.end()
            case "/invalid": exchange.respond(.ok, ["x": "a\r\nb: c"])
            default: exchange.respond(.ok)
            }
        }
        try await withServer(handler) { test in
            try await TestThread.run {
                let client = try test.http2Client()
                var stream: UInt32 = 1
                for (path, reset) in [("/abort", 2), ("/write", 2), ("/short", 2)] {
                    let lines = HTTP2Client.get.filter { $0.0 != ":path" } + [(":path", path)]
                    try client.send(HTTP2Client.headers(stream, lines))
                    #expect(try client.answer(stream).reset == UInt32(reset), "\(path)")
                    stream += 2
                }
                let lines = HTTP2Client.get.filter { $0.0 != ":path" } + [(":path", "/invalid")]
                try client.send(HTTP2Client.headers(stream, lines))
                #expect(try client.answer(stream).status == "500")
                try client.send(HTTP2Client.headers(stream + 2, HTTP2Client.get))
                #expect(try client.answer(stream + 2).status == "200")
            }
        }
    }

    @Test("an answer before the end of the request is whole, and asks for no more of it")
    func early() async throws {
        try await withServer(Self.handler) { test in
            try await TestThread.run {
                let client = try test.http2Client()
                try client.send(HTTP2Client.headers(1, HTTP2Client.post, ends: false))
                #expect(try client.answer(1).status == "200")
                try client.read { $0.isKind(.reset) }
                #expect(client.answers[1]?.reset == 0)
                try client.send(
                    HTTP2Client.data(1, [1, 2, 3]),
                    HTTP2Client.headers(3, HTTP2Client.get)
                )
                #expect(try client.answer(3).status == "200")
            }
        }
    }

    @Test("an idle connection is told, and ended")
    func idle() async throws {
        let configuration = HTTPServerConfiguration.with { $0.keepAliveTimeout = .milliseconds(50) }
        try await withServer(Self.handler, configuration: configuration) { test in
            try await TestThread.run {
                let client = try test.http2Client()
                try client.send(HTTP2Client.headers(1, HTTP2Client.get))
                #expect(try client.answer(1).status == "200")
                #expect(client.isEnded())
                #expect(client.goAways.map(\.last) == [0x7FFF_FFFF, 1])
                #expect(client.goAways.map(\.code) == [0, 0])
            }
        }
    }

    @Test("a drain is announced; what runs finishes; then the connection ends")
    func drains() async throws {
        let (begun, mustAnswer) = (Semaphore(), Semaphore())
        let handler = AsyncHTTPHandler { exchange in
            begun.signal()
            #expect(await mustAnswer.arrives())
            await exchange.sendResponse(.ok)
        }
        try await withServer(handler) { test in
            let client = try await TestThread.run {
                let client = try test.http2Client()
                try client.send(HTTP2Client.headers(1, HTTP2Client.get))
                #expect(begun.wait())
                return client
            }
            async let drained: Void = test.server.drain(deadline: .seconds(240))
            try await TestThread.run {
                #expect(try client.goAway() == 0)
                // What was on its way is still served.
                try client.send(HTTP2Client.headers(3, HTTP2Client.get))
                #expect(begun.wait())
                #expect(try client.goAway() == 0)
                mustAnswer.signal()
                mustAnswer.signal()
                #expect(try client.answers(of: [1, 3]).count == 2)
                #expect(client.isEnded())
                #expect(client.goAways.map(\.last) == [0x7FFF_FFFF, 3])
                client.raw.close()
            }
            await drained
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

import EventLoop
import HTTP
import HTTPServer
import TestSupport
import Testing

@Suite("Server: half-closed and vanished clients", .timeLimit(.minutes(10)))
struct VanishingClientTests {
    private static let get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"

    @Test("a client that has sent all still gets its answer, at once or late, small or large")
    func halfClose() async throws {
        for size in [5, 4 << 20] {
            let body = [UInt8](repeating: 0x61, count: size)
            let direct = ClosureHandler { $0.respond(.ok, body: body) }
            let late = AsyncHTTPHandler { exchange in
                await exchange.loop.wait(for: .milliseconds(5))
                await exchange.sendResponse(.ok, body: body)
            }
            for handler in [direct, late] as [any HTTPHandler] {
                try await withServer(handler, sendBuffer: 16 * 1024) { test in
                    try await TestThread.run {
                        let client = try test.client(receiveBuffer: 16 * 1024)
                        try client.send(Self.get)
                        client.shutdownWrite()
                        #expect(try client.readResponse().body.count == size)
                        #expect(try client.isEnded())
                    }
                }
            }
        }
    }

    @Test("where half-closed means gone, a FIN cancels what runs, and the connection ends")
    func halfCloseCancels() async throws {
        let begun = Semaphore()
        let cancelled = Semaphore()
        let handler = ClosureHandler { exchange in
            if exchange.request.path == "/at-once" { return exchange.respond(.ok) }
            exchange.onCancelled = { cancelled.signal() }
            begun.signal()
        }
        try await withServer(handler, configuration: .with { $0.halfClose = .cancel }) { test in
            try await TestThread.run {
                let client = try test.client()
                #expect(try client.get("/at-once").status == 200)
                try client.send(Self.get)
                #expect(begun.wait())
                client.shutdownWrite()
                #expect(cancelled.wait())
                #expect(try client.isEnded())
            }
        }
    }

    @Test("in HTTP/2, what is complete is answered, what is not is refused or reset")
    func halfCloseHTTP2() async throws {
        let handler = AsyncHTTPHandler { exchange in
            let body = try await exchange.collectBody(upTo: 100)
            await exchange.loop.wait(for: .milliseconds(5))
            await exchange.sendResponse(.ok, body: body)
        }
        try await withServer(handler) { test in
            try await TestThread.run {
                let client = try test.http2Client()
                let half = HTTP2Literals.encode(HTTP2Client.get)
                try client.send(
                    HTTP2Client.headers(1, HTTP2Client.get),
                    HTTP2Client.headers(3, HTTP2Client.post, ends: false),
                    HTTP2Client.data(3, [1], ends: false),
                    HTTP2Frame(.headers, flags: HTTP2Frame.endStream, stream: 5, half)
                )
                client.raw.shutdownWrite()
                #expect(client.isEnded())
                #expect(client.answers[1]?.status == "200")
                #expect(client.answers[3]?.status == "400")
                #expect(client.answers[5]?.reset == 8)
            }
        }
    }

    @Test("all pipelined requests are answered, also those that wait for an earlier answer")
    func halfClosePipelined() async throws {
        let late = AsyncHTTPHandler { exchange in
            await exchange.loop.wait(for: .zero)
            await exchange.sendResponse(.ok, body: Array(exchange.request.path.utf8))
        }
        let large = ClosureHandler {
            $0.respond(.ok, body: [UInt8](repeating: 0x61, count: 100_000))
        }
        for handler in [late, large] as [any HTTPHandler] {
            try await withServer(handler, sendBuffer: 16 * 1024) { test in
                try await TestThread.run {
                    let client = try test.client(receiveBuffer: 16 * 1024)
                    try client.send(String(repeating: Self.get, count: 20) + "GET / HT")
                    client.shutdownWrite()
                    for _ in 0..<20 { #expect(try client.readResponse().status == 200) }
                    #expect(try client.isEnded())
                }
            }
        }
    }

    @Test("an unfinished head ends in silence", arguments: ["", "GET / HT", "\r\n"])
    func halfHead(_ part: String) async throws {
        try await withServer(ClosureHandler { $0.respond(.ok) }) { test in
            try await TestThread.run {
                let client = try test.client()
                try client.send(part)
                client.shutdownWrite()
                #expect(try client.isEnded())
            }
        }
    }

    @Test("an unfinished body fails for the handler, whose answer is still heard")
    func halfBody() async throws {
        let errors = Recorder<String>()
        let waiting = AsyncHTTPHandler { exchange in
            do { _ = try await exchange.collectBody(upTo: 100) } catch {
                errors.append("\(error)")
                await exchange.sendResponse(.badRequest, body: Array("half".utf8))
            }
        }
        let consuming = ClosureHandler { exchange in
            exchange.consumeBody { event in
                guard case .failed(let error) = event else { return }
                errors.append("\(error)")
                exchange.respond(.badRequest, body: Array("half".utf8))
            }
        }
        let throwing = AsyncHTTPHandler { exchange in
            do { _ = try await exchange.collectBody(upTo: 100) } catch {
                errors.append("\(error)")
                throw error
            }
        }
        for handler in [waiting, consuming, throwing] as [any HTTPHandler] {
            try await withServer(handler) { test in
                try await TestThread.run {
                    let client = try test.client()
                    try client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhalf")
                    client.shutdownWrite()
                    let response = try client.readResponse()
                    #expect(response.status == 400)
                    #expect(response.values("connection") == ["close"])
                    #expect(try client.isEnded())
                }
            }
        }
        #expect(errors.values == ["connectionClosed", "connectionClosed", "connectionClosed"])
    }

    @Test("half a body that is thrown away ends the connection after its answer")
    func halfUnreadBody() async throws {
        try await withServer(ClosureHandler { $0.respond(.ok) }) { test in
            try await TestThread.run {
                let client = try test.client()
                try client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhalf")
                #expect(try client.readResponse().status == 200)
                client.shutdownWrite()
                #expect(try client.isEnded())
            }
        }
    }

    @Test("who vanishes cancels the handler, once, and nothing can be written then")
    func vanishes() async throws {
        let begun = Semaphore()
        let cancelled = Semaphore()
        let count = Recorder<Bool>()
        let handler = ClosureHandler { exchange in
            exchange.onCancelled = {
                exchange.respond(.ok)
                count.append(exchange.isOver && !exchange.write([1]))
                exchange.end()
                exchange.abort()
                cancelled.signal()
            }
            begun.signal()
        }
        try await withServer(handler) { test in
            try await TestThread.run {
                for _ in 0..<3 {
                    let client = try test.client()
                    try client.send(Self.get)
                    #expect(begun.wait())
                    client.reset()
                    #expect(cancelled.wait())
                }
            }
        }
        #expect(count.values == [true, true, true])
    }

    @Test("a half-closed client that vanishes later is noticed as well")
    func vanishesLater() async throws {
        let begun = Semaphore()
        let cancelled = Semaphore()
        let handler = ClosureHandler.waiting(begun, cancelled)
        try await withServer(handler) { test in
            try await TestThread.run {
                let client = try test.client()
                try client.send(Self.get)
                #expect(begun.wait())
                client.shutdownWrite()
                client.reset()
                #expect(cancelled.wait())
            }
        }
    }

    @Test("on a socket of the file system closing is vanishing")
    func vanishesLocally() async throws {
        let begun = Semaphore()
        let cancelled = Semaphore()
        let handler = ClosureHandler.waiting(begun, cancelled)
        let address = SocketAddress.unix(path: uniqueSocketPath("gone"))
        try await withServer(handler, on: address) { test in
            try await TestThread.run {
                let client = try test.client()
                try client.send(Self.get)
                #expect(begun.wait())
                client.close()
                #expect(cancelled.wait())
            }
        }
        unlinkPath(address.host)
    }

    @Test("those who wait to write, and those who wait to read, are told with an error")
    func waiters() async throws {
        let outcomes = Recorder<String>()
        let begun = Semaphore()
        let done = Semaphore()
        let writing = AsyncHTTPHandler { exchange in
            await exchange.sendStart(HTTPResponseHead(status: .ok), bodyLength: nil)
            begun.signal()
            do {
                for _ in 0..<1000 { try await exchange.send([UInt8](repeating: 1, count: 100_000)) }
                outcomes.append("written")
            } catch { outcomes.append("\(type(of: error))") }
            done.signal()
        }
        let reading = AsyncHTTPHandler { exchange in
            begun.signal()
            do {
                _ = try await exchange.collectBody(upTo: 100)
                outcomes.append("read")
            } catch { outcomes.append("\(error)") }
            done.signal()
        }
        for handler in [writing, reading] {
            try await withServer(handler, sendBuffer: 16 * 1024) { test in
                try await TestThread.run {
                    let client = try test.client(receiveBuffer: 16 * 1024)
                    try client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhalf")
                    #expect(begun.wait())
                    client.reset()
                    #expect(done.wait())
                }
            }
        }
        #expect(outcomes.values == ["CancellationError", "connectionClosed"])
    }

    @Test("a slow reader suspends send(_:), and gets everything in the end")
    func slowReader() async throws {
        let sent = Recorder<Int>()
        let handler = AsyncHTTPHandler { exchange in
            await exchange.sendStart(HTTPResponseHead(status: .ok), bodyLength: nil)
            for number in 0..<200 {
                try await exchange.send([UInt8](repeating: UInt8(number), count: 50_000))
                sent.append(number)
            }
            await exchange.sendEnd()
        }
        try await withServer(handler, sendBuffer: 16 * 1024) { test in
            let client = try await TestThread.run {
                let client = try test.client(receiveBuffer: 16 * 1024)
                try client.send(Self.get)
                #expect(try client.readHead().status == 200)
                return client
            }
            for _ in 0..<200 { await test.loop.run {} }
            #expect(sent.count < 50, "\(sent.count) of 200 writes came back")
            let rest = try await TestThread.run { try client.read(count: 200 * 50_008) }
            #expect(sent.count >= 190)
            #expect(rest.count == 200 * 50_008)
        }
    }

    @Test("callbacks: false means wait, onWritable comes once for it and never else")
    func writable() async throws {
        let calls = Recorder<String>()
        let handler = ClosureHandler { exchange in
            exchange.start(HTTPResponseHead(status: .ok), bodyLength: nil)
            var left = 100
            var isWaiting = false
            func pump() {
                while left > 0 {
                    left -= 1
                    guard exchange.write([UInt8](repeating: 2, count: 300_000)) else {
                        isWaiting = true
                        return
                    }
                }
                calls.append("end")
                exchange.end()
            }
            exchange.onWritable = {
                if !isWaiting { calls.append("unasked") }
                isWaiting = false
                pump()
            }
            pump()
        }
        try await withServer(handler) { test in
            try await TestThread.run {
                let client = try test.client()
                #expect(try client.exchange(Self.get).body.count == 30_000_000)
            }
        }
        #expect(calls.values == ["end"])
    }
}

// SPDX-License-Identifier: Apache-2.0

import EventLoop
import HTTP
import HTTPServer
import TestSupport
import Testing

@Suite("Server: drain", .timeLimit(.minutes(10)))
struct DrainTests {
    private static let get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
    private static let never = Duration.seconds(60)

    /// A listener's place that nobody else gets when it is closed, as might happen to a port.
    private static func ownAddress() -> SocketAddress {
        .unix(path: uniqueSocketPath("drain"))
    }

    /// Comes back when the listener is closed.
    private static func drainBegins(_ test: TestServer) async {
        await withCheckedContinuation { continuation in
            TestThread.start {
                while (try? test.client()) != nil {}
                continuation.resume()
            }
        }
    }

    @Test("closes idle connections and the listener at once, then is done")
    func idle() async throws {
        let address = Self.ownAddress()
        defer { unlinkPath(address.host) }
        try await withServer(ClosureHandler { $0.respond(.ok) }, on: address) { test in
            let clients = try await TestThread.run {
                let clients = try (0..<3).map { _ in try test.client() }
                for client in clients { #expect(try client.get().status == 200) }
                return clients
            }
            await test.server.drain(deadline: Self.never)
            try await TestThread.run { () throws in
                for client in clients { #expect(try client.isEnded()) }
                #expect(throws: RawClientError.self) { try test.client() }
            }
        }
    }

    @Test("without a connection it is done at once, and once more")
    func nothing() async throws {
        try await withServer(ClosureHandler { $0.respond(.ok) }) { test in
            await test.server.drain(deadline: Self.never)
            await test.server.drain(deadline: .zero)
        }
    }

    @Test("what runs finishes, and says that it was the last")
    func running() async throws {
        let address = Self.ownAddress()
        defer { unlinkPath(address.host) }
        let begun = Semaphore()
        let mustAnswer = Semaphore()
        let handler = AsyncHTTPHandler { exchange in
            begun.signal()
            #expect(await mustAnswer.arrives())
            await exchange.sendResponse(.ok, body: Array("done".utf8))
        }
        try await withServer(handler, on: address) { test in
            let client = try await TestThread.run {
                let client = try test.client()
                try client.send(Self.get)
                #expect(begun.wait())
                return client
            }
            async let first: Void = test.server.drain(deadline: Self.never)
            async let second: Void = test.server.drain(deadline: Self.never)
            await Self.drainBegins(test)
            mustAnswer.signal()
            try await TestThread.run {
                let response = try client.readResponse()
                #expect(response.text == "done")
                #expect(response.values("connection") == ["close"])
                #expect(try client.isEnded())
                client.close()
            }
            _ = await (first, second)
        }
    }

    @Test("an answer that began before is completed, and the connection ends after it")
    func begunBefore() async throws {
        let begun = Semaphore()
        let mustEnd = Semaphore()
        let handler = AsyncHTTPHandler { exchange in
            await exchange.sendStart(HTTPResponseHead(status: .ok), bodyLength: nil)
            begun.signal()
            #expect(await mustEnd.arrives())
            try await exchange.send(Array("done".utf8))
            await exchange.sendEnd()
        }
        // Also with a body that is being thrown away, and sent on meanwhile.
        for request in [Self.get, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\na"] {
            let address = Self.ownAddress()
            defer { unlinkPath(address.host) }
            try await withServer(handler, on: address) { test in
                let client = try await TestThread.run {
                    let client = try test.client()
                    try client.send(request)
                    #expect(begun.wait())
                    return client
                }
                async let drained: Void = test.server.drain(deadline: Self.never)
                await Self.drainBegins(test)
                mustEnd.signal()
                try await TestThread.run {
                    let response = try client.readResponse()
                    #expect(response.text == "done")
                    if request.hasPrefix("POST") { try client.send("bc") }
                    #expect(try client.isEnded())
                }
                await drained
            }
        }
    }

    @Test("a large answer that is on its way arrives whole")
    func onItsWay() async throws {
        let address = Self.ownAddress()
        defer { unlinkPath(address.host) }
        let body = [UInt8](repeating: 0x61, count: 4 << 20)
        let answered = Semaphore()
        let handler = ClosureHandler { exchange in
            exchange.respond(.ok, body: body)
            answered.signal()
        }
        try await withServer(handler, on: address, sendBuffer: 16 * 1024) { test in
            let client = try await TestThread.run {
                let client = try test.client(receiveBuffer: 16 * 1024)
                try client.send(Self.get)
                #expect(answered.wait())
                return client
            }
            async let drained: Void = test.server.drain(deadline: Self.never)
            await Self.drainBegins(test)
            try await TestThread.run { () throws in
                #expect(try client.readResponse().body.count == body.count)
                #expect(try client.isEnded())
                client.close()
            }
            await drained
        }
    }

    @Test("a request whose head is under way is still taken")
    func headUnderWay() async throws {
        let address = Self.ownAddress()
        defer { unlinkPath(address.host) }
        try await withServer(ClosureHandler { $0.respond(.ok) }, on: address) { test in
            let client = try await TestThread.run {
                let client = try test.client()
                // In one packet: with the answer to the first the second is known to have begun.
                #expect(try client.exchange(Self.get + "GET / HTTP/1.1\r\n").status == 200)
                return client
            }
            async let drained: Void = test.server.drain(deadline: Self.never)
            await Self.drainBegins(test)
            try await TestThread.run {
                let response = try client.exchange("Host: a\r\n\r\n")
                #expect(response.status == 200)
                #expect(response.values("connection") == ["close"])
                #expect(try client.isEnded())
                client.close()
            }
            await drained
        }
    }

    @Test("pipelined requests that were read are not dropped unanswered in silence")
    func pipelined() async throws {
        let address = Self.ownAddress()
        defer { unlinkPath(address.host) }
        let begun = Semaphore()
        let mustAnswer = Semaphore()
        let handler = AsyncHTTPHandler { exchange in
            begun.signal()
            #expect(await mustAnswer.arrives())
            await exchange.sendResponse(.ok)
        }
        try await withServer(handler, on: address) { test in
            let client = try await TestThread.run {
                let client = try test.client()
                try client.send(Self.get + Self.get)
                #expect(begun.wait())
                return client
            }
            async let drained: Void = test.server.drain(deadline: Self.never)
            await Self.drainBegins(test)
            mustAnswer.signal()
            try await TestThread.run { () throws in
                // The first answer tells that the second request has to be made elsewhere.
                #expect(try client.readResponse().values("connection") == ["close"])
                #expect(try client.isEnded())
                client.close()
            }
            await drained
        }
    }

    @Test("at the deadline it cuts off what still runs, and the handlers hear of it")
    func deadline() async throws {
        let begun = Semaphore()
        let cancelled = Semaphore()
        let handler = ClosureHandler.waiting(begun, cancelled)
        try await withServer(handler) { test in
            let client = try await TestThread.run {
                let client = try test.client()
                try client.send(Self.get)
                #expect(begun.wait())
                return client
            }
            await test.server.drain(deadline: .milliseconds(20))
            #expect(await cancelled.arrives())
            try await TestThread.run { #expect(client.isReset()) }
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

import EventLoop
import HTTP
import HTTPServer
import TestSupport
import Testing

@Suite("Server: on several loops", .timeLimit(.minutes(10)))
struct SeveralLoopsTests {
    /// Runs `body` beside a server on three loops.
    private static func withLoops(
        _ handler: any HTTPHandler,
        _ configuration: HTTPServerConfiguration = HTTPServerConfiguration(),
        _ body: @Sendable (HTTPServer, SocketAddress) async throws -> Void
    ) async throws {
        let loops = try (0..<3).map { try EventLoop(name: "server-\($0)") }
        for loop in loops { loop.start() }
        let server = HTTPServer(
            loop: loops[0],
            others: Array(loops[1...]),
            configuration: configuration,
            handler: handler
        )
        let address = try await server.listen(on: .ipv4Loopback(port: 0))
        try await body(server, address)
        await server.drain(deadline: .zero)
        for loop in loops { loop.stop() }
        try await TestThread.run { for loop in loops { loop.join() } }
    }

    private static let name = ClosureHandler { exchange in
        #expect(exchange.loop.isCurrent)
        exchange.respond(.ok, body: Array(exchange.loop.name.utf8))
    }

    @Test("connections are dealt out one by one, and stay where they are")
    func deals() async throws {
        try await Self.withLoops(Self.name) { _, address in
            try await TestThread.run { () throws in
                let clients = try (0..<9).map { _ in try RawClient(address) }
                let names = try clients.map { try $0.get().text }
                for index in 0..<3 {
                    #expect(names.filter { $0 == "server-\(index)" }.count == 3)
                }
                let again = try clients.map { try $0.get().text }
                #expect(again == names)
            }
        }
    }

    @Test("the maximum counts the connections of all loops; an end on any makes room")
    func connectionsMax() async throws {
        try await Self.withLoops(Self.name, .with { $0.connectionsMax = 4 }) { _, address in
            try await TestThread.run {
                var clients = try (0..<4).map { _ in try RawClient(address) }
                for client in clients { #expect(try client.get().status == 200) }
                for index in 0..<4 {
                    let waiting = try RawClient(address)
                    try waiting.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                    waiting.setDeadline(milliseconds: 50)
                    #expect(throws: RawClientError.timedOut) { try waiting.readResponse() }
                    clients[index].close()
                    waiting.setDeadline(seconds: RawClient.deadlineSeconds)
                    #expect(try waiting.readResponse().status == 200)
                    clients[index] = waiting
                }
            }
        }
    }

    @Test("a drain waits for what runs on every loop, and cuts it off at its deadline")
    func drains() async throws {
        let (begun, cancelled) = (Semaphore(), Semaphore())
        let handler = ClosureHandler { exchange in
            if exchange.request.path == "/ends" {
                exchange.loop.schedule(after: .milliseconds(20)) { exchange.respond(.ok) }
            } else {
                exchange.onCancelled = { cancelled.signal() }
            }
            begun.signal()
        }
        for path in ["/ends", "/lasts"] {
            try await Self.withLoops(handler) { server, address in
                let clients = try await TestThread.run {
                    let clients = try (0..<6).map { _ in try RawClient(address) }
                    for client in clients {
                        try client.send("GET \(path) HTTP/1.1\r\nHost: a\r\n\r\n")
                    }
                    for _ in clients { #expect(begun.wait()) }
                    return clients
                }
                let isEnding = path == "/ends"
                await server.drain(deadline: isEnding ? .seconds(240) : .milliseconds(50))
                try await TestThread.run { () throws in
                    for client in clients {
                        if isEnding {
                            #expect(try client.readResponse().status == 200)
                        } else {
                            #expect(cancelled.wait() && client.isReset())
                        }
                    }
                }
            }
        }
    }
}

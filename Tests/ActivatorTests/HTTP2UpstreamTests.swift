// SPDX-License-Identifier: Apache-2.0

import EventLoop
import Glibc
import HTTP
import TestSupport
import Testing

@testable import Activator

/// Connections of HTTP/2 whose other end is in the hands of the test.
@Suite("HTTP/2 to an instance", .timeLimit(.minutes(5)))
struct HTTP2UpstreamTests {
    typealias Client = UpstreamConnectionTests.Client

    /// An instance that speaks in frames, and a pool of connections to it.
    ///
    /// `@unchecked Sendable`: its pool belongs to the loop's thread, all else to the test.
    final class Stand: @unchecked Sendable {
        let bench: UpstreamConnectionTests.Bench
        let pool: UpstreamPool

        init(_ change: (inout ActivatorConfiguration) -> Void = { _ in }) throws {
            self.bench = try UpstreamConnectionTests.Bench(backlog: nil, configured(change))
            self.pool = UpstreamPool(
                address: try Socket.localAddress(of: self.bench.listener),
                speaksHTTP2: true,
                context: self.bench.context
            )
        }

        var loop: EventLoop { self.bench.loop }

        /// Begins requests, which are complete.
        func send(_ clients: Client..., timeout: Duration = .seconds(60)) async throws {
            try await self.loop.run {
                for client in clients {
                    let carrier = try #require(try self.pool.take(for: client))
                    client.carrier = carrier
                    UpstreamConnectionTests.Bench.begin(client, on: carrier, timeout: timeout)
                }
            }
        }

        /// The other end of the next connection, which tells its settings.
        func accept(_ settings: [(UInt16, UInt32)]? = []) async throws -> FramePeer {
            let peer = FramePeer(fd: try await self.bench.accept(), loop: self.loop)
            if let settings { peer.send(HTTP2Frame.settings(settings)) }
            return peer
        }

        func wait(until isTrue: @escaping @Sendable () -> Bool) async {
            await self.bench.wait(until: isTrue)
        }

        func end() async {
            await self.loop.run { self.pool.close() }
            await self.bench.end()
        }
    }

    private static let ok = [(":status", "200")]

    @Test("requests share a connection, and each gets its own answer")
    func sharing() async throws {
        let stand = try Stand()
        let clients = [Client(), Client(), Client()]
        try await stand.send(clients[0], clients[1], clients[2])
        let peer = try await stand.accept()
        for stream: UInt32 in [1, 3, 5] {
            #expect(try await peer.read(.headers).stream == stream)
        }
        for stream: UInt32 in [5, 1, 3] {
            peer.send(HTTP2Frame.headers(stream, Self.ok))
            peer.send(HTTP2Frame.data(stream, "answer \(stream)", ends: true))
        }
        await stand.wait { clients.allSatisfy { $0.trailers != nil } }
        #expect(clients.map(\.text) == ["answer 1", "answer 3", "answer 5"])
        #expect(clients.allSatisfy { $0.answeredCount == 1 && $0.failure == nil })
        #expect(try !stand.bench.isConnectionWaiting())
        peer.close()
        await stand.end()
    }

    @Test("what a connection has no room for is given back, and goes over another")
    func limit() async throws {
        let stand = try Stand()
        let (first, second, third) = (Client(), Client(), Client())
        try await stand.send(first, second)
        let peer = try await stand.accept([(3, 1)])
        await stand.wait { second.failure != nil }
        #expect(second.failure == .refused)
        #expect(try await peer.read(.headers).stream == 1)
        try await stand.send(third)
        let other = try await stand.accept([(3, 1)])
        #expect(try await other.read(.headers).stream == 1)
        peer.send(HTTP2Frame.headers(1, Self.ok, ends: true))
        other.send(HTTP2Frame.headers(1, Self.ok, ends: true))
        await stand.wait { first.status == 200 && third.status == 200 }
        peer.close()
        other.close()
        await stand.end()
    }

    @Test("a connection that carries nothing ends when its time is over")
    func idle() async throws {
        let stand = try Stand { $0.upstreamIdleTimeout = .milliseconds(20) }
        let client = Client()
        try await stand.send(client)
        let peer = try await stand.accept()
        // Longer than it may lie idle: it is not, as long as there is a request.
        await stand.loop.wait(for: .milliseconds(60))
        peer.send(HTTP2Frame.headers(1, Self.ok, ends: true))
        await stand.wait { client.status == 200 }
        #expect(try await peer.read(.goAway).number(at: 4) == 0)
        #expect(await peer.isEnded())
        peer.close()
        await stand.end()
    }

    @Test("a request whose time is over is reset, and the others go on")
    func timeout() async throws {
        let stand = try Stand()
        let (other, slow) = (Client(), Client())
        try await stand.send(other)
        let peer = try await stand.accept()
        // From here on a request leaves at once, however short its time is.
        #expect(try await peer.read(.headers).stream == 1)
        try await stand.send(slow, timeout: .milliseconds(20))
        await stand.wait { slow.failure != nil }
        #expect(slow.failure == .timedOut)
        let reset = try await peer.read(.reset)
        #expect(reset.stream == 3 && reset.number() == 8)
        peer.send(HTTP2Frame.headers(1, Self.ok, ends: true))
        await stand.wait { other.status == 200 }
        peer.close()
        await stand.end()
    }

    @Test("a request that is given up is reset")
    func cancel() async throws {
        let stand = try Stand()
        let client = Client()
        try await stand.send(client)
        let peer = try await stand.accept()
        _ = try await peer.read(.headers)
        await stand.loop.run { client.carrier?.close() }
        #expect(try await peer.read(.reset).number() == 8)
        peer.send(HTTP2Frame.headers(1, Self.ok, ends: true))
        await stand.bench.turn()
        #expect(client.status == nil && client.failure == nil)
        peer.close()
        await stand.end()
    }

    @Test("an instance that stays silent is left when more than so many requests were given up")
    func givenUp() async throws {
        let stand = try Stand()
        let most = HTTP2UpstreamConnection.givenUpMax
        let client = Client()
        for _ in 0..<most {
            try await stand.send(client)
            await stand.loop.run { client.carrier?.close() }
        }
        let peer = try await stand.accept(nil)
        await stand.bench.turn()
        #expect(try !stand.bench.isConnectionWaiting())
        // One more is too many, and the connection ends as soon as it carries nothing.
        let (kept, other) = (Client(), Client())
        try await stand.send(kept, client)
        await stand.loop.run { client.carrier?.close() }
        try await stand.send(other)
        let second = try await stand.accept()
        #expect(try await second.read(.headers).stream == 1)
        second.send(HTTP2Frame.headers(1, Self.ok, ends: true))
        await stand.wait { other.status == 200 }
        #expect(kept.failure == nil)
        await stand.loop.run { kept.carrier?.close() }
        #expect(await peer.isEnded())
        peer.close()
        second.close()
        await stand.end()
    }

    @Test("behind a GOAWAY a connection ends with what it carries; the next request has another")
    func goAway() async throws {
        let stand = try Stand()
        let (first, second, third) = (Client(), Client(), Client())
        try await stand.send(first, second)
        let peer = try await stand.accept()
        _ = try await peer.read(.headers)
        peer.send(HTTP2Frame(.goAway, HTTP2Frame.bytes(1) + HTTP2Frame.bytes(0)))
        await stand.wait { second.failure != nil }
        #expect(second.failure == .refused)
        try await stand.send(third)
        let other = try await stand.accept()
        #expect(try await other.read(.headers).stream == 1)
        peer.send(HTTP2Frame.headers(1, Self.ok, ends: true))
        await stand.wait { first.status == 200 }
        #expect(await peer.isEnded())
        peer.close()
        other.close()
        await stand.end()
    }

    @Test("an instance may send no more than its client takes")
    func pause() async throws {
        let stand = try Stand()
        let client = Client()
        client.pausesAt = 1
        try await stand.send(client)
        let peer = try await stand.accept()
        _ = try await peer.read(.headers)
        peer.send(HTTP2Frame.headers(1, Self.ok))
        for _ in 0..<3 { peer.send(HTTP2Frame.data(1, [UInt8](repeating: 1, count: 16_384))) }
        peer.send(HTTP2Frame(.ping, HTTP2Frame.bytes(0) + HTTP2Frame.bytes(0)))
        _ = try await peer.read(.ping)
        await stand.wait { client.body.count == 3 * 16_384 }
        await stand.bench.turn()
        #expect(peer.updateCount == 0)
        await stand.loop.run { client.carrier?.resume() }
        #expect(try await peer.read(.windowUpdate).number() == 3 * 16_384)
        peer.close()
        await stand.end()
    }

    @Test(
        "a connection that ends fails what it carries, as far as that had come",
        arguments: [
            (false, [], .refused), (true, [], .closedEarly),
            (true, [HTTP2Frame.headers(1, [(":status", "200")])], .closedMidway),
            (true, [HTTP2Frame(.windowUpdate, HTTP2Frame.bytes(0))], .malformedHTTP2),
        ] as [(Bool, [HTTP2Frame], UpstreamFailure)]
    )
    func ends(_ hasSettings: Bool, _ frames: [HTTP2Frame], _ failure: UpstreamFailure) async throws
    {
        let stand = try Stand()
        let client = Client()
        try await stand.send(client)
        let peer = try await stand.accept(hasSettings ? [] : nil)
        if hasSettings { _ = try await peer.read(.headers) }
        for frame in frames { peer.send(frame) }
        if failure != .malformedHTTP2 { peer.close() }
        await stand.wait { client.failure != nil }
        #expect(client.failure == failure)
        peer.close()
        await stand.end()
    }

    @Test("an instance of HTTP/1.1 is told apart")
    func otherProtocol() async throws {
        let stand = try Stand()
        let client = Client()
        try await stand.send(client)
        let peer = try await stand.accept(nil)
        peer.send(bytes: Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8))
        await stand.wait { client.failure != nil }
        #expect(client.failure == .notHTTP2)
        peer.close()
        await stand.end()
    }

    @Test("a connection that is not made in time tells so")
    func neverConnected() async throws {
        let stand = try Stand { $0.connectTimeout = .milliseconds(20) }
        // What does not fit into the queue is dropped, as at a node that is gone.
        #expect(listen(stand.bench.listener, 0) == 0)
        let fillers = try (0..<4).map { _ in try Socket.connect(to: stand.pool.address) }
        let client = Client()
        try await stand.send(client)
        await stand.wait { client.failure != nil }
        #expect(client.failure == .notConnected(ETIMEDOUT))
        for filler in fillers { Socket.close(filler) }
        await stand.end()
    }
}

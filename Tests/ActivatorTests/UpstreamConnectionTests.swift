// SPDX-License-Identifier: Apache-2.0

import EventLoop
import Glibc
import HTTP
import Telemetry
import Testing

@testable import Activator

/// A connection whose other end is in the hands of the test.
@Suite("Upstream connection", .timeLimit(.minutes(5)))
struct UpstreamConnectionTests {
    /// Notes what a connection tells.
    ///
    /// `@unchecked Sendable`: belongs to the loop's thread.
    final class Client: UpstreamClient, ConnectionWaiter, @unchecked Sendable {
        var method: HTTPMethod = .get
        var answeredCount = 0
        var interim: [Int] = []
        var status: Int?
        var body: [UInt8] = []
        var trailers: HTTPFields?
        var failure: UpstreamFailure?
        /// What carries it, for those who ask.
        var carrier: (any UpstreamCarrier)?
        /// From how many bytes of a body on it takes no more.
        var pausesAt = Int.max

        func upstreamAnswered() { self.answeredCount += 1 }
        func upstreamSentInterim(_ head: HTTPResponseHead) {
            self.interim.append(head.status.rawValue)
        }
        func upstreamSentHead(
            _ head: HTTPResponseHead,
            bodyLength: Int?,
            body: [UInt8],
            end: HTTPFields?
        ) {
            self.status = head.status.rawValue
            self.upstreamSentBody(body, end: end)
        }
        func upstreamSentBody(_ bytes: [UInt8], end: HTTPFields?) {
            self.body += bytes
            if self.body.count >= self.pausesAt { self.carrier?.pause() }
            if let end { self.trailers = end }
        }
        func upstreamDrained() {}
        var mayUpgrade: Bool { false }
        func upstreamSwitched(_ head: HTTPResponseHead, fd: Int32, rest: [UInt8]) {}
        func upstreamFailed(_ failure: UpstreamFailure) { self.failure = failure }

        func connected(_ connection: any UpstreamCarrier) { Bench.begin(self, on: connection) }

        var text: String { String(decoding: self.body, as: UTF8.self) }
    }

    /// `@unchecked Sendable`: its variables belong to the loop's thread.
    final class Bench: @unchecked Sendable {
        let loop: EventLoop
        let context: ProxyContext
        let listener: Int32
        private(set) var pool: UpstreamPool

        init(
            backlog: Int32? = nil,
            _ configuration: ActivatorConfiguration = ActivatorConfiguration()
        ) throws {
            self.loop = try EventLoop(name: "upstream")
            self.context = ProxyContext(
                loop: self.loop,
                configuration: configuration,
                logger: Logger(label: "test", sink: .none),
                milestones: .none,
                metrics: Metrics()
            )
            self.listener = try Socket.listen(on: .ipv4Loopback(port: 0))
            // Asking once more changes how many connections wait to be accepted.
            if let backlog { #expect(listen(self.listener, backlog) == 0) }
            let address = try Socket.localAddress(of: self.listener)
            self.pool = UpstreamPool(
                address: address,
                mayOverflow: backlog != nil,
                context: self.context
            )
            self.loop.start()
        }

        /// Sends a request over whichever connection the pool gives.
        func send(_ client: Client) async throws {
            try await self.loop.run {
                guard let connection = try self.pool.take(for: client) else { return }
                Self.begin(client, on: connection)
            }
        }

        static func begin(
            _ client: Client,
            on connection: any UpstreamCarrier,
            timeout: Duration = .seconds(60)
        ) {
            let head = HTTPRequestHead(method: client.method, target: "/")
            let upstream = UpstreamRequestHead(
                head: head,
                traits: RequestTraits(head),
                peer: .ipv4Loopback(port: 1),
                proto: "http",
                hostDefault: []
            )
            connection.begin(upstream, for: client, timeout: TimeSpan(timeout))
            connection.endRequest(trailers: HTTPFields())
        }

        /// The other end of the next connection.
        func accept() async throws -> Int32 {
            while true {
                if case .connection(let fd, _) = try Socket.accept(from: self.listener) {
                    return fd
                }
                try Task.checkCancellation()
                await self.loop.wait(for: .milliseconds(1))
            }
        }

        /// Whether a connection waits to be accepted.
        func isConnectionWaiting() throws -> Bool {
            if case .connection(let fd, _) = try Socket.accept(from: self.listener) {
                Socket.close(fd)
                return true
            }
            return false
        }

        /// Lets the loop see what was written before, as far as the system has delivered it.
        func turn() async {
            for _ in 0..<3 { await self.loop.run {} }
        }

        /// Waits until the loop has seen enough; the suite's time limit is the deadline.
        func wait(until isTrue: @escaping @Sendable () -> Bool) async {
            while await !self.loop.run(isTrue), !Task.isCancelled {
                await self.loop.wait(for: .milliseconds(1))
            }
        }

        /// Closes the connections that wait, and begins anew.
        func renewPool() async {
            await self.loop.run {
                self.pool.close()
                self.pool = UpstreamPool(address: self.pool.address, context: self.context)
            }
        }

        func end() async {
            await self.loop.run { self.pool.close() }
            self.loop.stop()
            self.loop.join()
            Socket.close(self.listener)
        }
    }

    static func write(_ text: some StringProtocol, to fd: Int32) {
        let bytes = Array(text.utf8)
        bytes.withUnsafeBytes { #expect(Socket.write(fd, from: $0) == .count(bytes.count)) }
    }

    static let answers: [(String, Int, String, HTTPFields)] = [
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 200, "hello", [:]),
        ("HTTP/1.1 204 No Content\r\n\r\n", 204, "", [:]),
        (
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nA: b\r\n\r\n"
                + "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                + "3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\nX-Sum: 1\r\n\r\n",
            200, "hello", ["X-Sum": "1"]
        ),
    ]

    @Test("an answer is the same wherever it is cut", arguments: 0..<3)
    func everySplit(_ index: Int) async throws {
        let (text, status, body, trailers) = Self.answers[index]
        let bytes = Array(text.utf8)
        let bench = try Bench()
        for cut in 1..<bytes.count {
            let client = Client()
            try await bench.send(client)
            let fd = try await bench.accept()
            Self.write(String(decoding: bytes[..<cut], as: UTF8.self), to: fd)
            await bench.turn()
            Self.write(String(decoding: bytes[cut...], as: UTF8.self), to: fd)
            await bench.wait { client.trailers != nil || client.failure != nil }
            await bench.loop.run {
                #expect(client.status == status && client.text == body, "cut at \(cut)")
                #expect(client.trailers == trailers && client.failure == nil)
                #expect(client.answeredCount == 1)
            }
            await bench.renewPool()
            Socket.close(fd)
        }
        await bench.end()
    }

    @Test(
        "an answer that ends with its connection ends with it",
        arguments: [
            ("HTTP/1.0 200 OK\r\n\r\nhello", nil),
            ("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello", UpstreamFailure.closedMidway),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", .closedMidway),
            ("HTTP/1.1 20", .closedMidway),
            ("", .closedEarly),
            ("HTTP/1.1 101 Switching Protocols\r\n\r\n", .upgraded),
            ("HTTP/1.1 abc\r\n\r\n", .malformed(.startLineInvalid)),
        ] as [(String, UpstreamFailure?)]
    )
    func ends(_ text: String, _ failure: UpstreamFailure?) async throws {
        let bench = try Bench()
        let client = Client()
        try await bench.send(client)
        let fd = try await bench.accept()
        if !text.isEmpty { Self.write(text, to: fd) }
        Socket.close(fd)
        await bench.wait { client.trailers != nil || client.failure != nil }
        await bench.loop.run {
            #expect(client.failure == failure)
            if failure == nil { #expect(client.text == "hello" && client.trailers == [:]) }
        }
        await bench.end()
    }

    @Test("a connection is used again, unless something came that nobody had asked for")
    func reuse() async throws {
        let bench = try Bench()
        let answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
        let first = Client()
        try await bench.send(first)
        let fd = try await bench.accept()
        Self.write(answer, to: fd)
        await bench.wait { first.trailers != nil }
        let second = Client()
        try await bench.send(second)
        Self.write(answer + "x", to: fd)
        await bench.wait { second.trailers != nil }
        await bench.loop.run { #expect(first.status == 200 && second.status == 200) }
        // It went over the connection that was there.
        #expect(try !bench.isConnectionWaiting())
        try await bench.send(Client())
        let third = try await bench.accept()
        Socket.close(third)
        Socket.close(fd)
        await bench.end()
    }

    @Test("requests that find an instance's queue of connections full wait for their turn")
    func shortQueue() async throws {
        // Linux keeps one more than it is asked for.
        let bench = try Bench(backlog: 0)
        let clients = (0..<6).map { _ in Client() }
        for client in clients { try await bench.send(client) }
        #expect(await bench.loop.run { bench.pool.waiterCount } == 5)
        await bench.loop.run { bench.pool.leave(clients[1]) }
        for servedCount in 1...5 {
            let fd = try await bench.accept()
            let head = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n"
            Self.write(head + "ok", to: fd)
            await bench.wait { clients.count { $0.status == 200 } == servedCount }
            Socket.close(fd)
        }
        #expect(clients[1].status == nil && clients.allSatisfy { $0.failure == nil })
        #expect(await bench.loop.run { bench.pool.waiterCount } == 0)
        await bench.end()
    }

    @Test(
        "a connection that is not made in time tells so; the request's own time may be shorter",
        arguments: [
            (
                Duration.milliseconds(20), Duration.seconds(60),
                UpstreamFailure.notConnected(ETIMEDOUT)
            ),
            (.seconds(60), .milliseconds(20), .timedOut),
        ]
    )
    func neverConnected(
        _ connectTimeout: Duration,
        _ timeout: Duration,
        _ failure: UpstreamFailure
    ) async throws {
        let configuration = configured { $0.connectTimeout = connectTimeout }
        let bench = try Bench(backlog: 0, configuration)
        let address = try Socket.localAddress(of: bench.listener)
        // What does not fit into the queue is dropped, as at a node that is gone.
        let fillers = try (0..<4).map { _ in try Socket.connect(to: address) }
        let client = Client()
        try await bench.loop.run {
            let pool = UpstreamPool(address: address, context: bench.context)
            let connection = try #require(try pool.take(for: client))
            Bench.begin(client, on: connection, timeout: timeout)
        }
        await bench.wait { client.failure != nil }
        #expect(client.failure == failure)
        for filler in fillers { Socket.close(filler) }
        await bench.end()
    }

    @Test("a connection that was made has all the time of its request")
    func connectedInTime() async throws {
        let bench = try Bench(backlog: nil, configured { $0.connectTimeout = .milliseconds(20) })
        let client = Client()
        try await bench.send(client)
        let fd = try await bench.accept()
        // Longer than a connection may take to be made.
        await bench.loop.wait(for: .milliseconds(60))
        Self.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", to: fd)
        await bench.wait { client.status != nil || client.failure != nil }
        #expect(client.status == 200)
        Socket.close(fd)
        await bench.end()
    }
}

// SPDX-License-Identifier: Apache-2.0

import EventLoop
import HTTP
import HTTPServer
import TestSupport
import Testing

@Suite("Server: clients that end behind bytes nobody reads", .timeLimit(.minutes(10)))
struct UnreadEndTests {
    /// Longer than what is read ahead.
    private static let pieceLength = 0x1000
    private static let lengthHead = "Content-Length: \(2 * pieceLength)\r\n\r\n"
    private static let chunkedHead = "Transfer-Encoding: chunked\r\n\r\n1000\r\n"

    private let paused = Semaphore()
    private let cancelled = Semaphore()
    private let exchanges = Recorder<HTTPExchange>()

    private static func configuration(
        _ halfClose: HTTPServerConfiguration.HalfClose
    ) -> HTTPServerConfiguration {
        var configuration = HTTPServerConfiguration()
        configuration.bodyBufferBytesMax = 1024
        configuration.halfClose = halfClose
        return configuration
    }

    /// Pauses at the first bytes; answers with the length of the body, if a test lets it go on.
    private var handler: ClosureHandler {
        ClosureHandler { [paused, cancelled, exchanges] exchange in
            var length = 0
            exchange.onCancelled = { cancelled.signal() }
            exchange.consumeBody { event in
                switch event {
                case .chunk(let bytes):
                    if length == 0 {
                        exchange.pauseBody()
                        exchanges.append(exchange)
                        paused.signal()
                    }
                    length += bytes.count
                case .end: exchange.respond(.ok, body: Array("\(length)".utf8))
                case .failed: break
                }
            }
        }
    }

    /// Sends a head and one piece, and a second one when the server reads no more; then ends.
    private func upload(
        head: String,
        rest: String,
        to test: TestServer,
        end: (RawClient) -> Void
    ) throws -> RawClient {
        let client = try test.client()
        let piece = String(repeating: "x", count: Self.pieceLength)
        try client.send("POST / HTTP/1.1\r\nHost: a\r\n\(head)\(piece)")
        #expect(self.paused.wait())
        try client.send(rest)
        end(client)
        return client
    }

    private static func rest(_ count: Int) -> String { String(repeating: "y", count: count) }

    @Test(
        "a request that can never be complete is cancelled, and so is one that is reset",
        arguments: [(pieceLength - 1, false), (0, false), (pieceLength, true), (1, true)]
    )
    func incomplete(_ restLength: Int, _ isReset: Bool) async throws {
        try await withServer(self.handler, configuration: Self.configuration(.answer)) { test in
            try await TestThread.run { [self] in
                let client = try self.upload(
                    head: Self.lengthHead,
                    rest: Self.rest(restLength),
                    to: test
                ) { isReset ? $0.reset() : $0.shutdownWrite() }
                #expect(self.cancelled.wait())
                client.close()
            }
        }
    }

    @Test(
        "a request that may be complete is answered when its handler goes on",
        arguments: [
            (lengthHead, rest(pieceLength)),
            (chunkedHead, "\r\n1000\r\n\(rest(pieceLength))\r\n0\r\n\r\n"),
        ]
    )
    func complete(_ head: String, _ rest: String) async throws {
        try await withServer(self.handler, configuration: Self.configuration(.answer)) { test in
            try await TestThread.run { [self] in
                let client = try self.upload(
                    head: head,
                    rest: rest,
                    to: test
                ) { $0.shutdownWrite() }
                let exchange = try #require(self.exchanges.values.first)
                test.loop.execute { exchange.resumeBody() }
                #expect(try client.readResponse().text == "\(2 * Self.pieceLength)")
            }
        }
    }

    @Test("a handler that has not asked for the body is told as well, when it cannot be complete")
    func unasked() async throws {
        let handler = ClosureHandler { [paused, cancelled, exchanges] exchange in
            exchange.onCancelled = { cancelled.signal() }
            exchanges.append(exchange)
            paused.signal()
        }
        try await withServer(handler, configuration: Self.configuration(.answer)) { test in
            try await TestThread.run { [self] in
                let client = try self.upload(head: Self.lengthHead, rest: "y", to: test) {
                    $0.shutdownWrite()
                }
                #expect(self.cancelled.wait())
                client.close()
            }
        }
    }

    @Test("where an end counts as gone, it does so unread too")
    func cancel() async throws {
        try await withServer(self.handler, configuration: Self.configuration(.cancel)) { test in
            try await TestThread.run { [self] in
                let client = try self.upload(
                    head: Self.lengthHead,
                    rest: Self.rest(Self.pieceLength),
                    to: test
                ) { $0.shutdownWrite() }
                #expect(self.cancelled.wait())
                client.close()
            }
        }
    }
}

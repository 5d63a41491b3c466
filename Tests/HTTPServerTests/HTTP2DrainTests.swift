// SPDX-License-Identifier: Apache-2.0

import EventLoop
import HTTP
import HTTPServer
import TestSupport
import Testing

@Suite("Server: HTTP/2 requests that meet a drain", .timeLimit(.minutes(10)))
struct HTTP2DrainTests {
    private static let handler = ClosureHandler { $0.respond(.ok) }
    private static let ping = HTTP2Frame(.ping, [0, 0, 0, 0, 0, 0, 0, 0])

    /// Connects, and takes one answer.
    private static func served(_ test: TestServer) throws -> HTTP2Client {
        let client = try test.http2Client()
        try client.send(HTTP2Client.headers(1, HTTP2Client.get))
        #expect(try client.answer(1).status == "200")
        return client
    }

    @Test("one that comes right behind the answer to the PING of the announcement is served")
    func behindAcknowledgement() async throws {
        let configuration = HTTPServerConfiguration.with {
            $0.http2.drainNoticeTimeout = .seconds(600)
            $0.http2.drainSettleTimeout = .seconds(600)
        }
        try await withServer(Self.handler, configuration: configuration) { test in
            let client = try await TestThread.run { try Self.served(test) }
            async let drained: Void = test.server.drain(deadline: .seconds(240))
            try await TestThread.run {
                #expect(try client.goAway() == 0)
                while try !client.read().isKind(.ping) {}
                try client.send(
                    HTTP2Frame(.ping, flags: HTTP2Frame.acknowledgement, Self.ping.payload),
                    HTTP2Client.headers(3, HTTP2Client.get)
                )
                #expect(try client.answer(3).status == "200")
                #expect(client.goAways.count == 1)
                // Who ends its side ends the wait.
                client.raw.shutdownWrite()
                #expect(client.isEnded())
            }
            await drained
        }
    }

    @Test("the connection of a client that has heard ends without the time of others")
    func heard() async throws {
        let configuration = HTTPServerConfiguration.with {
            $0.http2.drainNoticeTimeout = .seconds(600)
        }
        try await withServer(Self.handler, configuration: configuration) { test in
            let client = try await TestThread.run { try Self.served(test) }
            async let drained: Void = test.server.drain(deadline: .seconds(240))
            try await TestThread.run {
                #expect(client.isEnded())
                #expect(client.goAways.map(\.last) == [0x7FFF_FFFF, 1])
                client.raw.close()
            }
            await drained
        }
    }

    @Test("the connection of a client that does not answer ends after its time")
    func unheard() async throws {
        let configuration = HTTPServerConfiguration.with {
            $0.http2.drainNoticeTimeout = .milliseconds(200)
            $0.http2.drainSettleTimeout = .seconds(600)
        }
        try await withServer(Self.handler, configuration: configuration) { test in
            let client = try await TestThread.run { try Self.served(test) }
            async let drained: Void = test.server.drain(deadline: .seconds(240))
            try await TestThread.run {
                #expect(try client.goAway() == 0)
                while try !client.read().isKind(.goAway) {}
                #expect(throws: RawClientError.ended) { try client.read() }
                client.raw.close()
            }
            await drained
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

import Glibc
import HTTP
import Synchronization
import Testing

@testable import HTTPClient

@Suite("HTTP client: HTTP spoken here")
struct PlainConnectionTests {
    private func withPlainClient<Value>(
        _ configuration: HTTPClientConfiguration = .manySmallRequests,
        _ body: (HTTPClient) async throws -> Value
    ) async throws -> Value {
        try await BothWays.$speaksPlainHTTP.withValue(true) {
            try await withClient(configuration, body)
        }
    }

    /// Answers, the last without an end of its own, and what they say.
    static let answers: [(sent: String, status: Int, body: String)] = [
        ("HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n", 202, ""),
        ("HTTP/1.1 204 No Content\r\n\r\n", 204, ""),
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 200, "hello"),
        ("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", 200, "hi"),
        (
            "HTTP/1.1 500 X\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n1\r\nd\r\n"
                + "0\r\nT: u\r\n\r\n", 500, "abcd"
        ),
    ]

    @Test("an answer in two pieces, cut anywhere, on one connection", arguments: answers)
    func splits(_ sent: String, _ status: Int, _ body: String) async throws {
        let bytes = Array(sent.utf8)
        let server = ScriptedServer { connection, _ in
            for cut in 1..<bytes.count {
                guard connection.readRequest() != nil else { return }
                connection.send(Array(bytes[..<cut]))
                connection.send(Array(bytes[cut...]))
            }
            _ = connection.readRequest()
            for byte in bytes { connection.send([byte]) }
        }
        try await self.withPlainClient { client in
            for _ in 1...bytes.count {
                let response = try await client.send(HTTPClientRequest(url: server.url))
                #expect(response.status.rawValue == status)
                #expect(response.text == body)
            }
        }
        #expect(server.connectionCount == 1)
    }

    @Test("every proper beginning of an answer, then the end: an error, never an answer")
    func prefixes() async throws {
        let bytes = Array("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello".utf8)
        let server = ScriptedServer { connection, number in
            guard connection.readRequest() != nil else { return }
            connection.send(Array(bytes[..<number]))
        }
        try await self.withPlainClient { client in
            for _ in bytes.indices {
                let error = await failure(of: HTTPClientRequest(url: server.url), on: client)
                #expect(error?.kind == .connectionLost)
            }
        }
    }

    @Test("a request that is given up is taken back by a reset, not by an end alone")
    func givenUp() async throws {
        let wasReset = Atomic<Bool>(false)
        let gone = Signal()
        let server = ScriptedServer { connection, _ in
            _ = connection.readRequest()
            wasReset.store(connection.isReset(), ordering: .relaxed)
            gone.raise()
        }
        try await self.withPlainClient { client in
            let request = HTTPClientRequest(url: server.url, timeout: .milliseconds(50))
            #expect(await failure(of: request, on: client)?.kind == .timedOut)
            await gone.wait()
        }
        let isReset = wasReset.load(ordering: .relaxed)
        #expect(isReset)
    }

    @Test("bytes behind an answer are nobody's: the connection is not used again")
    func rest() async throws {
        let server = ScriptedServer { connection, _ in
            while connection.readRequest() != nil {
                connection.send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\naHTTP/1.1 500 X\r\n")
            }
        }
        try await self.withPlainClient { client in
            for _ in 0..<3 {
                let response = try await client.send(HTTPClientRequest(url: server.url))
                #expect(response.status == .ok)
                #expect(response.text == "a")
            }
        }
        #expect(server.connectionCount == 3)
    }

    @Test("Connection: close is obeyed")
    func close() async throws {
        let server = ScriptedServer { connection, _ in
            while connection.readRequest() != nil {
                connection.respond("200 OK", "Connection: close\r\n", body: "x")
            }
        }
        try await self.withPlainClient { client in
            for _ in 0..<3 {
                let response = try await client.send(HTTPClientRequest(url: server.url))
                #expect(response.text == "x")
            }
        }
        #expect(server.connectionCount == 3)
    }

    @Test("a request that a fresh connection does not answer is not sent twice")
    func freshConnectionLost() async throws {
        let server = ScriptedServer { connection, _ in _ = connection.readRequest() }
        try await self.withPlainClient { client in
            let error = await failure(of: HTTPClientRequest(url: server.url), on: client)
            #expect(error?.kind == .connectionLost)
        }
        #expect(server.connectionCount == 1)
    }

    @Test("the beginning of an answer, and whether there was more", arguments: [false, true])
    func beginning(_ isOwn: Bool) async throws {
        let server = ScriptedServer { connection, _ in
            while connection.readRequest() != nil { connection.respond(body: "abcd") }
        }
        try await BothWays.$speaksPlainHTTP.withValue(isOwn) {
            try await withClient { client in
                for (bytesMax, kept) in [(0, ""), (3, "abc"), (4, "abcd"), (5, "abcd")] {
                    let request = HTTPClientRequest(
                        url: server.url,
                        responseSink: .beginning(bytesMax: bytesMax)
                    )
                    let response = try await client.send(request)
                    #expect(response.text == kept)
                    #expect(response.isBodyCut == (bytesMax < 4))
                }
            }
        }
        #expect(server.connectionCount == 1)
    }

    @Test("idle connections are kept up to the limit, and no further", arguments: [1, 3])
    func idleLimit(_ idleMax: Int) async throws {
        let arrived = Atomic<Int>(0)
        let closed = Signal()
        let server = ScriptedServer { connection, _ in
            while connection.readRequest() != nil {
                arrived.wrappingAdd(1, ordering: .sequentiallyConsistent)
                // Nobody is answered before all four are there.
                while arrived.load(ordering: .sequentiallyConsistent) < 4 { sched_yield() }
                connection.respond()
            }
            closed.raise()
        }
        var configuration = HTTPClientConfiguration.manySmallRequests
        configuration.idleConnectionsMax = idleMax
        try await self.withPlainClient(configuration) { client in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<4 {
                    group.addTask { _ = try await client.send(.init(url: server.url)) }
                }
                try await group.waitForAll()
            }
            await closed.wait(4 - idleMax)
            for _ in 0..<idleMax * 2 { _ = try await client.send(.init(url: server.url)) }
            #expect(server.connectionCount == 4)
        }
    }

    @Test(
        "what of a URL goes where",
        arguments: [
            ("http://a", "a", "/", "a"),
            ("http://a:80", "a:80", "/", "a"),
            ("http://a.b:8080/c/../d?e=f", "a.b:8080", "/c/../d?e=f", "a.b:8080"),
            ("http://a?b", "a", "/?b", "a"),
            ("http://[::1]:9/x", "[::1]:9", "/x", "[::1]:9"),
        ]
    )
    func target(_ url: String, _ authority: String, _ path: String, _ host: String) {
        let target = PlainTarget(url)
        #expect(target?.authority == authority)
        #expect(target?.path == path)
        #expect(target.map { String(decoding: $0.hostLine, as: UTF8.self) } == "Host: \(host)\r\n")
    }

    @Test(
        "what is left to libcurl",
        arguments: [
            "https://a/", "http://u:p@a/", "http://a/#b", "http:///x", "http://a b/", "ftp://a",
        ]
    )
    func noTarget(_ url: String) {
        #expect(PlainPool(.manySmallRequests).target(of: HTTPClientRequest(url: url)) == nil)
    }
}

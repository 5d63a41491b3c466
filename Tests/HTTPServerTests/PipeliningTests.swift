// SPDX-License-Identifier: Apache-2.0

import EventLoop
import HTTP
import HTTPServer
import TestSupport
import Testing

@Suite("Server: pipelining (RFC 9112 section 9.3.2)", .timeLimit(.minutes(10)))
struct PipeliningTests {
    private static func get(_ path: String) -> String { "GET \(path) HTTP/1.1\r\nHost: a\r\n\r\n" }

    @Test(
        "many requests in one packet are answered in order, at once or late",
        arguments: [0, 1, 2]
    )
    func inOrder(_ kind: Int) async throws {
        let handlers: [any HTTPHandler] = [
            ClosureHandler { $0.respond(.ok, body: Array($0.request.path.utf8)) },
            AsyncHTTPHandler { exchange in
                await exchange.sendResponse(.ok, body: Array(exchange.request.path.utf8))
            },
            AsyncHTTPHandler { exchange in
                if exchange.request.path.hasSuffix("3") { await exchange.loop.wait(for: .zero) }
                await Task.detached { await Task.yield() }.value
                await exchange.sendResponse(.ok, body: Array(exchange.request.path.utf8))
            },
        ]
        try await withServer(handlers[kind]) { test in
            try await TestThread.run {
                let client = try test.client()
                try client.send((0..<400).map { Self.get("/\($0)") }.joined())
                for number in 0..<400 { #expect(try client.readResponse().text == "/\(number)") }
            }
        }
    }

    @Test("the next request waits for the answer to the one before")
    func oneAtATime() async throws {
        let begun = Recorder<HTTPExchange>()
        let isBegun = Semaphore()
        let handler = ClosureHandler { exchange in
            begun.append(exchange)
            isBegun.signal()
        }
        try await withServer(handler) { test in
            let client = try await TestThread.run {
                let client = try test.client()
                try client.send(Self.get("/1") + Self.get("/2"))
                return client
            }
            #expect(await isBegun.arrives())
            await test.loop.run {}
            #expect(begun.count == 1)
            await begun.values[0].sendResponse(.ok, body: Array("first".utf8))
            #expect(await isBegun.arrives())
            #expect(begun.count == 2)
            await begun.values[1].sendResponse(.ok, body: Array("second".utf8))
            try await TestThread.run { () throws in
                #expect(try client.readResponse().text == "first")
                #expect(try client.readResponse().text == "second")
            }
        }
    }

    @Test("bodies between them are told apart, byte by byte as well", arguments: [false, true])
    func bodies(_ isSlow: Bool) async throws {
        try await withServer(RequestBodyTests.echo) { test in
            try await TestThread.run {
                let client = try test.client()
                let posts = RequestBodyTests.posts + RequestBodyTests.posts.reversed()
                let stream = Array(posts.map(\.request).joined().utf8)
                if isSlow {
                    for byte in stream { try client.send(bytes: [byte]) }
                } else {
                    try client.send(bytes: stream)
                }
                for post in posts { #expect(try client.readResponse().text == post.body) }
            }
        }
    }

    @Test("an empty line between requests is forgiven")
    func emptyLines() async throws {
        let handler = ClosureHandler { $0.respond(.ok, body: Array($0.request.path.utf8)) }
        try await withServer(handler) { test in
            try await TestThread.run {
                let client = try test.client()
                try client.send(Self.get("/1") + "\r\n" + Self.get("/2"))
                #expect(try client.readResponse().text == "/1")
                #expect(try client.readResponse().text == "/2")
            }
        }
    }

    @Test("nothing after a request that ends the connection is answered")
    func afterClose() async throws {
        let paths = Recorder<String>()
        let handler = ClosureHandler { exchange in
            paths.append(exchange.request.path)
            exchange.respond(.ok)
        }
        try await withServer(handler) { test in
            try await TestThread.run {
                let client = try test.client()
                let last = "GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
                try client.send(last + Self.get("/more"))
                #expect(try client.readResponse().status == 200)
                #expect(try client.isEnded())
                #expect(paths.values == ["/last"])
            }
        }
    }

    @Test("a bad request after good ones is refused in its turn")
    func badAfterGood() async throws {
        let handler = AsyncHTTPHandler { exchange in
            await exchange.loop.wait(for: .zero)
            await exchange.sendResponse(.ok)
        }
        try await withServer(handler) { test in
            try await TestThread.run {
                let client = try test.client()
                try client.send(Self.get("/") + Self.get("/") + "BAD\r\n\r\n" + Self.get("/"))
                #expect(try client.readResponse().status == 200)
                #expect(try client.readResponse().status == 200)
                #expect(try client.readResponse().status == 400)
                #expect(try client.isEnded())
            }
        }
    }

    @Test("who sends without reading does not fill the memory with answers")
    func readsNothing() async throws {
        let answered = Recorder<Int>()
        let body = [UInt8](repeating: 0x61, count: 16 * 1024)
        let handler = ClosureHandler { exchange in
            answered.append(0)
            exchange.respond(.ok, body: body)
        }
        try await withServer(handler, sendBuffer: 16 * 1024) { test in
            let client = try await TestThread.run {
                let client = try test.client(receiveBuffer: 16 * 1024)
                for _ in 0..<20 { try client.send(String(repeating: Self.get("/"), count: 50)) }
                return client
            }
            // Whatever arrived was looked at when these turns of the loop are over.
            for _ in 0..<200 { await test.loop.run {} }
            // 256 KiB of output are 16 answers; the kernels' buffers hold some more.
            #expect(answered.count < 200, "\(answered.count) answers were made")
            try await TestThread.run { () throws in
                for _ in 0..<1000 { #expect(try client.readResponse().body.count == body.count) }
                #expect(answered.count == 1000)
                #expect(try client.get().status == 200)
            }
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

import EventLoop
import HTTP
import HTTPServer
import TestSupport
import Testing

@Suite("Server: HTTP/2 heads and trailers of a great length", .timeLimit(.minutes(10)))
struct HTTP2AnswerHeadTests {
    /// Gives as many bytes of lines as the query says, in the head or in the trailers.
    private static func handler(_ cancelled: Semaphore) -> ClosureHandler {
        ClosureHandler { exchange in
            exchange.onCancelled = { cancelled.signal() }
            let length = Int(exchange.request.query ?? "") ?? 0
            // No line is longer than a client of nghttp2 takes.
            var lines = HTTPFields()
            for start in stride(from: 0, to: length, by: 70_000) {
                let count = min(70_000, length - start)
                lines.append("x-long", String(repeating: "a", count: count))
            }
            guard exchange.request.path == "/trailers" else {
                exchange.start(HTTPResponseHead(status: .ok, fields: lines), bodyLength: nil)
                exchange.write([1])
                if exchange.request.path == "/head" { exchange.end() }
                return
            }
            exchange.start(HTTPResponseHead(status: .ok), bodyLength: nil)
            exchange.write([1])
            exchange.end(trailers: lines)
        }
    }

    private static func get(_ path: String) -> [(String, String)] {
        HTTP2Client.get.filter { $0.0 != ":path" } + [(":path", path)]
    }

    @Test("arrive whole up to the limit", arguments: [60_000, 65_480, 65_500, 70_000, 1_048_000])
    func atLimit(_ length: Int) async throws {
        try await withServer(Self.handler(Semaphore())) { test in
            try await TestThread.run {
                let client = try test.http2Client()
                try client.send(HTTP2Client.headers(1, Self.get("/head?\(length)")))
                let head = try client.answer(1)
                #expect(head.values("x-long").joined().count == length && head.body == [1])
                try client.send(HTTP2Client.headers(3, Self.get("/trailers?\(length)")))
                let trailers = try client.answer(3)
                let values = trailers.trailers.map { $0.dropFirst("x-long: ".count) }
                #expect(values.joined().count == length && trailers.body == [1])
                #expect(trailers.reset == nil)
            }
        }
    }

    @Test(
        "beyond it end their stream, and the connection goes on",
        arguments: ["head", "trailers"]
    )
    func beyondLimit(_ part: String) async throws {
        try await withServer(Self.handler(Semaphore())) { test in
            try await TestThread.run {
                let client = try test.http2Client()
                try client.send(HTTP2Client.headers(1, Self.get("/\(part)?1048577")))
                #expect(try client.answer(1).reset == 2)
                try client.send(HTTP2Client.headers(3, HTTP2Client.get))
                try client.read { $0.isKind(.data) && $0.stream == 3 }
            }
            #expect(test.reports.values.contains { $0.contains("too long for HTTP/2") })
        }
    }

    @Test("beyond it cancel a handler that would write on")
    func cancels() async throws {
        let cancelled = Semaphore()
        try await withServer(Self.handler(cancelled)) { test in
            try await TestThread.run {
                let client = try test.http2Client()
                try client.send(HTTP2Client.headers(1, Self.get("/open?1048577")))
                #expect(try client.answer(1).reset == 2)
                #expect(cancelled.wait())
            }
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

import EventLoop
import HTTP
import HTTPServer
import TestSupport
import Testing

@Suite("Server: heads of open HTTP/2 streams", .timeLimit(.minutes(10)))
struct HTTP2OpenHeaderTests {
    private static let refusedStream: UInt32 = 7
    private static let keep = HTTP2Client.get
    private static let release = keep.filter { $0.0 != ":path" } + [(":path", "/release")]

    /// As RFC 9113 section 6.5.2 counts.
    private static func bytes(_ lines: [(String, String)]) -> Int {
        lines.reduce(0) { $0 + $1.0.utf8.count + $1.1.utf8.count + 32 }
    }

    /// Answers no request before the one that releases them all.
    private static func handler() -> ClosureHandler {
        let kept = Recorder<HTTPExchange>()
        return ClosureHandler { exchange in
            guard exchange.request.path == "/release" else { return kept.append(exchange) }
            for other in kept.take() { other.respond(.ok) }
            exchange.respond(.ok)
        }
    }

    private static func withClient(
        _ handler: any HTTPHandler = Self.handler(),
        bytesMax: Int,
        _ body: @escaping @Sendable (HTTP2Client) throws -> Void
    ) async throws {
        let configuration = HTTPServerConfiguration.with {
            $0.http2.openHeaderBytesMax = bytesMax
        }
        try await withServer(handler, configuration: configuration) { test in
            try await TestThread.run {
                let client = try test.http2Client()
                client.raw.setDeadline(seconds: 60)
                try body(client)
            }
        }
    }

    @Test("fit up to the limit, and are refused one byte past it", arguments: [0, 1])
    func limit(_ missing: Int) async throws {
        let whole = 2 * Self.bytes(Self.keep) + Self.bytes(Self.release)
        try await Self.withClient(bytesMax: whole - missing) { client in
            try client.send(
                HTTP2Client.headers(1, Self.keep),
                HTTP2Client.headers(3, Self.keep),
                HTTP2Client.headers(5, Self.release)
            )
            if missing == 0 {
                #expect(try client.answers(of: [1, 3, 5]).values.allSatisfy { $0.status == "200" })
            } else {
                #expect(try client.answer(5).reset == Self.refusedStream)
                #expect(client.answers[1] == nil && client.answers[3] == nil)
            }
        }
    }

    @Test("give their room back when they close, and a body that comes for one is dropped")
    func release() async throws {
        let whole = Self.bytes(Self.keep) + Self.bytes(Self.release)
        try await Self.withClient(bytesMax: whole) { client in
            // More bytes in all than the client may send ahead.
            let block = [UInt8](repeating: 1, count: 16_384)
            for round in 0..<30 as Range<UInt32> {
                let stream = round * 6 + 1
                try client.send(
                    HTTP2Client.headers(stream, Self.keep),
                    HTTP2Client.headers(stream + 2, Self.keep + [("x", "y")], ends: false),
                    HTTP2Client.data(stream + 2, block, ends: false),
                    HTTP2Client.data(stream + 2, block, ends: false),
                    HTTP2Client.data(stream + 2, block),
                    HTTP2Client.headers(stream + 4, Self.release)
                )
                let answers = try client.answers(of: [stream, stream + 2, stream + 4])
                #expect(answers[stream]?.status == "200")
                #expect(answers[stream + 2]?.reset == Self.refusedStream)
                #expect(answers[stream + 4]?.status == "200")
            }
        }
    }

    @Test("are taken one at a time, however small the limit")
    func alone() async throws {
        try await Self.withClient(bytesMax: 0) { client in
            for stream in [1, 3, 5] as [UInt32] {
                try client.send(HTTP2Client.headers(stream, Self.release))
                #expect(try client.answer(stream).status == "200")
            }
        }
    }

    @Test("are few bytes on their way, and no more than the limit in memory")
    func bomb() async throws {
        try await Self.withClient(bytesMax: 100_000) { client in
            let value = String(repeating: "y", count: 4000)
            // A literal that enters the table, and fields that are its number (RFC 7541 section 6).
            let entry = [0x40] + HTTP2Literals.encode([("x", value)]).dropFirst()
            let head = HTTP2Literals.encode(Self.keep)
            let flags = HTTP2Frame.endHeaders | HTTP2Frame.endStream
            let first = HTTP2Literals.encode(Self.release) + entry
            try client.send(HTTP2Frame(.headers, flags: flags, stream: 1, first))
            #expect(try client.answer(1).status == "200")
            let streams = (1...20 as ClosedRange<UInt32>).map { $0 * 2 + 1 }
            let block = head + [UInt8](repeating: 0xBE, count: 10)
            for stream in streams {
                try client.send(HTTP2Frame(.headers, flags: flags, stream: stream, block))
            }
            // Each has 40 KB: two fit, and with the last one nothing is left open.
            let refused = try client.answers(of: Set(streams.dropFirst(2)))
            #expect(streams.dropFirst(2).allSatisfy { refused[$0]?.reset == Self.refusedStream })
            try client.send(HTTP2Client.headers(43, Self.release))
            let answers = try client.answers(of: [3, 5, 43])
            #expect([3, 5, 43].allSatisfy { answers[$0]?.status == "200" })
        }
    }

    @Test("come with trailers, which are left out where there is no room", arguments: [0, 1])
    func trailers(_ missing: Int) async throws {
        let handler = AsyncHTTPHandler { exchange in
            _ = try await exchange.collectBody(upTo: 10)
            let count = exchange.bodyTrailers?.count ?? 0
            await exchange.sendResponse(.ok, body: Array("\(count)".utf8))
        }
        let trailers = [("x", "y")]
        let whole = Self.bytes(HTTP2Client.post) + Self.bytes(trailers)
        try await Self.withClient(handler, bytesMax: whole - missing) { client in
            try client.send(
                HTTP2Client.headers(1, HTTP2Client.post, ends: false),
                HTTP2Client.data(1, [1], ends: false),
                HTTP2Client.headers(1, trailers)
            )
            #expect(try client.answer(1).text == (missing == 0 ? "1" : "0"))
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

import EventLoop
import HTTP
import HTTPServer
import TestSupport
import Testing

@Suite("Server: HTTP/2 that is refused", .timeLimit(.minutes(10)))
struct HTTP2RefusalTests {
    private static let handler = ClosureHandler { $0.respond(.ok) }
    private static let protocolError: UInt32 = 1

    /// A GET with lines replaced, left out (when empty), or added.
    private static func get(_ changes: [(String, String)]) -> [(String, String)] {
        let names = changes.map(\.0)
        let kept = HTTP2Client.get.filter { !names.contains($0.0) }
        let pseudo = changes.filter { $0.0.hasPrefix(":") && !$0.1.isEmpty }
        return kept + pseudo + changes.filter { !$0.0.hasPrefix(":") }
    }

    @Test(
        "a malformed request is reset, and the connection goes on (RFC 9113 section 8.1.1)",
        arguments: [
            [("Upper", "a")], [("connection", "close")], [("transfer-encoding", "chunked")],
            [("te", "gzip")], [("x y", "a")], [("x", "a\r\nb: c")], [("x", " a")], [("", "a")],
            [(":path", "")], [(":path", "a")], [(":path", "*")], [(":path", "/a#b")],
            [(":path", "/a b")], [(":scheme", "")], [(":scheme", "ftp")], [(":method", "")],
            [(":method", "G T")], [(":authority", "")], [(":authority", "user@test")],
            [(":authority", "a,b")], [("host", "other")], [("host", "test"), ("host", "test")],
            [(":status", "200")], [(":protocol", "websocket")], [("content-length", "1")],
            [("content-length", "+0")], [("upgrade", "h2c")], [("proxy-connection", "a")],
        ]
    )
    func malformed(_ changes: [(String, String)]) async throws {
        try await withServer(Self.handler) { test in
            try await TestThread.run {
                let client = try test.http2Client()
                try client.send(HTTP2Client.headers(1, Self.get(changes)))
                #expect(try client.answer(1).reset == Self.protocolError)
                try client.send(HTTP2Client.headers(3, HTTP2Client.get))
                #expect(try client.answer(3).status == "200")
            }
        }
    }

    @Test("a pseudo-header field behind another, or in trailers, is malformed")
    func pseudoOrder() async throws {
        try await withServer(Self.handler) { test in
            try await TestThread.run {
                let client = try test.http2Client()
                try client.send(HTTP2Client.headers(1, [("x", "y")] + HTTP2Client.get))
                #expect(try client.answer(1).reset == Self.protocolError)
                try client.send(HTTP2Client.headers(3, HTTP2Client.get + HTTP2Client.get))
                #expect(try client.answer(3).reset == Self.protocolError)
            }
        }
    }

    @Test("less or more body than announced is malformed")
    func lengths() async throws {
        let handler = AsyncHTTPHandler { exchange in
            let body = try await exchange.collectBody(upTo: 100)
            await exchange.sendResponse(.ok, body: body)
        }
        try await withServer(handler) { test in
            try await TestThread.run {
                let client = try test.http2Client()
                for (stream, length) in [(1, 1), (3, 3)] as [(UInt32, Int)] {
                    let lines = HTTP2Client.post + [("content-length", "2")]
                    try client.send(
                        HTTP2Client.headers(stream, lines, ends: false),
                        HTTP2Client.data(stream, [UInt8](repeating: 1, count: length))
                    )
                    #expect(try client.answer(stream).reset == Self.protocolError)
                }
            }
        }
    }

    @Test("limits are answered: at them 200, one past them 414, 431 and 413")
    func limits() async throws {
        let configuration = HTTPServerConfiguration.with {
            $0.limits.startLineBytesMax = 100
            $0.limits.headerCountMax = 10
            $0.limits.headerBytesMax = 1000
            $0.bodyBytesMax = 10
        }
        let reading = AsyncHTTPHandler { exchange in
            _ = try await exchange.collectBody(upTo: 100)
            await exchange.sendResponse(.ok)
        }
        try await withServer(reading, configuration: configuration) { test in
            try await TestThread.run {
                let client = try test.http2Client()
                var stream: UInt32 = 1
                func status(_ lines: [(String, String)], _ body: [UInt8] = []) throws -> String {
                    defer { stream += 2 }
                    try client.send(HTTP2Client.headers(stream, lines, ends: body.isEmpty))
                    if !body.isEmpty { try client.send(HTTP2Client.data(stream, body)) }
                    return try client.answer(stream).status
                }
                let path = "/" + String(repeating: "a", count: 99)
                #expect(try status(Self.get([(":path", path)])) == "200")
                #expect(try status(Self.get([(":path", path + "a")])) == "414")
                let lines = (0..<10).map { ("x\($0)", "y") }
                #expect(try status(HTTP2Client.get + lines) == "200")
                #expect(try status(HTTP2Client.get + lines + [("x", "y")]) == "431")
                // 1,320 bytes with 32 a line (RFC 9113 section 6.5.2); the others, and this name, take 202.
                let value = String(repeating: "a", count: 1320 - 202)
                #expect(try status(HTTP2Client.get + [("x", value)]) == "200")
                #expect(try status(HTTP2Client.get + [("x", value + "a")]) == "431")
                #expect(try status(HTTP2Client.post, [UInt8](repeating: 1, count: 10)) == "200")
                #expect(try status(HTTP2Client.post, [UInt8](repeating: 1, count: 11)) == "413")
                let announced = HTTP2Client.post + [("content-length", "11")]
                #expect(try status(announced, [UInt8](repeating: 1, count: 11)) == "413")
                #expect(try status(HTTP2Client.post + [("expect", "x")], [1]) == "417")
                let connect = [(":method", "CONNECT"), (":authority", "a:1")]
                #expect(try status(connect) == "501")
            }
        }
    }

    @Test("a field of 64 KiB is refused with its list, a longer one ends the connection")
    func longField() async throws {
        try await withServer(Self.handler) { test in
            try await TestThread.run {
                for (length, isReset) in [(65_536, false), (65_537, true)] {
                    let client = try test.http2Client()
                    let value = String(repeating: "a", count: length)
                    let block = HTTP2Literals.encode(HTTP2Client.get + [("x", value)])
                    let flags = HTTP2Frame.endStream
                    try client.send(HTTP2Frame(.headers, flags: flags, stream: 1, []))
                    for start in stride(from: 0, to: block.count, by: 16_384) {
                        let end = min(start + 16_384, block.count)
                        let last = end == block.count ? HTTP2Frame.endHeaders : 0
                        let part = Array(block[start..<end])
                        try client.send(HTTP2Frame(.continuation, flags: last, stream: 1, part))
                    }
                    if isReset {
                        #expect(try client.goAway() == 9)
                    } else {
                        #expect(["200", "431"].contains(try client.answer(1).status))
                    }
                }
            }
        }
    }

    @Test("a header list far beyond the limit is cut off while it comes")
    func headerBomb() async throws {
        try await withServer(
            Self.handler,
            configuration: .with { $0.limits.headerBytesMax = 1000 }
        ) { test in
            try await TestThread.run {
                let client = try test.http2Client()
                // One line that enters the table, and then a byte for each repetition of it.
                let line = HTTP2Literals.encode([("x", String(repeating: "a", count: 3000))])
                var block = HTTP2Literals.encode(HTTP2Client.get) + [0x40] + line.dropFirst()
                block += [UInt8](repeating: 0x80 | 62, count: 8000)
                let flags = HTTP2Frame.endHeaders | HTTP2Frame.endStream
                try client.send(HTTP2Frame(.headers, flags: flags, stream: 1, block))
                #expect(try client.answer(1).reset != nil)
                try client.send(HTTP2Client.headers(3, HTTP2Client.get))
                #expect(try client.answer(3).status == "200")
            }
        }
    }

    @Test(
        "errors of the connection end it, with their code",
        arguments: [
            // DATA on an idle stream, SETTINGS of a wrong length, a window of 2^31, a frame that is
            // too large, an even stream, ENABLE_PUSH of 2, PING of 7 bytes, a broken header block,
            // CONTINUATION alone, and a window update of nothing.
            (HTTP2Client.data(1, [1]), 1), (HTTP2Frame(.settings, [1]), 6),
            (HTTP2Frame(.windowUpdate, [0x7F, 255, 255, 255]), 3),
            (HTTP2Frame(.data, stream: 1, [UInt8](repeating: 0, count: 16_385)), 6),
            (HTTP2Client.headers(2, HTTP2Client.get), 1),
            (HTTP2Client.settings([(2, 2)]), 1), (HTTP2Frame(.ping, [1, 2, 3, 4, 5, 6, 7]), 6),
            (HTTP2Frame(.headers, flags: 5, stream: 1, [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]), 9),
            (HTTP2Frame(.continuation, flags: 4, stream: 1, []), 1),
            (HTTP2Frame(.windowUpdate, [0, 0, 0, 0]), 1),
        ] as [(HTTP2Frame, UInt32)]
    )
    func connectionErrors(_ frame: HTTP2Frame, _ code: UInt32) async throws {
        try await withServer(Self.handler) { test in
            try await TestThread.run {
                let client = try test.http2Client()
                try client.send(frame)
                #expect(try client.goAway() == code)
                #expect(client.isEnded())
                #expect(try test.client().get().status == 200)
            }
        }
    }

    @Test(
        "streams may be left out up to the highest number",
        arguments: [[0x7FFF_FFFF], [0x7FFF_FFFD, 0x7FFF_FFFF], [1, 0x7FFF_FFFF], [5, 7]]
            as [[UInt32]]
    )
    func highestStream(_ streams: [UInt32]) async throws {
        try await withServer(Self.handler) { test in
            try await TestThread.run {
                let client = try test.http2Client()
                for stream in streams {
                    try client.send(HTTP2Client.headers(stream, HTTP2Client.get))
                    #expect(try client.answer(stream).status == "200")
                }
                // What was left out is closed (RFC 9113 section 5.1.1).
                try client.send(HTTP2Client.headers(3, HTTP2Client.get))
                #expect(try client.goAway() == Self.protocolError)
                #expect(try test.client().get().status == 200)
            }
        }
    }

    @Test("frames of unknown kinds are ignored, PING is answered")
    func ignores() async throws {
        try await withServer(Self.handler) { test in
            try await TestThread.run {
                let client = try test.http2Client()
                try client.send(
                    HTTP2Frame(kind: 0x77, flags: 0xFF, stream: 0, payload: [1, 2, 3]),
                    HTTP2Frame(.ping, [1, 2, 3, 4, 5, 6, 7, 8])
                )
                let pong = try client.read { $0.isKind(.ping) }
                #expect(pong.flags == 1 && pong.payload == [1, 2, 3, 4, 5, 6, 7, 8])
            }
        }
    }

    @Test("a preface that is none is a request that is refused")
    func preface() async throws {
        try await withServer(Self.handler) { test in
            try await TestThread.run {
                let client = try test.client()
                try client.send("PRI * HTTP/2.0\r\n\r\nSN\r\n\r\n")
                #expect(try client.readToEnd().hasPrefix("HTTP/1.1 505 "))
                let other = try test.client()
                #expect(try other.exchange("PROPFIND / HTTP/1.1\r\nHost: a\r\n\r\n").status == 200)
            }
        }
    }
}

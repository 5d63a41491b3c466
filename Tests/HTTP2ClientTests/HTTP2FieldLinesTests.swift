// SPDX-License-Identifier: Apache-2.0

import HTTP
import TestSupport
import Testing

@testable import HTTP2Client

@Suite("Field lines of HTTP/2 (RFC 9113 sections 8.2 and 8.3)")
struct HTTP2FieldLinesTests {
    private static func pairs(_ head: String) -> [String]? {
        HTTP2FieldLines(requestHead: Array(head.utf8))?.pairs.map { "\($0.name): \($0.value)" }
    }

    @Test("a head becomes pseudo-header fields and fields in lower case")
    func head() {
        let head =
            "POST /a?b=c HTTP/1.1\r\nHost: here:8080\r\nX-One: 1\r\ncontent-length: 3\r\n\r\n"
        #expect(
            Self.pairs(head) == [
                ":method: POST", ":scheme: http", ":authority: here:8080", ":path: /a?b=c",
                "x-one: 1", "content-length: 3",
            ]
        )
    }

    @Test("the asterisk is a path")
    func asterisk() {
        #expect(
            Self.pairs("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n") == [
                ":method: OPTIONS", ":scheme: http", ":authority: a", ":path: *",
            ]
        )
    }

    @Test(
        "what belongs to a connection of HTTP/1.1 is left out (section 8.2.2)",
        arguments: [
            "Connection: Upgrade", "UPGRADE: websocket", "Keep-Alive: timeout=5",
            "Proxy-Connection: close", "Transfer-Encoding: chunked",
        ]
    )
    func connectionFields(_ line: String) {
        #expect(
            Self.pairs("GET / HTTP/1.1\r\nHost: a\r\n\(line)\r\nTE: trailers\r\n\r\n")?.dropFirst(4)
                == ["te: trailers"]
        )
    }

    @Test("white space around a value is no part of it, that within it is; a value may be empty")
    func whiteSpace() {
        let head = "GET / HTTP/1.1\r\nA:\t b  c \r\nD:\r\nE: \r\nF:g:h\r\n\r\n"
        #expect(Self.pairs(head)?.dropFirst(3) == ["a: b  c", "d: ", "e: ", "f: g:h"])
    }

    @Test("no prefix of a head is taken for one with a line that was cut")
    func prefixes() throws {
        let head = Array("GET /a HTTP/1.1\r\nHost: here\r\nX-One: 1\r\n\r\n".utf8)
        let whole = try #require(HTTP2FieldLines(requestHead: head)).pairs.map(\.value)
        for length in head.indices {
            guard let lines = HTTP2FieldLines(requestHead: Array(head[..<length])) else { continue }
            #expect(lines.pairs.allSatisfy { whole.contains($0.value) }, "\(length) bytes")
        }
    }

    @Test("any bytes at all are taken or refused")
    func randomBytes() {
        var random = SeededGenerator(seed: 20_261_121)
        let alphabet = Array(" :\r\n/aA*\t".utf8) + [0, 255]
        for _ in 0..<20_000 {
            let length = Int.random(in: 0..<40, using: &random)
            let bytes = (0..<length).compactMap { _ in alphabet.randomElement(using: &random) }
            _ = HTTP2FieldLines(requestHead: bytes)?.pairs
        }
    }

    @Test("trailers are lines alone; none and invalid ones are none")
    func trailers() {
        let lines = HTTP2FieldLines(trailers: ["Grpc-Status": "0", "Connection": "x"])
        #expect(lines?.pairs.map(\.name) == ["grpc-status"])
        #expect(HTTP2FieldLines(trailers: HTTPFields()) == nil)
        #expect(HTTP2FieldLines(trailers: ["Bad Name": "1"]) == nil)
        #expect(HTTP2FieldLines(trailers: ["Good": "1\r\n2"]) == nil)
    }
}

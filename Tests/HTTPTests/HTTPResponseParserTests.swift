// SPDX-License-Identifier: Apache-2.0

import HTTP
import Testing

@Suite("Response heads (RFC 9112 section 4)")
struct HTTPResponseParserTests {
    struct Valid: Sendable, CustomTestStringConvertible {
        var text: String
        var method = HTTPMethod.get
        var status: HTTPStatus
        var fields: HTTPFields = [:]
        var framing: HTTPBodyFraming
        var isKeepAlive: Bool
        var testDescription: String { "\(self.method) \(self.text)" }
    }

    private static func ok(
        _ lines: String,
        _ fields: HTTPFields,
        _ framing: HTTPBodyFraming,
        isKeepAlive: Bool = true,
        to method: HTTPMethod = .get
    ) -> Valid {
        Valid(
            text: "HTTP/1.1 200 OK\r\n\(lines)\r\n",
            method: method,
            status: .ok,
            fields: fields,
            framing: framing,
            isKeepAlive: isKeepAlive
        )
    }

    static let valid: [Valid] = [
        ok("", [:], .untilClose, isKeepAlive: false),
        ok("Content-Length: 5\r\n", ["Content-Length": "5"], .length(5)),
        ok("Content-Length: 0\r\n", ["Content-Length": "0"], .none),
        ok("Content-Length: 5\r\n", ["Content-Length": "5"], .none, to: .head),
        ok("Transfer-Encoding: chunked\r\n", ["Transfer-Encoding": "chunked"], .chunked),
        ok("Transfer-Encoding: chunked\r\n", ["Transfer-Encoding": "chunked"], .none, to: .head),
        ok(
            "Connection: close\r\nContent-Length: 1\r\n",
            ["Connection": "close", "Content-Length": "1"],
            .length(1),
            isKeepAlive: false
        ),
        Valid(
            text: "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\n",
            status: .ok,
            fields: ["Content-Length": "1"],
            framing: .length(1),
            isKeepAlive: false
        ),
        Valid(
            text: "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\n",
            status: .ok,
            fields: ["Connection": "keep-alive", "Content-Length": "1"],
            framing: .length(1),
            isKeepAlive: true
        ),
        Valid(
            text: "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n",
            status: .noContent,
            fields: ["Content-Length": "5"],
            framing: .none,
            isKeepAlive: true
        ),
        Valid(text: "HTTP/1.1 304\r\n\r\n", status: 304, framing: .none, isKeepAlive: true),
        Valid(
            text: "HTTP/1.1 100 Continue\r\n\r\n",
            status: 100,
            framing: .none,
            isKeepAlive: true
        ),
        Valid(
            text: "HTTP/1.1 999 a\tb é\r\n\r\n",
            status: 999,
            framing: .untilClose,
            isKeepAlive: false
        ),
        Valid(text: "HTTP/1.2 204 \r\n\r\n", status: 204, framing: .none, isKeepAlive: true),
        ok(
            "Content-Length: 5\r\n",
            ["Content-Length": "5"],
            .untilClose,
            isKeepAlive: false,
            to: .connect
        ),
        Valid(text: "HTTP/1.1 404 \r\n\r\n", status: 404, framing: .untilClose, isKeepAlive: false),
    ]

    @Test("reads it at every split point, and stops at its end", arguments: valid)
    func reads(_ valid: Valid) throws {
        let whole = Array(valid.text.utf8)
        for split in whole.indices {
            var parser = HTTPResponseParser()
            let part = Array(whole[..<split])
            #expect(try Self.parse(&parser, part, valid.method) == nil)
            let found = try Self.parse(&parser, whole + Array("rest".utf8), valid.method)
            let (response, consumed) = try #require(found)
            #expect(consumed == whole.count)
            #expect(response.head.status == valid.status)
            #expect(response.head.fields == valid.fields)
            #expect(response.framing == valid.framing)
            #expect(response.isKeepAlive == valid.isKeepAlive)
        }
    }

    private static func parse(
        _ parser: inout HTTPResponseParser,
        _ bytes: [UInt8],
        _ method: HTTPMethod
    ) throws -> (response: HTTPParsedResponse, consumed: Int)? {
        try parser.parse(bytes.span, to: method)
    }

    @Test(
        "refuses the rest",
        arguments: [
            ("HTTP/1.1 20 OK\r\n\r\n", .startLineInvalid),
            ("HTTP/1.1 2000\r\n\r\n", .startLineInvalid),
            ("HTTP/1.1 099 x\r\n\r\n", .startLineInvalid),
            ("HTTP/1.1 2x0 x\r\n\r\n", .startLineInvalid),
            ("HTTP/1.1  200 OK\r\n\r\n", .startLineInvalid),
            ("HTTP/1.x 200 OK\r\n\r\n", .startLineInvalid),
            ("HTTP/2.0 200 OK\r\n\r\n", .startLineInvalid),
            ("http/1.1 200 OK\r\n\r\n", .startLineInvalid),
            ("HTTP/1.1 200\tOK\r\n\r\n", .startLineInvalid),
            ("HTTP/1.1200 OK\r\n\r\n", .startLineInvalid),
            ("HTTP/1.1 200 a\u{0}\r\n\r\n", .startLineInvalid), ("\r\n\r\n", .startLineInvalid),
            ("GET / HTTP/1.1\r\n\r\n", .startLineInvalid), ("HTTP/1.1 200\n\r\n", .lineEndInvalid),
            ("HTTP/1.1 200 OK\r\nA: b\n\r\n", .lineEndInvalid),
            ("HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n", .lineFolded),
            ("HTTP/1.1 200 OK\r\nA : b\r\n\r\n", .fieldNameInvalid),
            ("HTTP/1.1 200 OK\r\nA: \u{1}\r\n\r\n", .fieldValueInvalid),
            (
                "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
                .contentLengthInvalid
            ),
            (
                "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
                .framingAmbiguous
            ),
            ("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", .framingAmbiguous),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", .transferCodingInvalid),
        ] as [(String, HTTPParseError)]
    )
    func refuses(_ text: String, _ error: HTTPParseError) {
        #expect(throws: error) {
            var parser = HTTPResponseParser()
            _ = try Self.parse(&parser, Array(text.utf8), .get)
        }
    }

    @Test("limits are those of requests, at and one past")
    func limits() throws {
        var limits = HTTPLimits()
        limits.startLineBytesMax = 20
        limits.headerBytesMax = 20
        limits.headerCountMax = 2
        func isAccepted(reason: Int, lines: String) -> Bool {
            var parser = HTTPResponseParser(limits: limits)
            let line = "HTTP/1.1 200 " + String(repeating: "a", count: reason) + "\r\n"
            return (try? Self.parse(&parser, Array((line + lines + "\r\n").utf8), .get)) != nil
        }
        #expect(isAccepted(reason: 5, lines: "A: 1\r\nB: 2\r\n"))
        #expect(!isAccepted(reason: 6, lines: ""))
        #expect(!isAccepted(reason: 5, lines: "A:\r\nB:\r\nC:\r\n"))
        #expect(isAccepted(reason: 5, lines: "A: 1234567890123\r\n"))
        #expect(!isAccepted(reason: 5, lines: "A: 12345678901234\r\n"))
    }
}

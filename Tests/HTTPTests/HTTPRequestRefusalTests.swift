// SPDX-License-Identifier: Apache-2.0

import HTTP
import Testing

@Suite("Request heads: refused (RFC 9112)")
struct HTTPRequestRefusalTests {
    typealias Case = (text: String, error: HTTPParseError)

    /// Complete requests but for `lines`, one case each.
    private static func fields(_ lines: String, _ error: HTTPParseError) -> Case {
        ("POST / HTTP/1.1\r\nHost: a\r\n\(lines)\r\n\r\n", error)
    }

    static let startLines: [Case] = [
        " / HTTP/1.1", "GET", "GET /", "GET  HTTP/1.1", "GET  / HTTP/1.1", "GET /  HTTP/1.1",
        "GET / HTTP/1.1 ", " GET / HTTP/1.1", "GET\t/ HTTP/1.1", "GET /\tHTTP/1.1",
        "GE(T / HTTP/1.1",
        "GET / HTTP/1.1x", "GET / http/1.1", "GET / HTTP /1.1", "GET / HTTP/1", "GET / HTTP/1.",
        "GET / HTTP/1,1", "GET / HTTP/1.x", "GET / HTTP/x.1", "GET / HTTP/1.10", "GET / HTTP/11",
        "GET / HTTP/-1.1", "GET / HTTP/01.1", "GET / XTTP/1.1", "GET /\u{7F} HTTP/1.1",
        "GET /é HTTP/1.1", "GET / a HTTP/1.1", "/ HTTP/1.1", "HTTP/1.1 200 OK", "\u{16}\u{3}\u{1}",
    ].map { ("\($0)\r\nHost: a\r\n\r\n", .startLineInvalid) }

    static let versions: [Case] = ["0.9", "2.0", "3.0", "9.9", "0.0"].map {
        ("GET / HTTP/\($0)\r\nHost: a\r\n\r\n", .versionNotSupported)
    }

    static let targets: [Case] = [
        "GET a", "GET *", "GET ?a", "GET a.b:80", "GET /a#b", "GET http:/a", "GET http://",
        "GET http:///a", "GET http://?a", "GET http://u@a/", "GET http://a:b/", "GET ftp://a/",
        "GET ://a/", "GET http//a", "GET http://a,b/", "OPTIONS **", "POST *", "CONNECT /",
        "CONNECT http://a/", "CONNECT a", "CONNECT a:", "CONNECT :80", "CONNECT a:65536",
        "CONNECT *",
        "CONNECT u@a:80", "CONNECT a:80/", "CONNECT [::1:80",
    ].map { ("\($0) HTTP/1.1\r\nHost: a\r\n\r\n", .targetInvalid) }

    static let hosts: [Case] =
        ["", "Host: a\r\nHost: a\r\n", "Host: a\r\nhost: b\r\n", "Host: a b\r\n", "Host: a/b\r\n"]
        .map { ("GET / HTTP/1.1\r\n\($0)\r\n", .hostInvalid) }
        + [
            ("GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n", .hostInvalid),
            ("GET http://a/ HTTP/1.1\r\n\r\n", .hostInvalid),
            ("GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", .hostInvalid),
            ("GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", .hostInvalid),
        ]

    static let fieldLines: [Case] = [
        fields("X : a", .fieldNameInvalid), fields("X\t: a", .fieldNameInvalid),
        fields(": a", .fieldNameInvalid), fields("X", .fieldNameInvalid),
        fields("X a", .fieldNameInvalid), fields("X@Y: a", .fieldNameInvalid),
        fields("é: a", .fieldNameInvalid), fields("\"X\": a", .fieldNameInvalid),
        fields(" X: a", .lineFolded), fields("\tX: a", .lineFolded),
        fields("X: a\r\n b", .lineFolded), fields("X: a\r\n\tb", .lineFolded),
        fields("X: a\r\n ", .lineFolded), fields("X: a\u{0}b", .fieldValueInvalid),
        fields("X: \u{7F}", .fieldValueInvalid), fields("X: a\u{B}b", .fieldValueInvalid),
        fields("X: \u{1B}[1m", .fieldValueInvalid), fields("X: a\u{8}", .fieldValueInvalid),
        ("GET / HTTP/1.1\r\n Host: a\r\n\r\n", .lineFolded),
    ]

    static let framings: [Case] = [
        fields("Content-Length: 5\r\nContent-Length: 5", .contentLengthInvalid),
        fields("Content-Length: 5\r\nContent-Length: 6", .contentLengthInvalid),
        fields("Content-Length: 5\r\ncontent-length: 5", .contentLengthInvalid),
        fields("Content-Length: 5, 5", .contentLengthInvalid),
        fields("Content-Length:", .contentLengthInvalid),
        fields("Content-Length: +5", .contentLengthInvalid),
        fields("Content-Length: -5", .contentLengthInvalid),
        fields("Content-Length: 5a", .contentLengthInvalid),
        fields("Content-Length: 0x5", .contentLengthInvalid),
        fields("Content-Length: 5 5", .contentLengthInvalid),
        fields("Content-Length: 9223372036854775808", .contentLengthInvalid),
        fields("Content-Length: 5\r\nTransfer-Encoding: chunked", .framingAmbiguous),
        fields("Transfer-Encoding: chunked\r\nContent-Length: 5", .framingAmbiguous),
        fields("Transfer-Encoding: chunked\r\nContent-Length: 0", .framingAmbiguous),
        fields("Transfer-Encoding: chunked\r\nContent-Length: x", .contentLengthInvalid),
        ("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", .framingAmbiguous),
        ("POST / HTTP/1.0\r\nTransfer-Encoding: gzip\r\n\r\n", .framingAmbiguous),
    ]

    static let codings: [Case] =
        [
            "gzip", "chunked, gzip", "chunked, chunked", "chunked,", ",chunked", "", ",",
            "identity", "chunked; a=b", "xchunked", "chunkedx", "\"chunked\"", "chunked chunked",
            "@, chunked", "gzip chunked", "chunked\r\nTransfer-Encoding: chunked",
            "chunked\r\nTransfer-Encoding: identity", "chunked\r\nTransfer-Encoding:",
            "chunked, gzip, chunked",
        ].map { fields("Transfer-Encoding: \($0)", .transferCodingInvalid) }
        + [
            "gzip, chunked", "gzip\r\nTransfer-Encoding: chunked", "gzip ;q=1,Chunked",
            "identity, chunked", "gzip,\tdeflate , chunked",
        ].map { fields("Transfer-Encoding: \($0)", .transferCodingUnsupported) }
        + [fields("Transfer-Encoding: chunked\u{B}", .fieldValueInvalid)]

    static let expectations: [Case] = [
        "100-continue, x", "x", "100-continue;q=1", "100", "\"100-continue\"",
        "100-continue\r\nExpect: x", "x\r\nExpect: 100-continue",
    ].map { fields("Expect: \($0)", .expectationUnknown) }

    static let all: [Case] = [
        startLines, versions, targets, hosts, fieldLines, framings, codings, expectations,
    ].flatMap { $0 }

    @Test("says why", arguments: all)
    func refuses(_ text: String, _ error: HTTPParseError) {
        #expect(throws: error) { try parseRequest(text) }
        #expect(throws: error) { try parseRequest(text + "GET / HTTP/1.1\r\nHost: a\r\n\r\n") }
        // However slowly it comes, it is refused no later than with its last byte.
        #expect(throws: HTTPParseError.self) { try self.feedSlowly(Array(text.utf8)) }
    }

    private func feedSlowly(_ whole: [UInt8]) throws {
        var parser = HTTPRequestParser()
        for length in 1...whole.count { _ = try parser.parse(bytes: whole[..<length]) }
    }

    @Test("eight empty lines before a request are passed over, at every split point; nine are not")
    func emptyLines() throws {
        let request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
        for count in 0...8 {
            let whole = Array((String(repeating: "\r\n", count: count) + request).utf8)
            for length in whole.indices {
                var parser = HTTPRequestParser()
                #expect(try parser.parse(bytes: whole[..<length]) == nil)
                #expect(try parser.parse(bytes: whole)?.consumed == whole.count)
            }
        }
        let nine = String(repeating: "\r\n", count: 9)
        #expect(throws: HTTPParseError.startLineInvalid) { try parseRequest(nine) }
        #expect(throws: HTTPParseError.startLineInvalid) { try parseRequest(nine + request) }
        #expect(throws: HTTPParseError.lineEndInvalid) { try parseRequest("\rG") }
        #expect(throws: HTTPParseError.lineEndInvalid) { try parseRequest("\r\n\rG") }
        #expect(throws: HTTPParseError.lineEndInvalid) { try parseRequest("\n") }
    }

    @Test("a wrong line is refused as soon as it is complete", arguments: startLines + versions)
    func startLineAlone(_ text: String, _ error: HTTPParseError) throws {
        try Self.checkLastByte(of: text.bytes(through: "\r\n"), error)
    }

    @Test("so is a wrong field line, with no empty line behind it", arguments: fieldLines)
    func fieldLineAlone(_ text: String, _ error: HTTPParseError) throws {
        try Self.checkLastByte(of: Array(text.utf8.dropLast(2)), error)
    }

    /// All but the last byte leave it open, however they come; the last decides.
    private static func checkLastByte(of bytes: [UInt8], _ error: HTTPParseError) throws {
        #expect(throws: error) { try parseRequest(bytes) }
        var parser = HTTPRequestParser()
        for length in bytes.indices {
            #expect(try parser.parse(bytes: bytes[..<length]) == nil, "\(length) bytes")
        }
        #expect(throws: error) { try parser.parse(bytes: bytes[...]) }
    }
}

extension String {
    /// The bytes up to the first `end`, with it.
    fileprivate func bytes(through end: String) -> [UInt8] {
        let end = Array(end.utf8)
        let bytes = Array(self.utf8)
        let index = bytes.indices.first { bytes[$0...].starts(with: end) } ?? bytes.endIndex
        return Array(bytes[..<index]) + end
    }
}

@Suite("Request heads: limits")
struct HTTPRequestLimitTests {
    /// A request whose parts have exactly these measures.
    private static func request(line: Int, header: Int, count: Int) -> String {
        let target = String(repeating: "a", count: line - "GET / HTTP/1.1\r\n".utf8.count)
        var lines = ["Host: a"]
        lines += (1..<count).map { "X\($0): " }
        let used = lines.reduce(0) { $0 + $1.count + 2 } + 2
        precondition(header >= used, "the header has room for its lines")
        lines[count - 1] += String(repeating: "b", count: header - used)
        return "GET /\(target) HTTP/1.1\r\n" + lines.map { $0 + "\r\n" }.joined() + "\r\n"
    }

    private static var limits: HTTPLimits {
        var limits = HTTPLimits()
        limits.startLineBytesMax = 40
        limits.headerBytesMax = 200
        limits.headerCountMax = 5
        return limits
    }

    @Test("all at their limits is accepted, at every split point")
    func atLimits() throws {
        let whole = Array(Self.request(line: 40, header: 200, count: 5).utf8)
        #expect(whole.count == 240)
        for length in whole.indices {
            var parser = HTTPRequestParser(limits: Self.limits)
            #expect(try parser.parse(bytes: whole[..<length]) == nil)
            #expect(try #require(try parser.parse(bytes: whole)).consumed == 240)
        }
    }

    @Test(
        "one past a limit is refused, at every split point",
        arguments: [
            (41, 200, 5, HTTPParseError.startLineTooLong), (40, 201, 5, .headerTooLarge),
            (40, 200, 6, .headerCountExceeded),
        ]
    )
    func pastLimits(_ line: Int, _ header: Int, _ count: Int, _ error: HTTPParseError) {
        let whole = Array(Self.request(line: line, header: header, count: count).utf8)
        #expect(throws: error) { try parseRequest(whole, limits: Self.limits) }
        for length in whole.indices {
            #expect(throws: error) {
                var parser = HTTPRequestParser(limits: Self.limits)
                _ = try parser.parse(bytes: whole[..<length])
                _ = try parser.parse(bytes: whole)
            }
        }
    }

    @Test("what never ends is refused at the limit, not kept for ever")
    func endless() {
        let line = Array(repeating: UInt8(ascii: "a"), count: 39)
        #expect(throws: Never.self) { try parseRequest(line, limits: Self.limits) }
        #expect(throws: HTTPParseError.startLineTooLong) {
            try parseRequest(line + [0x61], limits: Self.limits)
        }
        let start = Array("GET / HTTP/1.1\r\n".utf8)
        let header = Array(repeating: UInt8(ascii: "a"), count: 200)
        #expect(throws: Never.self) { try parseRequest(start + header, limits: Self.limits) }
        #expect(throws: HTTPParseError.headerTooLarge) {
            try parseRequest(start + header + [0x61], limits: Self.limits)
        }
    }

    @Test("the defaults are the documented ones")
    func defaults() throws {
        let limits = HTTPLimits()
        #expect(limits.startLineBytesMax == 8192)
        #expect(limits.headerBytesMax == 65_536)
        #expect(limits.headerCountMax == 128)
        #expect(limits.trailerBytesMax == 8192)
        #expect(limits.chunkExtensionBytesMax == 1024)
        #expect(limits.chunkExtensionBytesTotalMax == 16_384)
        #expect(try parseRequest(Self.request(line: 8192, header: 65_536, count: 128)) != nil)
        #expect(throws: HTTPParseError.startLineTooLong) {
            try parseRequest(Self.request(line: 8193, header: 100, count: 1))
        }
        #expect(throws: HTTPParseError.headerTooLarge) {
            try parseRequest(Self.request(line: 20, header: 65_537, count: 2))
        }
        #expect(throws: HTTPParseError.headerCountExceeded) {
            try parseRequest(Self.request(line: 20, header: 4000, count: 129))
        }
    }
}

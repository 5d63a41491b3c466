// SPDX-License-Identifier: Apache-2.0

import HTTP
import Testing

/// Parses with a fresh parser.
func parseRequest(
    _ bytes: [UInt8],
    limits: HTTPLimits = HTTPLimits()
) throws(HTTPParseError) -> (request: HTTPParsedRequest, consumed: Int)? {
    var parser = HTTPRequestParser(limits: limits)
    return try parser.parse(bytes.span)
}

func parseRequest(
    _ text: String,
    limits: HTTPLimits = HTTPLimits()
) throws(HTTPParseError) -> (request: HTTPParsedRequest, consumed: Int)? {
    try parseRequest(Array(text.utf8), limits: limits)
}

extension HTTPRequestParser {
    /// Lends the bytes as a span, which the macros of the tests cannot take.
    mutating func parse(
        bytes: some Collection<UInt8>
    ) throws(HTTPParseError) -> (request: HTTPParsedRequest, consumed: Int)? {
        let bytes = Array(bytes)
        return try self.parse(bytes.span)
    }
}

@Suite("Request heads: accepted (RFC 9112)")
struct HTTPRequestParserTests {
    struct Valid: Sendable, CustomTestStringConvertible {
        var text: String
        var method: HTTPMethod = .get
        var target = "/"
        var minorVersion: UInt8 = 1
        var fields: HTTPFields = ["Host": "a"]
        var framing = HTTPBodyFraming.none
        var isKeepAlive = true
        var expectsContinue = false
        var testDescription: String { self.text }
    }

    private static func post(
        _ lines: String,
        _ fields: HTTPFields,
        _ framing: HTTPBodyFraming
    )
        -> Valid
    {
        var all: HTTPFields = ["Host": "a"]
        for (name, value) in fields.lowercasedPairs { all.append(name, value) }
        return Valid(
            text: "POST / HTTP/1.1\r\nHost: a\r\n\(lines)\r\n",
            method: .post,
            fields: all,
            framing: framing
        )
    }

    static let valid: [Valid] = [
        Valid(text: "GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
        Valid(text: "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"),
        Valid(text: "GET / HTTP/1.1\r\nHost:a\r\n\r\n"),
        Valid(text: "GET / HTTP/1.1\r\nHost: \t a \t \r\n\r\n"),
        Valid(text: "GET / HTTP/1.1\r\nhOST: a\r\n\r\n"),
        Valid(text: "GET / HTTP/1.1\r\nHost:\r\n\r\n", fields: ["Host": ""]),
        Valid(
            text: "DELETE /a%20b?c=d&e=%00 HTTP/1.1\r\nHost: a:80\r\n\r\n",
            method: .delete,
            target: "/a%20b?c=d&e=%00",
            fields: ["Host": "a:80"]
        ),
        Valid(text: "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", method: .options, target: "*"),
        Valid(text: "GET http://b/c?d HTTP/1.1\r\nHost: a\r\n\r\n", target: "http://b/c?d"),
        Valid(text: "GET HTTPS://b HTTP/1.1\r\nHost: a\r\n\r\n", target: "HTTPS://b"),
        Valid(
            text: "CONNECT a.b:443 HTTP/1.1\r\nHost: a\r\n\r\n",
            method: .connect,
            target: "a.b:443"
        ),
        Valid(
            text: "CONNECT [::1]:80 HTTP/1.1\r\nHost: a\r\n\r\n",
            method: .connect,
            target: "[::1]:80"
        ),
        // A higher minor version is one that this one can read (RFC 9110 section 2.5).
        Valid(text: "GET / HTTP/1.2\r\nHost: a\r\n\r\n"),
        Valid(text: "GET / HTTP/1.9\r\nHost: a\r\n\r\n"),
        Valid(text: "M-SEARCH / HTTP/1.1\r\nHost: a\r\n\r\n", method: "M-SEARCH"),
        Valid(text: "GEX / HTTP/1.1\r\nHost: a\r\n\r\n", method: "GEX"),
        Valid(text: "PONT / HTTP/1.1\r\nHost: a\r\n\r\n", method: "PONT"),
        Valid(text: "get / HTTP/1.1\r\nHost: a\r\n\r\n", method: "get"),
        Valid(text: "GET / HTTP/1.0\r\n\r\n", minorVersion: 0, fields: [:], isKeepAlive: false),
        Valid(
            text: "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n",
            minorVersion: 0,
            fields: ["Connection": "Keep-Alive"]
        ),
        Valid(
            text: "GET / HTTP/1.1\r\nHost: a\r\nConnection: x, Close\r\n\r\n",
            fields: ["Host": "a", "Connection": "x, Close"],
            isKeepAlive: false
        ),
        Valid(
            text: "GET / HTTP/1.1\r\nHost: a\r\nX:\r\nX: \r\nY: a:b, c\td\r\n\r\n",
            fields: ["Host": "a", "X": "", "X": "", "Y": "a:b, c\td"]
        ),
        post("Content-Length: 0\r\n", ["Content-Length": "0"], .none),
        post("Content-Length: 0005\r\n", ["Content-Length": "0005"], .length(5)),
        post(
            "content-length: 9223372036854775807\r\n",
            ["content-length": "9223372036854775807"],
            .length(.max)
        ),
        post("Transfer-Encoding: chunked\r\n", ["Transfer-Encoding": "chunked"], .chunked),
        post("transfer-encoding:CHUNKED \r\n", ["transfer-encoding": "CHUNKED"], .chunked),
        Valid(
            text: "PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nContent-Length: 1\r\n\r\n",
            method: .put,
            fields: ["Host": "a", "Expect": "100-Continue", "Content-Length": "1"],
            framing: .length(1),
            expectsContinue: true
        ),
        Valid(
            text:
                "PUT / HTTP/1.1\r\nHost: a\r\nExpect: , 100-continue\r\nContent-Length: 1\r\n\r\n",
            method: .put,
            fields: ["Host": "a", "Expect": ", 100-continue", "Content-Length": "1"],
            framing: .length(1),
            expectsContinue: true
        ),
        Valid(
            text: "PUT / HTTP/1.1\r\nHost: a\r\nExpect:\r\nContent-Length: 1\r\n\r\n",
            method: .put,
            fields: ["Host": "a", "Expect": "", "Content-Length": "1"],
            framing: .length(1)
        ),
        Valid(
            text: "PUT / HTTP/1.0\r\nExpect: x\r\n\r\n",
            method: .put,
            minorVersion: 0,
            fields: ["Expect": "x"],
            isKeepAlive: false
        ),
        Valid(
            text: "GET / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n",
            fields: ["Host": "a", "Expect": "100-continue"]
        ),
        Valid(
            text: "PUT / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n",
            method: .put,
            minorVersion: 0,
            fields: ["Expect": "100-continue", "Content-Length": "1"],
            framing: .length(1),
            isKeepAlive: false
        ),
    ]

    @Test("reads it, and stops at its end", arguments: valid)
    func reads(_ valid: Valid) throws {
        for rest in ["", "GET /next", "\r\n"] {
            let (request, consumed) = try #require(try parseRequest(valid.text + rest))
            #expect(consumed == valid.text.utf8.count)
            #expect(request.head.method == valid.method)
            #expect(request.head.target == valid.target)
            #expect(request.head.minorVersion == valid.minorVersion)
            #expect(request.head.fields == valid.fields)
            #expect(request.framing == valid.framing)
            #expect(request.isKeepAlive == valid.isKeepAlive)
            #expect(request.expectsContinue == valid.expectsContinue)
        }
    }

    @Test("every proper prefix asks for more", arguments: valid)
    func prefixes(_ valid: Valid) throws {
        let whole = Array(valid.text.utf8)
        for length in whole.indices {
            #expect(try parseRequest(Array(whole[..<length])) == nil, "\(length) bytes")
        }
    }

    @Test("every split point, and byte by byte, gives the same", arguments: valid)
    func splits(_ valid: Valid) throws {
        let whole = Array(valid.text.utf8)
        let expected = try #require(try parseRequest(whole))
        for length in whole.indices {
            var parser = HTTPRequestParser()
            _ = try parser.parse(bytes: whole[..<length])
            let found = try #require(try parser.parse(bytes: whole))
            #expect(found == expected, "split at \(length)")
        }
        var parser = HTTPRequestParser()
        for length in 0..<whole.count {
            #expect(try parser.parse(bytes: whole[..<length]) == nil)
        }
        #expect(try #require(try parser.parse(bytes: whole)) == expected)
        // And the parser is as new afterwards.
        #expect(try #require(try parser.parse(bytes: whole)) == expected)
    }

    @Test("a line end in any odd place is refused: bare CR, bare LF", arguments: ["\r", "\n"])
    func bareLineEnds(_ character: String) throws {
        let whole = Array("GET /a HTTP/1.1\r\nHost: a\r\nX-Y: b\r\n\r\n".utf8)
        // Between the last CR and LF a further LF would be the first byte of the next request.
        for index in whole.indices where character == "\r" || index < whole.count - 1 {
            var changed = whole
            changed.insert(contentsOf: character.utf8, at: index)
            changed += Array("more".utf8)
            #expect(throws: HTTPParseError.lineEndInvalid, "inserted at \(index)") {
                try parseRequest(changed)
            }
        }
    }

    @Test("so is NUL in any place")
    func nul() {
        let whole = Array("GET /a HTTP/1.1\r\nHost: a\r\nX-Y: b\r\n\r\n".utf8)
        for index in whole.indices {
            var changed = whole
            changed.insert(0, at: index)
            changed += whole
            #expect(throws: HTTPParseError.self, "at \(index)") { try parseRequest(changed) }
            changed = whole
            changed[index] = 0
            changed += whole
            #expect(throws: HTTPParseError.self, "at \(index)") { try parseRequest(changed) }
        }
    }

    @Test("all 256 bytes in method, target, name and value")
    func everyByte() {
        func isAccepted(_ before: String, _ byte: UInt8, _ after: String) -> Bool {
            let bytes = Array(before.utf8) + [byte] + Array((after + "\r\n\r\n").utf8)
            return ((try? parseRequest(bytes)) ?? nil) != nil
        }
        for byte in UInt8.min...UInt8.max {
            let method = isAccepted("G", byte, "T / HTTP/1.1\r\nHost: a")
            #expect(method == HTTPText.isToken(byte), "byte \(byte) in a method")
            let target = isAccepted("GET /a", byte, "b HTTP/1.1\r\nHost: a")
            let isTarget = HTTPText.isTarget(byte) && byte != UInt8(ascii: "#")
            #expect(target == isTarget, "byte \(byte) in a target")
            let name = isAccepted("GET / HTTP/1.1\r\nHost: a\r\nX", byte, "Y: b")
            let isName = HTTPText.isToken(byte) || byte == UInt8(ascii: ":")
            #expect(name == isName, "byte \(byte) in a name")
            let value = isAccepted("GET / HTTP/1.1\r\nHost: a\r\nX: b", byte, "c")
            #expect(value == HTTPText.isFieldValue(byte), "byte \(byte) in a value")
        }
    }

    @Test("values that are no UTF-8 are kept as bytes")
    func otherBytes() throws {
        let bytes = Array("GET / HTTP/1.1\r\nHost: a\r\nX: ".utf8) + [0xFF, 0x80, 13, 10, 13, 10]
        let (request, _) = try #require(try parseRequest(bytes))
        #expect(request.head.fields.valueBytes("x").map(Array.init) == [0xFF, 0x80])
        #expect(request.head.fields["x"] == "\u{FFFD}\u{FFFD}")
    }

    @Test("pipelined requests are read one after the other")
    func pipelined() throws {
        let texts = Self.valid.map(\.text).filter { !$0.hasPrefix("\r\n") }
        var rest = Array(texts.joined().utf8)[...]
        var parser = HTTPRequestParser()
        for text in texts {
            let (_, consumed) = try #require(try parser.parse(bytes: rest))
            #expect(consumed == text.utf8.count)
            rest = rest.dropFirst(consumed)
        }
        #expect(rest.isEmpty)
    }
}

extension HTTPParsedRequest: CustomTestStringConvertible {
    package var testDescription: String { "\(self.head.method) \(self.head.target)" }
}

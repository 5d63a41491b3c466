// SPDX-License-Identifier: Apache-2.0

import HTTP
import Testing

@Suite("The start of a request (RFC 9112 sections 2.2 and 3.1)")
struct HTTPRequestStartTests {
    private static let token = Set(
        "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ".utf8
    )

    private static func isPossible(_ bytes: [UInt8]) -> Bool {
        (try? HTTPRequestParser.checkStart(bytes.span)) != nil
    }

    @Test(
        "every prefix of a request is possible",
        arguments: [
            "GET / HTTP/1.1\r\nHost: a\r\n", "\r\nPOST /x HTTP/1.1\r\n", "PRI * HTTP/2.0\r\n\r\nSM",
            "\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\nGET",
        ]
    )
    func prefixes(_ request: String) {
        let bytes = Array(request.utf8)
        for count in 0...bytes.count {
            #expect(Self.isPossible(Array(bytes[..<count])), "\(count)")
        }
    }

    @Test("all 256 bytes are judged as parts of a method, at its start and within it")
    func bytes() {
        for byte in UInt8.min...UInt8.max {
            let isToken = Self.token.contains(byte)
            #expect(Self.isPossible([byte]) == (isToken || byte == 0x0D), "\(byte)")
            #expect(Self.isPossible([0x47, byte]) == (isToken || byte == 0x20), "\(byte)")
            let second = [0x0D, 0x0A, byte]
            #expect(Self.isPossible(second) == (isToken || byte == 0x0D), "\(byte)")
        }
    }

    @Test("a method is looked at up to the limit, and not one byte past it")
    func limit() {
        let method = [UInt8](repeating: 0x41, count: 63)
        #expect(!Self.isPossible(method + [0]))
        #expect(Self.isPossible(method + [0x41, 0]))
    }
}

// SPDX-License-Identifier: Apache-2.0

import HTTP
import TestSupport
import Testing

@Suite("Targets and hosts (RFC 9112 section 3.2, RFC 3986 section 3.2)")
struct HTTPMessagesTests {
    @Test(
        "cuts a target into authority, path and query",
        arguments: [
            ("/", "h", "/", nil), ("/a/b", "h", "/a/b", nil), ("/a?b=c", "h", "/a", "b=c"),
            ("/?", "h", "/", ""), ("/a?b?c", "h", "/a", "b?c"), ("*", "h", "*", nil),
            ("//a/b", "h", "//a/b", nil), ("/http://x/y", "h", "/http://x/y", nil),
            ("/a?u=http://x/y", "h", "/a", "u=http://x/y"), ("/%2F", "h", "/%2F", nil),
            ("http://x", "x", "/", nil), ("http://x/", "x", "/", nil),
            ("http://x:80/a?b", "x:80", "/a", "b"), ("https://x?b", "x", "/", "b"),
            ("HTTP://x/a", "x", "/a", nil), ("http://[::1]:8/a", "[::1]:8", "/a", nil),
            ("http://x/a?u=ftp://y/z", "x", "/a", "u=ftp://y/z"),
        ] as [(String, String, String, String?)]
    )
    func cuts(_ target: String, _ authority: String, _ path: String, _ query: String?) {
        let head = HTTPRequestHead(method: .get, target: target, fields: ["Host": "h"])
        #expect(head.authority == authority)
        #expect(head.path == path)
        #expect(head.query == query)
    }

    @Test("without a Host an origin-form target has no authority")
    func noAuthority() {
        #expect(HTTPRequestHead(method: .get, target: "/").authority == nil)
        #expect(HTTPRequestHead(method: .get, target: "").path == "")
    }

    @Test(
        "valid hosts",
        arguments: [
            ("localhost", "localhost"), ("Example.ORG:8080", "example.org"), ("a:", "a"),
            ("exam-generator.exam.localhost:80", "exam-generator.exam.localhost"),
            ("127.0.0.1:1", "127.0.0.1"), ("[::1]", "[::1]"), ("[::1]:80", "[::1]"),
            ("[::FFFF:1.2.3.4]:", "[::ffff:1.2.3.4]"), ("a_b~c", "a_b~c"), ("%41", "%41"),
            ("a!$&'()*+;=", "a!$&'()*+;="), ("a:65535", "a"), ("a:00080", "a"),
            ("[::]:0", "[::]"), ("[1:2:3:4:5:6:7:8]", "[1:2:3:4:5:6:7:8]"), ("[1::]", "[1::]"),
            ("[1:2:3:4:5:6:7::]", "[1:2:3:4:5:6:7::]"), ("[::2:3:4:5:6:7:8]", "[::2:3:4:5:6:7:8]"),
            ("[1:2:3:4:5:6:1.2.3.4]", "[1:2:3:4:5:6:1.2.3.4]"),
            ("[1::255.0.10.9]", "[1::255.0.10.9]"),
        ]
    )
    func validHosts(_ text: String, _ name: String) {
        #expect(HTTPHost.isValid(text))
        #expect(HTTPHost.name(of: text) == name)
    }

    @Test(
        "invalid hosts",
        arguments: [
            "", ":", ":80", "a b", "a,b", "a/b", "a?b", "a#b", "user@a", "a:b", "a:80:90", "a:-1",
            "a:+1", "a: 80", "a:８", "[", "]", "[]", "[]:80", "[::1", "::1", "[::1]a", "[::1]80",
            "[::1]:a", "[::1]:80:90", "[::1][::2]", "[[::1]]", "[g::]", "[::1%lo]", "a[::1]", "%4",
            "%4g", "%", "a:65536", "a:99999999999999999999", "[:]", "[:::]", "[1:2:3:4:5:6:7]",
            "[1:2:3:4:5:6:7:8:9]", "[1::2::3]", "[1:2:3:4:5:6:7:8::]", "[::1:2:3:4:5:6:7:8]",
            "[12345::]", "[1:]", "[:1]", "[1.2.3.4]", "[::1.2.3]", "[::1.2.3.256]", "[::1.2.3.04]",
            "[::1.2.3.4:5]", "[1:2:3:4:5:6:7:1.2.3.4]", "[v1.a]", "[::1%25lo]", "[::1.2.3.4.5]",
            "a\\b", "é", "a\u{0}", "a\"", "<a>", "a\t",
        ]
    )
    func invalidHosts(_ text: String) { #expect(!HTTPHost.isValid(text)) }

    @Test("all 256 bytes within a host")
    func hostBytes() {
        let letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
        let allowed = Set((letters + "-._~!$&'()*+;=").utf8)
        for byte in UInt8(1)..<128 {
            let host = "a" + String(UnicodeScalar(byte)) + "b"
            #expect(HTTPHost.isValid(host) == allowed.contains(byte), "byte \(byte)")
        }
    }

    @Test("the field is judged as its text is, however long it is")
    func hostField() throws {
        var random = SeededGenerator()
        let pieces = [
            "a", "exam-generator.default", ".example.com", "-", ":", ":80", ":65536", "%4", "%41",
            "_", "/", "[::1]", "é", "@", "127.0.0.1", "0", ",",
        ]
        var validCount = 0
        for _ in 0..<3_000 {
            let host = (0..<Int.random(in: 1...4, using: &random)).map { _ in
                pieces.randomElement(using: &random) ?? "a"
            }.joined()
            let isValid = HTTPHost.isValid(host)
            for rest in ["", "X: what follows is longer than a vector\r\n"] {
                let text = "GET / HTTP/1.1\r\nHost: \(host)\r\n\(rest)\r\n"
                let isAccepted = (try? parseRequest(Array(text.utf8))) != nil
                #expect(isAccepted == isValid, "\(host), seed \(SeededGenerator.seed)")
            }
            if isValid { validCount += 1 }
        }
        #expect(validCount > 300)
    }
}

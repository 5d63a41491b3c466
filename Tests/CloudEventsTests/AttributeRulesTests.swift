// SPDX-License-Identifier: Apache-2.0

import Bytes
import Testing

@testable import CloudEvents

@Suite("Names and values of attributes (CloudEvents 1.0.2 section 3.1)")
struct AttributeRulesTests {
    @Test("all 256 byte values in a name: only a-z and 0-9")
    func nameCharacters() {
        let allowed = Set("abcdefghijklmnopqrstuvwxyz0123456789".utf8)
        for byte in UInt8.min...UInt8.max {
            let name = "a" + String(Unicode.Scalar(byte))
            #expect(AttributeName.isValid(name) == allowed.contains(byte), "byte \(byte)")
        }
    }

    @Test("names", arguments: [("", false), ("data", false), ("datax", true), ("0", true)])
    func names(_ name: String, _ isName: Bool) {
        #expect(AttributeName.isValid(name) == isName)
    }

    /// The rule of the specification, word for word.
    static func isAllowed(_ value: UInt32) -> Bool {
        switch value {
        case 0...0x1F, 0x7F...0x9F, 0xFDD0...0xFDEF: false
        default: value & 0xFFFE != 0xFFFE
        }
    }

    @Test("characters of a String: the refused ones and their neighbours")
    func characters() {
        var interesting: Set<UInt32> = Set(0...0x3FF)
        for value: UInt32 in 0xFDB0...0xFE10 { interesting.insert(value) }
        for plane: UInt32 in 0...16 {
            for low: UInt32 in 0xFFF0...0xFFFF { interesting.insert(plane << 16 | low) }
            for low: UInt32 in 0xFE0...0x1000 {
                interesting.insert(plane << 16 | low << 4 & 0xFFFF)
            }
        }
        for value in interesting {
            guard let scalar = Unicode.Scalar(value) else { continue }
            let text = "a\(Character(scalar))z"
            #expect(AttributeRules.isAllowed(text) == Self.isAllowed(value), "U+\(value)")
        }
    }

    static let references: [(text: String, isReference: Bool, isAbsolute: Bool)] = [
        ("https://example.com/a?b#c", true, true),
        ("mailto:cncf-wg-serverless@lists.cncf.io", true, true),
        ("urn:uuid:6e8bc430-9c3a-11d9-9669-0800200c9a66", true, true),
        ("/cloudevents/spec/pull/123", true, false),
        ("1-555-123-4567", true, false),
        ("/apis/v1/namespaces/exam/kafkasources/source#topic", true, false),
        ("minio:s3..exams", true, true),
        ("//host:80/path", true, false),
        ("http://[2001:db8::1]:80/", true, true),
        ("#fragment", true, false),
        ("?query", true, false),
        ("..", true, false),
        ("a+b-c.d:e", true, true),
        ("%7Ejoe%c3%a9", true, false),
        ("x:", true, true),
        ("http://a:80/", true, true),
        ("http://a:/", true, true),
        ("http://u:p@a:1?q", true, true),
        ("//[::1]:80#f", true, false),
        ("file:///etc/hosts", true, true),
        ("http://u@[v1.a:b]:1/", true, true),
        ("http://@a", true, true),
        ("http://a%20b,c/", true, true),
        ("http://a:b/", false, false),
        ("http://x[zz]/", false, false),
        ("http://[zz]/", false, false),
        ("http://[1:2]/", false, false),
        ("http://[::1]a/", false, false),
        ("http://[v.a]/", false, false),
        ("http://[v1.]/", false, false),
        ("http://[]/", false, false),
        ("http://a[::1]b/", false, false),
        ("http://u[@a/", false, false),
        ("http://u@v@w/", false, false),
        ("http://%4@a/", false, false),
        ("http://a%2", false, false),
        ("http://a:8o", false, false),
        ("//u@a:b", false, false),
        ("http://a:1:2/", false, false),
        ("http://[::1]:x/", false, false),
        ("http://a:%31/", false, false),
        ("", false, false),
        (":a", false, false),
        ("1a:b", false, false),
        ("a b:c", false, false),
        ("a b", false, false),
        ("é", false, false),
        ("/a%4", false, false),
        ("/a%4g", false, false),
        ("/a%", false, false),
        ("#a#b", false, false),
        ("/a#b#c", false, false),
        ("/a[b]", false, false),
        ("http://[::1", false, false),
        ("http://::1]/", false, false),
        ("http://[[::1]]/", false, false),
        ("<a>", false, false),
        ("a\"b", false, false),
        ("a\\b", false, false),
        ("a^b", false, false),
        ("a`b", false, false),
        ("a{b}", false, false),
        ("a|b", false, false),
        ("a\u{7F}", false, false),
        ("a\nb", false, false),
    ]

    @Test("URIs and URI-references (RFC 3986)", arguments: references)
    func uri(_ text: String, _ isReference: Bool, _ isAbsolute: Bool) {
        #expect(URIRules.isReference(text) == isReference)
        #expect(URIRules.isAbsolute(text) == isAbsolute)
    }

    @Test("all 256 byte values in a path are judged as RFC 3986 section 3.3 says")
    func uriCharacters() {
        let letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
        let allowed = Set("\(letters)-._~!$&'()*+,;=:@/?#".utf8)
        // Around the edges of what is looked at at once.
        for (before, after) in [(0, 0), (0, 20), (6, 0), (14, 20), (15, 20), (16, 20), (30, 1)] {
            let start = "/" + String(repeating: "z", count: before)
            let end = String(repeating: "z", count: after)
            for byte in UInt8.min...UInt8.max {
                let text = start + String(Unicode.Scalar(byte)) + end
                #expect(URIRules.isReference(text) == allowed.contains(byte), "\(text)")
            }
        }
    }

    @Test(
        "media types that are JSON",
        arguments: [
            ("application/json", true), ("application/JSON", true), ("text/json", true),
            ("application/json; charset=utf-8", true), ("application/json ;x", true),
            ("application/geo+json", true), ("application/cloudevents+json", true),
            ("image/svg+xml", false), ("application/jsonl", false), ("application/x-json", false),
            ("json", false), ("/json", false), ("", false), ("text/plain; a=b/json", false),
            ("text/plain;application/json", false),
        ]
    )
    func jsonTypes(_ type: String, _ isJSON: Bool) {
        #expect(MediaType.isJSON(type) == (isJSON))
    }

    @Test(
        "media types",
        arguments: [
            ("text/plain", true), ("text/plain;charset=\"é\"", true), ("a/b;", true),
            ("a/b \t; c=d", true), ("application/vnd.a.b+xml", true), ("text", false), ("", false),
            ("text/", false), ("/plain", false), ("text/pl ain", false), ("text plain", false),
            ("text/plain,a/b", false), ("text/plain;a\r\nb: c", false), ("text/plain\n", false),
            ("text/é", false), ("application/json; charset", false), ("text/plain;a=\"b", false),
            ("text/plain;a=\"b\\\"", false), ("text/plain;a=\"b\\\"c\"", true), ("a/b;;c=d;", true),
            ("a/b;c=d e=f", false), ("a/b;c=", false), ("a/b;=d", false), ("a/b;c =d", false),
            ("a/b;c=\"d\"e", false), ("a/b;c=é", false), ("a/b; \t", true),
            ("a/b;c=\"\u{7F}\"", false),
        ]
    )
    func mediaTypes(_ type: String, _ isValid: Bool) {
        #expect(MediaType.isValid(type) == isValid)
    }

    @Test(
        "times need a year of four digits in UTC",
        arguments: [
            ("2018-04-05T17:31:00Z", true), ("2018-04-05t17:31:00.5z", true),
            ("0000-01-01T00:00:00Z", true), ("9999-12-31T23:59:59.999999999Z", true),
            ("0000-01-01T00:00:00+00:01", false), ("9999-12-31T23:59:59-00:01", false),
            ("2018-04-05", false), ("2018-04-05T17:31:00", false), ("", false),
            ("2018-02-29T00:00:00Z", false), ("2018-04-05T24:00:00Z", false),
            ("2018-04-05 17:31:00Z", false), ("2018-04-05 17:31:00+01:00", false),
            ("2016-12-31T23:59:60Z", true), ("2018-04-05T17:31:60Z", false),
        ]
    )
    func times(_ text: String, _ isTime: Bool) {
        #expect((AttributeRules.timestamp(text) != nil) == isTime)
    }
}

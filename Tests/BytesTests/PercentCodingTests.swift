// SPDX-License-Identifier: Apache-2.0

import Bytes
import TestSupport
import Testing

@Suite("Percent-encoding (RFC 3986 section 2)")
struct PercentCodingTests {
    @Test("all 256 bytes are unreserved as section 2.3 says")
    func unreserved() {
        let letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
        let unreserved = Set((letters + "-._~").utf8)
        for byte in UInt8.min...UInt8.max {
            #expect(PercentCoding.isUnreserved(byte) == unreserved.contains(byte), "byte \(byte)")
        }
    }

    @Test(
        "writes upper-case escapes of UTF-8",
        arguments: [
            ("", ""), ("abc-._~XYZ", "abc-._~XYZ"), ("a b", "a%20b"), ("100%", "100%25"),
            ("exams/maths", "exams%2Fmaths"), ("é", "%C3%A9"), ("日", "%E6%97%A5"),
            ("\u{0}\u{7F}", "%00%7F"), ("a+b", "a%2Bb"),
        ]
    )
    func encodes(_ plain: String, _ encoded: String) {
        #expect(PercentCoding.encode(plain) == encoded)
        #expect(PercentCoding.decodeText(encoded) == plain)
    }

    @Test("keeps what the caller keeps")
    func keeps() {
        let encoded = PercentCoding.encode("a/b c") { $0 == UInt8(ascii: "/") }
        #expect(encoded == "%61/%62%20%63")
    }

    @Test(
        "decodes once, escapes of either case",
        arguments: [
            ("%2f%2F", "//"), ("%252F", "%2F"), ("a+b", "a+b"), ("%41%42", "AB"), ("a%", nil),
            ("a%2", nil), ("%g0", nil), ("%0g", nil), ("%%20", nil), ("% 20", nil), ("%+1", nil),
            ("%C3%A9", "é"), ("%FF", nil), ("%C3", nil),
        ] as [(String, String?)]
    )
    func decodes(_ encoded: String, _ plain: String?) {
        #expect(PercentCoding.decodeText(encoded) == plain)
    }

    @Test("a plus is a space only where the caller says so")
    func plus() {
        #expect(PercentCoding.decodeText("a+b%2B", plusIsSpace: true) == "a b+")
        #expect(PercentCoding.decodeText("a+b%2B", plusIsSpace: false) == "a+b+")
    }

    @Test("bytes that are no text come back as bytes")
    func bytes() { #expect(PercentCoding.decode("%FFa%00".utf8) == [0xFF, 0x61, 0]) }

    @Test("any text comes back, whatever is kept")
    func roundTrip() {
        var random = SeededGenerator()
        for _ in 0..<500 {
            let text = String(decoding: random.bytes(countMax: 30), as: UTF8.self)
            let kept = UInt8.random(in: 0...127, using: &random)
            let isKept = { (byte: UInt8) in byte == kept && byte != UInt8(ascii: "%") }
            let encoded = PercentCoding.encode(text, keeping: isKept)
            #expect(encoded.utf8.allSatisfy { $0 < 128 })
            #expect(PercentCoding.decodeText(encoded) == text, "seed \(SeededGenerator.seed)")
        }
    }
}

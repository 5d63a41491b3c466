// SPDX-License-Identifier: Apache-2.0

import HTTP
import Testing

@testable import CloudEvents

@Suite("Values in HTTP headers (HTTP binding 1.0.2 section 3.1.3.2)")
struct HeaderCodingTests {
    static func encode(_ text: String, _ coding: CloudEventHeaderCoding) -> String? {
        var fields = HTTPFields()
        coding.append("ce-x", text, to: &fields)
        return fields["ce-x"]
    }

    static func decode(
        _ value: some Sequence<UInt8>,
        _ coding: CloudEventHeaderCoding
    ) throws
        -> String
    {
        try coding.decode(Array(value).span)
    }

    @Test(
        "vectors, both ways",
        arguments: [
            ("Euro € 😀", "Euro%20%E2%82%AC%20%F0%9F%98%80"),
            ("\"", "%22"), ("%", "%25"), (" ", "%20"), ("a%41", "a%2541"), ("", ""),
            ("/apis/v1/x#t?a=b&c=d+e", "/apis/v1/x#t?a=b&c=d+e"),
            ("!'()*,-.:;<=>@[\\]^_`{|}~", "!'()*,-.:;<=>@[\\]^_`{|}~"),
            ("\u{A0}", "%C2%A0"),
        ]
    )
    func vectors(_ text: String, _ value: String) throws {
        #expect(Self.encode(text, .strict) == value)
        #expect(try Self.decode(value.utf8, .strict) == text)
    }

    @Test(
        "strict reading",
        arguments: [
            ("%41%62c", "Abc"), ("%e2%82%ac", "€"), ("%2541", "%41"), ("é€", "é€"), ("a b", "a b"),
            ("caf\u{E9}%20x", "café x"), (#""Euro € 😀""#, "Euro € 😀"),
            (#""a\"b\\c\d""#, "a\"b\\cd"),
            (#""a%20b""#, "a b"), (#""a\%41""#, "aA"), (#""""#, ""), (#"""#, "\""),
            (#""a"b"#, "\"a\"b"), (#""a"b""#, "\"a\"b\""), (#""a\""#, "\"a\\\""), (#"a"b"#, "a\"b"),
        ]
    )
    func reads(_ value: String, _ text: String) throws {
        #expect(try Self.decode(value.utf8, .strict) == text)
    }

    @Test(
        "Knative's way: nothing is encoded and nothing is decoded",
        arguments: ["a%41", "100%", "Euro € 😀", "\"quoted\"", "a b", "%C0%A0", ""]
    )
    func knative(_ text: String) throws {
        #expect(Self.encode(text, .knative) == text)
        #expect(try Self.decode(text.utf8, .knative) == text)
    }

    static let notUTF8: [[UInt8]] = [
        [0xC0, 0xA0], [0xC1, 0xBF], [0xE0, 0x80, 0xAF], [0xF0, 0x80, 0x80, 0xAF], [0x80], [0xFF],
        [0xC3], [0xE2, 0x82], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80],
        [0xF5, 0x80, 0x80, 0x80],
    ]

    @Test("bytes that are not UTF-8 are refused, raw and percent-encoded", arguments: notUTF8)
    func refusesBytes(_ bytes: [UInt8]) {
        let encoded = bytes.map { "%" + String($0, radix: 16) }.joined()
        #expect(throws: CloudEventError.AttributeFault.notUTF8) {
            try Self.decode(encoded.utf8, .strict)
        }
        for coding in CloudEventHeaderCoding.allCases {
            #expect(throws: CloudEventError.AttributeFault.notUTF8) {
                try Self.decode(bytes, coding)
            }
        }
    }

    @Test(
        "a percent sign that begins no escape means itself, for Knative sends it so",
        arguments: [
            ("%", "%"), ("%4", "%4"), ("%4g", "%4g"), ("a%", "a%"), ("%%41", "%A"), ("%-1", "%-1"),
            ("100% 1", "100% 1"),
        ]
    )
    func percentSign(_ value: String, _ text: String) throws {
        #expect(try Self.decode(value.utf8, .strict) == text)
    }

    @Test(
        "characters that no attribute may hold are refused",
        arguments: ["%00", "%0D%0A", "%7F", "%C2%85", "%EF%BF%BE", "%F0%9F%BF%BF", "%EF%B7%90"]
    )
    func refusesCharacters(_ value: String) {
        #expect(throws: CloudEventError.AttributeFault.characterNotAllowed) {
            try Self.decode(value.utf8, .strict)
        }
    }

    @Test("all 256 byte values in a value", arguments: CloudEventHeaderCoding.allCases)
    func bytes(_ coding: CloudEventHeaderCoding) {
        for byte in UInt8.min...UInt8.max {
            let value: [UInt8] = [UInt8(ascii: "a"), byte, UInt8(ascii: "z")]
            let expected: Result<String, CloudEventError.AttributeFault>
            switch byte {
            case 0..<0x20, 0x7F: expected = .failure(.characterNotAllowed)
            case 0x80...: expected = .failure(.notUTF8)
            default: expected = .success(String(decoding: value, as: UTF8.self))
            }
            let outcome = Result { () throws(CloudEventError.AttributeFault) in
                try coding.decode(value.span)
            }
            #expect(outcome == expected, "byte \(byte)")
        }
    }

    @Test("written values are safe for a header", arguments: CloudEventHeaderCoding.allCases)
    func safe(_ coding: CloudEventHeaderCoding) throws {
        let text = String(String.UnicodeScalarView((0...0x1FF).compactMap(Unicode.Scalar.init)))
        let value = try #require(Self.encode(text, coding))
        #expect(value.utf8.allSatisfy(HTTPText.isFieldValue))
        #expect(value.contains("%00%01") && value.contains("%0D") && value.contains("%7F"))
        if coding == .strict { #expect(value.utf8.allSatisfy { 0x21...0x7E ~= $0 }) }
    }

    @Test("a sample of all scalars comes back", arguments: CloudEventHeaderCoding.allCases)
    func scalars(_ coding: CloudEventHeaderCoding) throws {
        var text = String.UnicodeScalarView()
        for value in sequence(first: UInt32(0x20), next: { $0 < 0x10_FFF0 ? $0 + 13 : nil }) {
            guard let scalar = Unicode.Scalar(value), AttributeRulesTests.isAllowed(value)
            else { continue }
            text.append(scalar)
            guard text.count == 500 else { continue }
            let value = try #require(Self.encode(String(text), coding))
            #expect(try Self.decode(value.utf8, coding) == String(text))
            text = String.UnicodeScalarView()
        }
    }
}

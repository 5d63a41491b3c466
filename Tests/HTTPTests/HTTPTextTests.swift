// SPDX-License-Identifier: Apache-2.0

import HTTP
import Testing

@Suite("Character classes and small rules (RFC 9110 section 5)")
struct HTTPTextTests {
    @Test("all 256 bytes are tokens, values and targets as the standard says")
    func classes() {
        let letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
        let token = Set("!#$%&'*+-.^_`|~0123456789\(letters)".utf8)
        for byte in UInt8.min...UInt8.max {
            #expect(HTTPText.isToken(byte) == token.contains(byte), "byte \(byte)")
            let isVisible = 0x21...0x7E ~= byte
            #expect(HTTPText.isTarget(byte) == isVisible, "byte \(byte)")
            let isValue = isVisible || byte >= 0x80 || byte == 0x20 || byte == 0x09
            #expect(HTTPText.isFieldValue(byte) == isValue, "byte \(byte)")
            let lower = 0x41...0x5A ~= byte ? byte + 32 : byte
            #expect(HTTPText.lowercased(byte) == lower, "byte \(byte)")
        }
    }

    @Test(
        "a token has one byte at least",
        arguments: [("", false), ("a", true), ("a b", false), ("a:", false), ("é", false)]
    )
    func token(_ text: String, _ isToken: Bool) {
        #expect(HTTPText.isToken(text.utf8) == isToken)
    }

    @Test(
        "decimal numbers are digits alone, within Int",
        arguments: [
            ("0", 0), ("5", 5), ("007", 7), ("9223372036854775807", .max),
            ("9223372036854775808", nil), ("99999999999999999999999999", nil), ("", nil),
            ("+5", nil), ("-5", nil), (" 5", nil), ("5 ", nil), ("5,5", nil), ("0x5", nil),
            ("٥", nil), ("1e3", nil), ("1_000", nil),
        ] as [(String, Int?)]
    )
    func decimal(_ text: String, _ number: Int?) {
        #expect(HTTPText.decimal(Array(text.utf8)) == number)
    }

    @Test(
        "trims spaces and tabs at both ends alone",
        arguments: [
            ("", ""), (" ", ""), (" \t a b\t ", "a b"), ("a", "a"), ("\u{B}a", "\u{B}a"),
            ("\r\na", "\r\na"),
        ]
    )
    func trims(_ text: String, _ trimmed: String) {
        #expect(Array(HTTPText.trim(Array(text.utf8)[...])) == Array(trimmed.utf8))
    }

    @Test("compares ASCII without case, and nothing else")
    func comparesWithoutCase() {
        func equal(_ left: String, _ right: String) -> Bool {
            HTTPText.equalsIgnoringCase(Array(left.utf8)[...], right)
        }
        #expect(equal("Chunked", "cHUNKED"))
        #expect(equal("", ""))
        #expect(!equal("chunked", "chunke"))
        #expect(!equal("@", "`"))
        #expect(!equal("[", "{"))
        #expect(!equal("É", "é"))
        #expect(!equal("\u{212A}", "k"))  // The Kelvin sign, whose lower case is k.
    }
}

@Suite("Header fields (RFC 9110 section 5)")
struct HTTPFieldsTests {
    @Test("keeps order and duplicates, finds names without case")
    func keeps() {
        var fields: HTTPFields = ["A": "1", "b": "2"]
        fields.append("a", "3")
        fields.append("C", bytes: [0xFF, 0x20])
        #expect(fields.count == 4)
        #expect(fields["A"] == "1")
        #expect(fields["a"] == "1")
        #expect(fields["B"] == "2")
        #expect(fields["d"] == nil)
        #expect(fields.values("A") == ["1", "3"])
        #expect(fields.values("d") == [])
        #expect(fields.valueBytes("c").map(Array.init) == [0xFF, 0x20])
        #expect(fields.contains("C") && !fields.contains("D") && !fields.contains(""))
        #expect(fields.lowercasedPairs.map(\.name) == ["a", "b", "a", "c"])
        var seen: [String] = []
        func see(_ name: String, _ value: String) { seen.append("\(name)=\(value)") }
        fields.forEach(see)
        #expect(seen == ["A=1", "b=2", "a=3", "C=\u{FFFD} "])
        var names: [[UInt8]] = []
        fields.forEachBytes { name, _ in names.append(Array(name)) }
        #expect(names.first == Array("A".utf8))
        #expect(HTTPFields(["A": "1", "b": "2"]).description == "A: 1\nb: 2\n")
    }

    @Test("setting replaces all lines of a name, nil removes them")
    func sets() {
        var fields: HTTPFields = ["A": "1", "b": "2", "a": "3"]
        fields["a"] = "4"
        #expect(fields == ["b": "2", "a": "4"])
        fields["B"] = nil
        #expect(fields == ["A": "4"])
        fields.remove("none")
        fields.remove("a")
        #expect(fields.isEmpty)
        fields["x"] = "1"
        #expect(fields["X"] == "1")
    }

    @Test("equal means same lines in the same order, names without case")
    func equality() {
        let fields: HTTPFields = ["A": "1", "B": "2"]
        #expect(fields == ["a": "1", "b": "2"])
        #expect(fields != ["b": "2", "a": "1"])
        #expect(fields != ["a": "1"])
        #expect(fields != ["a": "1", "b": "3"])
        #expect(HTTPFields() == [:])
    }

    @Test(
        "finds a token in comma-separated lists",
        arguments: [
            ("close", true), ("Close", true), ("keep-alive, close", true), ("x,\tclose ,y", true),
            ("", false), ("closed", false), ("clo se", false), ("close;x", false), (",,", false),
        ]
    )
    func lists(_ value: String, _ isFound: Bool) {
        #expect(HTTPFields(["Connection": value]).listContains("connection", "close") == isFound)
        let split: HTTPFields = ["Connection": "x", "connection": value]
        #expect(split.listContains("connection", "close") == isFound)
        #expect(!split.listContains("te", "close"))
    }

    @Test("compares the first value without case")
    func valueEquals() {
        let fields: HTTPFields = ["Expect": "100-Continue", "expect": "other"]
        #expect(fields.valueEquals("expect", "100-continue"))
        #expect(!fields.valueEquals("expect", "other"))
        #expect(!fields.valueEquals("none", ""))
    }
}

@Suite("Methods and statuses (RFC 9110 sections 9 and 15)")
struct HTTPNamesTests {
    @Test("statuses know their class")
    func statuses() {
        #expect(HTTPStatus.ok.isSuccess && HTTPStatus(rawValue: 299).isSuccess)
        #expect(!HTTPStatus(rawValue: 199).isSuccess && !HTTPStatus(rawValue: 300).isSuccess)
        #expect(HTTPStatus.continue.isInformational && !HTTPStatus.ok.isInformational)
        let bodiless = (100...599).filter { HTTPStatus(rawValue: $0).forbidsBody }
        #expect(bodiless == Array(100...199) + [204, 304])
        #expect(HTTPStatus.notFound.reasonPhrase == "Not Found")
        #expect(HTTPStatus(rawValue: 599).reasonPhrase == "")
        #expect(HTTPStatus.notFound.description == "404")
    }

    @Test("every reason phrase can be sent")
    func reasons() {
        for code in 100...999 {
            let reason = HTTPStatus(rawValue: code).reasonPhrase
            #expect(reason.utf8.allSatisfy { HTTPText.isFieldValue($0) })
        }
    }

    @Test("case matters in methods, and idempotence is as section 9.2.2 says")
    func methods() {
        #expect(HTTPMethod.get != HTTPMethod(rawValue: "get"))
        let idempotent: [HTTPMethod] = ["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"]
        for method in idempotent { #expect(method.isIdempotent) }
        for method in ["POST", "PATCH", "CONNECT", "get"] as [HTTPMethod] {
            #expect(!method.isIdempotent)
        }
    }

    @Test("every refusal has a status and a sentence")
    func refusals() {
        let expected: [HTTPParseError: HTTPStatus] = [
            .startLineTooLong: 414, .headerTooLarge: 431, .headerCountExceeded: 431,
            .startLineInvalid: 400, .versionNotSupported: 505, .targetInvalid: 400,
            .lineEndInvalid: 400, .lineFolded: 400, .fieldNameInvalid: 400,
            .fieldValueInvalid: 400, .hostInvalid: 400, .contentLengthInvalid: 400,
            .framingAmbiguous: 400, .transferCodingInvalid: 400,
            .transferCodingUnsupported: 501, .expectationUnknown: 417, .chunkExtensionInvalid: 400,
            .chunkSizeInvalid: 400,
            .chunkExtensionTooLong: 400, .chunkEndInvalid: 400, .bodyTooLarge: 413,
        ]
        for (error, status) in expected {
            #expect(error.status == status)
            #expect(error.explanation.count > 20)
        }
        #expect(Set(expected.keys.map(\.explanation)).count == expected.count)
    }
}

// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Manifests

@Suite("Small texts in manifests")
struct SmallTextTests {
    static let commands: [(String, [String])] = [
        ("python3 app.py", ["python3", "app.py"]), ("  a\t b \n", ["a", "b"]),
        ("a 'b c' d", ["a", "b c", "d"]), (#"a "b \"c\" \d" e"#, ["a", #"b "c" \d"#, "e"]),
        (#"a\ b c"#, ["a b", "c"]), ("a'b'\"c\"d", ["abcd"]), ("a '' \"\"", ["a", "", ""]),
        (#"'a\b'"#, [#"a\b"#]), ("é 'ü x'", ["é", "ü x"]), ("a $HOME *", ["a", "$HOME", "*"]),
        (#"["a", "b c", "8080"]"#, ["a", "b c", "8080"]), (#"  ["a"]"#, ["a"]),
    ]

    @Test("a command line splits into words", arguments: commands)
    func splits(_ text: String, _ words: [String]) throws {
        #expect(try CommandWords.split(text) == words)
    }

    static let commandsRefused: [(String, CommandWords.Failure)] = [
        ("", .empty), ("   ", .empty), ("''", .empty), ("[]", .empty), ("a 'b", .unfinished),
        ("a \"b", .unfinished), ("a\\", .unfinished), ("\"a\\", .unfinished), ("[a", .notAList),
        ("[1]", .notAList), (#"["a", ["b"]]"#, .notAList), (#"["a"] b"#, .notAList),
    ]

    @Test("a command line that is not finished is refused", arguments: commandsRefused)
    func refuses(_ text: String, _ failure: CommandWords.Failure) {
        #expect(throws: failure) { try CommandWords.split(text) }
    }

    private static let a63 = String(repeating: "a", count: 63)

    static let names: [(NameRule, [String], [String])] = [
        (
            .dnsLabel, ["a", "0", "a-b", "1a", a63],
            ["", "-a", "a-", "A", "a.b", "a_b", "é", "a b", a63 + "a"]
        ),
        (.serviceName, ["a", "a0", "a-b", a63], ["", "0a", "-a", "a-", "A", a63 + "a"]),
        (
            .dnsSubdomain, ["a", "a.b", "0.a-b", "\(a63).\(a63).\(a63).\(a63.dropLast(2))"],
            ["", ".", "a.", ".a", "a..b", "A.b", "\(a63).\(a63).\(a63).\(a63.dropLast())"]
        ),
        (
            .topic, ["a", "A._-9", String(repeating: "t", count: 249)],
            ["", ".", "..", "a b", "a/b", "é", String(repeating: "t", count: 250)]
        ),
        (
            .bucket, ["abc", "a.b", "1-2", a63],
            ["ab", "Abc", "a..b", "-ab", "a_b", "192.168.0.1", a63 + "a"]
        ),
        (
            .dataKey, ["a", "A.b_c-d", ".hidden", String(repeating: "k", count: 253)],
            ["", ".", "..", "..a", "a b", "a/b", String(repeating: "k", count: 254)]
        ),
        (.environmentVariable, ["A", "a.b", "A B", "1A"], ["", "A=B", "é", "A\n", "A\0"]),
    ]

    @Test("names keep the rules of Kubernetes, Kafka and S3", arguments: names)
    func keepsRules(_ rule: NameRule, _ good: [String], _ bad: [String]) {
        for name in good { #expect(rule.accepts(name), "\(name)") }
        for name in bad { #expect(!rule.accepts(name), "\(name)") }
    }

    @Test("all 256 byte values are judged as a label's only character")
    func labelBytes() {
        let allowed = Set("abcdefghijklmnopqrstuvwxyz0123456789".utf8)
        for byte in UInt8.min...UInt8.max {
            let name = String(decoding: [byte], as: UTF8.self)
            #expect(NameRule.dnsLabel.accepts(name) == allowed.contains(byte), "byte \(byte)")
        }
    }

    @Test("quantities")
    func quantities() {
        for text in ["1", "0.5", ".5", "5.", "500m", "64Mi", "1Gi", "1e3", "1E-3", "+1", "-1k"] {
            #expect(Quantity.isWellFormed(text), "\(text)")
        }
        for text in ["", "Mi", ".", "1.2.3", "1mi", "1 Mi", "1KiB", "e3", "1e", "x1", "1é"] {
            #expect(!Quantity.isWellFormed(text), "\(text)")
        }
    }

    @Test(
        "amounts are read in whole units",
        arguments: [
            ("512Mi", 536_870_912), ("1Gi", 1_073_741_824), ("100M", 100_000_000), ("1e3", 1000),
            ("0.5Ki", 512), ("500m", 0), ("1500m", 1), ("+7", 7), ("-1", nil), ("1x", nil),
            ("99999999999999E", nil), ("", nil),
        ] as [(String, UInt64?)]
    )
    func wholeUnits(_ text: String, _ units: UInt64?) {
        #expect(Quantity.wholeUnits(text) == units)
    }

    static let base64: [(String, String?)] = [
        ("", ""), ("Zg==", "f"), ("Zm8=", "fo"), ("Zm9v", "foo"), ("Zm9vYg==", "foob"),
        ("Zm9v\nYmFy\r\n", "foobar"), ("Zg", nil), ("Zg=", nil), ("Zh==", nil), ("Zm9=", nil),
        ("====", nil), ("Z===", nil), ("Zm=v", nil), ("Zm9v ", nil), ("Zm9-", nil),
    ]

    @Test("base64 (RFC 4648 section 10), line ends allowed", arguments: base64)
    func decodes(_ text: String, _ decoded: String?) {
        #expect(Base64Text.decode(text) == decoded.map { Array($0.utf8) })
    }

    @Test("all 256 byte values come through base64")
    func decodesAll() {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
        for byte in UInt8.min...UInt8.max {
            let text = "\(alphabet[Int(byte >> 2)])\(alphabet[Int(byte & 3) << 4])=="
            #expect(Base64Text.decode(text) == [byte])
        }
    }

    @Test("the nearest name is suggested, and none that is far")
    func nearest() {
        let names = ["containerConcurrency", "timeoutSeconds", "env", "image"]
        #expect(NearestName.of("containerconcurrency", among: names) == "containerConcurrency")
        #expect(NearestName.of("timeoutSecond", among: names) == "timeoutSeconds")
        #expect(NearestName.of("envv", among: names) == "env")
        #expect(NearestName.of("x", among: names) == nil)
        #expect(NearestName.of("replicas", among: names) == nil)
        #expect(NearestName.of(String(repeating: "e", count: 100_000), among: names) == nil)
    }

    @Test("control characters are written out, and long names cut")
    func shown() {
        #expect(ShownText.printable("a\u{1B}[31mé\u{202E}") == "a\\u{1b}[31mé\\u{202e}")
        #expect(ShownText.quoted(String(repeating: "x", count: 80)).count == 82)
        #expect(ShownText.quoted(String(repeating: "é", count: 81)).count == 83)
        #expect(ShownText.quoted(String(repeating: "é", count: 80)).count == 82)
    }
}

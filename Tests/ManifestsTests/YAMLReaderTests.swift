// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Manifests

@Suite("YAML")
struct YAMLReaderTests {
    /// Reads documents, and tells what was told as one text.
    private static func read(
        _ text: String,
        limits: ManifestLimits = ManifestLimits()
    ) -> (documents: [String], told: [String]) {
        self.read(bytes: Array(text.utf8), limits: limits)
    }

    private static func read(
        bytes: [UInt8],
        limits: ManifestLimits = ManifestLimits()
    ) -> (documents: [String], told: [String]) {
        let problems = ProblemCollector(limits: limits)
        let reader = YAMLReader(file: "f", limits: limits, problems: problems)
        let documents = reader.documents(in: bytes).map(Self.shown)
        return (documents, problems.diagnostics.map(\.description))
    }

    /// A node in a notation like JSON; plain scalars without quotes.
    private static func shown(_ node: YAMLNode) -> String {
        switch node.content {
        case .scalar(let scalar): scalar.isPlain ? scalar.text : "'\(scalar.text)'"
        case .sequence(let nodes): "[" + nodes.map(self.shown).joined(separator: ", ") + "]"
        case .mapping(let entries):
            "{" + entries.map { "\($0.key): \(self.shown($0.value))" }.joined(separator: ", ")
                + "}"
        }
    }

    static let trees: [(String, [String])] = [
        (
            "a: 1\nb: [x, 'y', \"z\\n\"]\nc:\n- d: {}\n",
            ["{a: 1, b: [x, 'y', 'z\n'], c: [{d: {}}]}"]
        ),
        ("{\"a\": [1, {\"b\": null}]}", ["{a: [1, {b: null}]}"]),
        (
            "text: |\n  two\n  lines\nfolded: >-\n  one\n  line\n",
            [
                "{text: 'two\nlines\n', folded: 'one line'}"
            ]
        ),
        ("", []), ("# nothing\n", []), ("---\n---\n# still nothing\n---\n~\n...\n", []),
        ("---\na: 1\n---\n---\nb: 2\n...\n---\nc: 3", ["{a: 1}", "{b: 2}", "{c: 3}"]),
        ("a: &x [1, 2]\nb: *x\n", ["{a: [1, 2], b: [1, 2]}"]),
        (
            "base: &x {a: 1, b: 2}\nd:\n  <<: *x\n  b: 3\n",
            ["{base: {a: 1, b: 2}, d: {b: 3, a: 1}}"]
        ),
        (
            "x: &x {a: 1}\ny: &y {a: 2, b: 2}\nz: {<<: [*x, *y], c: 3}",
            [
                "{x: {a: 1}, y: {a: 2, b: 2}, z: {c: 3, a: 1, b: 2}}"
            ]
        ),
        (
            "a: !!str 8080\nb: ! 1\nc: !!int 5\nd: !!float 5\ne: !!map {}\nf: !!seq []",
            [
                "{a: '8080', b: '1', c: 5, d: 5, e: {}, f: []}"
            ]
        ),
        ("8080: a\ntrue: b\n", ["{8080: a, true: b}"]),
        ("&k key: 1\nother: *k\n", ["{key: 1, other: key}"]),
        ("%YAML 1.2\n---\na: é\n", ["{a: é}"]),
    ]

    @Test("documents become trees", arguments: trees)
    func reads(_ text: String, _ documents: [String]) {
        let (read, told) = Self.read(text)
        #expect(read == documents)
        #expect(told == [])
    }

    @Test("CRLF, a byte order mark and a missing last line end change nothing")
    func lineEnds() {
        let text = "a: 1\nb:\n- 2\n- three\n---\nc: {d: e}\n"
        let expected = Self.read(text)
        #expect(expected.documents.count == 2)
        #expect(Self.read(text.replacing("\n", with: "\r\n")) == expected)
        #expect(Self.read("\u{FEFF}" + text) == expected)
        #expect(Self.read(String(text.dropLast())) == expected)
    }

    @Test("marks are lines and columns from 1, columns in characters")
    func marks() throws {
        let problems = ProblemCollector(limits: ManifestLimits())
        let reader = YAMLReader(file: "f", limits: ManifestLimits(), problems: problems)
        let documents = reader.documents(in: Array("# é\nclé: [x, yy, &a z]\nb: *a\n".utf8))
        guard case .mapping(let entries) = documents.first?.content,
            case .sequence(let items) = entries[0].value.content
        else {
            Issue.record("the document was not read")
            return
        }
        #expect(entries[0].keyMark.description == "f:2:1")
        #expect(entries[0].value.mark.description == "f:2:6")
        #expect(items.map(\.mark.description) == ["f:2:7", "f:2:10", "f:2:14"])
        #expect(entries[1].value.mark.description == "f:3:4")
    }

    static let refused: [(String, String)] = [
        (
            "a: [1, 2\nb: 3\n",
            "f:2:2: did not find expected ',' or ']' while parsing a flow sequence that starts at line 1"
        ),
        ("a: b: c\n", "f:1:5: mapping values are not allowed in this context"),
        (
            "a: 'open\n",
            "f:2:1: found unexpected end of stream while scanning a quoted scalar that starts at line 1"
        ),
        (
            "a:\n\t- b\n",
            "f:2:1: found character that cannot start any token while scanning for the next token"
        ),
        ("a: 1\na: 2\n", #"f:2:1: "a" was given already at line 1: remove one of the two"#),
        (
            "- b: 1\n  c: 2\n  'b': 3\n",
            #"f:3:3: "b" was given already at line 1: remove one of the two"#
        ),
        ("? [a]\n: b\n", "f:1:3: the name of a field must be a text, not a list or mapping"),
        ("a: &x [1]\n*x : 2\n", "f:2:1: the name of a field must be a text, not a list or mapping"),
        ("a: *x\n", "f:1:4: the alias *x has no anchor"),
        ("a: &x\n  b: *x\n", "f:2:6: the alias *x stands inside of its anchor"),
        ("a: &x 1\n---\nb: *x\n", "f:3:4: the alias *x has no anchor"),
        ("a: {<<: 1}", "f:1:9: << needs a mapping, or a list of mappings"),
        (
            "a: !!binary aGk=\n",
            #"f:1:4: the tag "tag:yaml.org,2002:binary" is unknown or does not fit the value"#
        ),
        (
            "a: !!int x\n",
            #"f:1:4: the tag "tag:yaml.org,2002:int" is unknown or does not fit the value"#
        ),
        ("a: !local {b: 1}\n", #"f:1:4: unknown tag "!local""#),
        ("a: \u{7}\n", "f:1:4: control characters are not allowed"),
        ("é: 1\nbé: \u{1}\n", "f:2:5: control characters are not allowed"),
    ]

    @Test("mistakes are told with their place", arguments: refused)
    func refuses(_ text: String, _ message: String) {
        #expect(Self.read(text).told == [message])
    }

    @Test("documents before a mistake of syntax are read")
    func readsWhatComesBefore() {
        #expect(Self.read("a: 1\n---\nb: [\n").documents == ["{a: 1}"])
    }

    static let encodings: [([UInt8], String)] = [
        (Array("a: 1\nbé: ".utf8) + [0xFF], "f:2:5: expected UTF-8, this byte is not part of it"),
        (Array("a: ".utf8) + [0xC3], "f:1:4: expected UTF-8, this byte is not part of it"),
        ([0x61, 0xED, 0xA0, 0x80], "f:1:2: expected UTF-8, this byte is not part of it"),
        ([0xFF, 0xFE, 0x61, 0x00], "f:1:1: expected UTF-8, this is UTF-16"),
        ([0xFE, 0xFF, 0x00, 0x61], "f:1:1: expected UTF-8, this is UTF-16"),
    ]

    @Test("what is not UTF-8 is refused", arguments: encodings)
    func refusesEncoding(_ bytes: [UInt8], _ message: String) {
        #expect(Self.read(bytes: bytes).told == [message + ": save the file as UTF-8"])
    }

    // MARK: - Limits

    private static func nested(_ depth: Int) -> String {
        String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
    }

    @Test("each limit holds at it, and refuses one past it")
    func limits() {
        var limits = ManifestLimits()
        limits.depthMax = 5
        limits.documentsMax = 3
        limits.nodesMax = 10
        limits.inputBytesMax = 60
        limits.directivesMax = 2
        #expect(Self.read(Self.nested(5), limits: limits).told == [])
        #expect(
            Self.read(Self.nested(6), limits: limits).told
                == ["f:1:6: nested deeper than 5 levels"]
        )
        #expect(Self.read("--- a\n--- b\n--- c\n", limits: limits).told == [])
        #expect(
            Self.read("--- a\n--- b\n---\n--- d\n", limits: limits).told
                == ["f:4:1: more than 3 documents in a file"]
        )
        #expect(Self.read("[1, 2, 3, 4, 5, 6, 7, 8, 9]", limits: limits).told == [])
        #expect(
            Self.read("[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]", limits: limits).told
                == ["f:1:31: more than 10 values in a file, those of aliases counted"]
        )
        let directives = "%TAG !a! x\n%TAG !b! x\n"
        #expect(Self.read(directives + "--- a\n", limits: limits).told == [])
        #expect(
            Self.read(directives + "%TAG !c! x\n--- a\n", limits: limits).told
                == ["f:3:1: more than 2 directives in a file"]
        )
        let longest = "a: " + String(repeating: "x", count: 57)
        #expect(Self.read(longest, limits: limits).told == [])
        #expect(Self.read(longest + "x", limits: limits).told == ["f:1:1: longer than 60 bytes"])
    }

    @Test("values that aliases repeat count each time")
    func aliasesCount() {
        var limits = ManifestLimits()
        // Two lists of two, and the list around them: 1 + 3 + 3.
        limits.nodesMax = 7
        #expect(Self.read("[&a [1, 2], *a]", limits: limits).told == [])
        limits.nodesMax = 6
        #expect(
            Self.read("[&a [1, 2], *a]", limits: limits).told
                == ["f:1:15: more than 6 values in a file, those of aliases counted"]
        )
    }

    @Test("a few lines that stand for billions of values are refused")
    func bomb() {
        var text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
        for level in 1...12 {
            let aliases = Array(repeating: "*a\(level - 1)", count: 9).joined(separator: ", ")
            text += "a\(level): &a\(level) [\(aliases)]\n"
        }
        let told = Self.read(text).told
        #expect(told.count == 1)
        #expect(told.first?.contains("more than 500000 values") == true)
        var merges = "a0: &a0 {k: v}\n"
        for level in 1...40 {
            merges += "a\(level): &a\(level) {<<: [*a\(level - 1), *a\(level - 1)]}\n"
        }
        #expect(Self.read(merges).told.first?.contains("more than 500000 values") == true)
    }

    @Test("a million brackets are refused at the limit of depth")
    func depth() {
        let brackets = String(repeating: "[", count: 1_000_000)
        #expect(Self.read(brackets).told == ["f:1:129: nested deeper than 128 levels"])
        let braces = String(repeating: "{a: ", count: 200_000)
        #expect(Self.read(braces).told == ["f:1:513: nested deeper than 128 levels"])
        var dashes = ""
        for _ in 0..<200_000 { dashes += "- " }
        #expect(Self.read(dashes).told == ["f:1:257: nested deeper than 128 levels"])
    }
}

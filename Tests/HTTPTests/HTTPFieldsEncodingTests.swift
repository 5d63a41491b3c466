// SPDX-License-Identifier: Apache-2.0

import HTTP
import TestSupport
import Testing

@Suite("Header fields, the quick ways")
struct HTTPFieldsEncodingTests {
    private static func encoded(_ fields: HTTPFields) throws -> String {
        var bytes: [UInt8] = []
        try HTTPEncoder.append(fields, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test("a name in two parts is the same name")
    func prefix() throws {
        var fields = HTTPFields()
        fields.reserveCapacity(lines: 2, bytes: 100)
        fields.append(prefix: "ce-", "id".utf8.span, value: "1".utf8.span)
        fields.append(prefix: "ce-", value: "2".utf8.span)
        fields.append(prefix: "ce-", "key".utf8.span, value: [0x61, 0xFF].span)
        #expect(fields["CE-ID"] == "1")
        #expect(fields.valueBytes("ce-key").map(Array.init) == [0x61, 0xFF])
        #expect(try Self.encoded(["ce-id": "1", "ce-": "2"]) == "ce-id: 1\r\nce-: 2\r\n")
    }

    @Test("spans show what slices show")
    func spans() {
        let fields: HTTPFields = ["A": "1", "bc": "", "": "x"]
        var slices: [[UInt8]] = []
        fields.forEachBytes { slices += [Array($0), Array($1)] }
        var spans: [[UInt8]] = []
        fields.forEachSpan { name, value in
            spans += [name.indices.map { name[$0] }, value.indices.map { value[$0] }]
        }
        #expect(slices == spans)
    }

    @Test("lines that were removed are not sent, wherever they were")
    func removed() throws {
        for name in ["a", "b", "c"] {
            var fields: HTTPFields = ["a": "1", "b": "2", "c": "3", "A": "4"]
            fields.remove(name)
            let left = [("a", "1"), ("b", "2"), ("c", "3"), ("A", "4")]
                .filter { $0.0.lowercased() != name }
            #expect(try Self.encoded(fields) == left.map { "\($0.0): \($0.1)\r\n" }.joined())
            fields.append("d", "5")
            #expect(try Self.encoded(fields).hasSuffix("d: 5\r\n"))
        }
    }

    @Test("what was read is written in our own form")
    func reencoded() throws {
        var parser = HTTPRequestParser()
        let lines = [
            ("Host:h", "Host: h"), ("X: \t a b \t", "X: a b"), ("Empty:", "Empty: "),
            ("Behind: a b ", "Behind: a b"), ("Tab: a b\t", "Tab: a b"), ("Two:  a", "Two: a"),
            ("Before:\ta", "Before: a"), ("Plain: a b", "Plain: a b"), ("Space: ", "Space: "),
        ]
        let text = lines.map { $0.0 + "\r\n" }.joined()
        let head = try parser.parse(Array("GET / HTTP/1.1\r\n\(text)\r\n".utf8).span)
        let parsed = try #require(head)
        let written = lines.map { $0.1 + "\r\n" }.joined()
        #expect(try Self.encoded(parsed.request.head.fields) == written)
    }

    @Test("a refused list leaves nothing behind, whichever line is at fault")
    func refused() {
        for (name, value) in [
            ("a b", "1"), ("", "1"), ("a:", "1"), ("x", "a\r\nb: c"), ("x", "\0"),
        ] {
            var fields: HTTPFields = ["first": "1"]
            fields.append(name, value)
            fields.append("last", "2")
            var bytes: [UInt8] = [1]
            #expect(throws: HTTPEncodeError.self) { try HTTPEncoder.append(fields, to: &bytes) }
            #expect(bytes == [1])
        }
    }

    @Test("finding a name is as searching for it line by line")
    func search() {
        var random = SeededGenerator()
        let letters = Array("abAB-_1".unicodeScalars).map(String.init)
        func name() -> String {
            (0..<Int.random(in: 0...5, using: &random)).map { _ in
                letters[Int.random(in: 0..<letters.count, using: &random)]
            }.joined()
        }
        var found = 0
        for _ in 0..<3_000 {
            let names = (0..<8).map { _ in name() }
            var fields = HTTPFields()
            for (index, name) in names.enumerated() { fields.append(name, "\(index)") }
            let wanted = name()
            let first = names.firstIndex { $0.lowercased() == wanted.lowercased() }
            #expect(fields[wanted] == first.map { "\($0)" }, "\(wanted) in \(names)")
            if first != nil { found += 1 }
        }
        #expect(found > 200)
    }
}

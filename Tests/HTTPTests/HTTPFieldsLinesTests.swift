// SPDX-License-Identifier: Apache-2.0

import HTTP
import TestSupport
import Testing

@Suite("Header fields, whole lines at once")
struct HTTPFieldsLinesTests {
    private static func encoded(_ fields: HTTPFields) throws -> String {
        var bytes: [UInt8] = []
        try HTTPEncoder.append(fields, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// What a peer sent; some lines have more or fewer spaces than ours.
    private static func received(_ random: inout SeededGenerator) throws -> HTTPFields {
        var text = "GET / HTTP/1.1\r\nHost: h\r\n"
        for index in 0..<Int.random(in: 0...6, using: &random) {
            let space = [" ", " ", " ", "", "  ", "\t"].randomElement(using: &random) ?? ""
            let end = ["", "", "", " ", "\t "].randomElement(using: &random) ?? ""
            let value =
                ["", "v\(index)", "long value \(index)"].randomElement(using: &random) ?? ""
            text += "X\(index % 4):\(space)\(value)\(end)\r\n"
        }
        let (request, _) = try #require(try parseRequest(Array("\(text)\r\n".utf8)))
        return request.head.fields
    }

    @Test("lines that are taken over are as if they were added one by one")
    func takenOver() throws {
        var random = SeededGenerator()
        for _ in 0..<1_000 {
            var source = try Self.received(&random)
            if Bool.random(using: &random) {
                source.remove("X\(Int.random(in: 0..<4, using: &random))")
            }
            if Bool.random(using: &random) { source.append("Own", "1") }
            var quick: HTTPFields = ["First": "1"]
            var slow = quick
            let start = Int.random(in: 0...source.count, using: &random)
            let end = Int.random(in: start...source.count, using: &random)
            quick.append(lines: start..<end, of: source)
            for index in start..<end {
                slow.append(
                    String(decoding: source.block[source.nameRange(at: index)], as: UTF8.self),
                    bytes: source.block[source.valueRange(at: index)]
                )
            }
            if Bool.random(using: &random) { quick.remove("X1") } else { quick.append("X1", "") }
            if quick.contains("X1") { slow.append("X1", "") } else { slow.remove("X1") }
            #expect(quick == slow, "seed \(SeededGenerator.seed)")
            #expect(try Self.encoded(quick) == Self.encoded(slow))
            for line in quick.lowercasedPairs { #expect(quick.contains(line.name)) }
        }
    }

    @Test("a list that shares another's block is the same as one of copies, and changes alone")
    func shared() throws {
        var random = SeededGenerator()
        for _ in 0..<1_000 {
            var source = try Self.received(&random)
            if Bool.random(using: &random) { source.append("Own", "1") }
            let before = source
            let mask = UInt64.random(in: 0...(1 << UInt64(source.count)) - 1, using: &random)
            var (sharing, copying) = (HTTPFields(lines: mask, of: source), HTTPFields())
            for index in 0..<source.count where mask >> UInt64(index) & 1 == 1 {
                copying.append(lines: index..<index + 1, of: source)
            }
            #expect(sharing == copying, "seed \(SeededGenerator.seed)")
            #expect(try Self.encoded(sharing) == Self.encoded(copying))
            for line in sharing.lowercasedPairs { #expect(sharing.contains(line.name)) }
            let more = try Self.received(&random)
            sharing.append(lines: 0..<more.count, of: more)
            copying.append(lines: 0..<more.count, of: more)
            #expect(try Self.encoded(sharing) == Self.encoded(copying))
            sharing.append("X1", "2")
            copying.append("X1", "2")
            sharing.remove("Own")
            copying.remove("Own")
            #expect(try Self.encoded(sharing) == Self.encoded(copying))
            #expect(source == before)
        }
    }

    @Test("a line that nobody checked stays so when it is taken over")
    func refused() {
        for (name, value) in [("a b", "1"), ("", "1"), ("x", "a\r\nb: c"), ("x", "\0")] {
            var source: HTTPFields = ["good": "1"]
            source.append(name, value)
            var fields = HTTPFields()
            fields.append(lines: 0..<2, of: source)
            var bytes: [UInt8] = [1]
            #expect(throws: HTTPEncodeError.self) { try HTTPEncoder.append(fields, to: &bytes) }
            #expect(bytes == [1])
        }
    }

    @Test("a line added to what a peer sent is checked")
    func addedToChecked() throws {
        var random = SeededGenerator()
        for _ in 0..<50 {
            var fields = try Self.received(&random)
            if Bool.random(using: &random) { fields.remove("host") }
            fields["x-added"] = "1\nSet-Cookie: 2"
            #expect(throws: HTTPEncodeError.fieldValueInvalid(name: "x-added")) {
                var bytes: [UInt8] = []
                try HTTPEncoder.append(fields, to: &bytes)
            }
        }
    }
}

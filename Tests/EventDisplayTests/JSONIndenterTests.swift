// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import event_display

@Suite("JSON laid out anew")
struct JSONIndenterTests {
    private func indent(_ json: String) -> String? {
        JSONIndenter.indent(Array(json.utf8), prefix: "  ", indent: "  ").map {
            String(decoding: $0, as: UTF8.self)
        }
    }

    static let texts: [(String, String)] = [
        ("{}", "{}"), ("[ ]", "[]"), ("7", "7"), ("\"a\"", "\"a\""), ("null", "null"),
        ("{\"a\":1}", "{\n    \"a\": 1\n  }"),
        (
            "{ \"b\" : true , \"a\" : [ 1, 2 ] }",
            "{\n    \"b\": true,\n    \"a\": [\n      1,\n      2\n    ]\n  }"
        ),
        ("[[],{}]", "[\n    [],\n    {}\n  ]"),
        ("\n [false]", "[\n    false\n  ]"), ("{\"a\":1}\n", "{\n    \"a\": 1\n  }\n"),
        ("[\"\\\"\\u00e9, ]é\"]", "[\n    \"\\\"\\u00e9, ]é\"\n  ]"),
        ("[-0.50e+10,1E5,0]", "[\n    -0.50e+10,\n    1E5,\n    0\n  ]"),
    ]

    @Test("keeps order, numbers and escapes", arguments: texts)
    func layouts(_ json: String, _ laidOut: String) {
        #expect(self.indent(json) == laidOut)
    }

    static let broken = [
        "", " ", "{", "}", "[1,]", "{\"a\"}", "{\"a\":}", "{a:1}", "[1 2]", "01", "1.", "-", "1e",
        "tru",
        "\"a", "\"\\x\"", "\"\\u12g4\"", "\"\n\"", "{} {}", "[1],", "nul", "'a'", "{\"a\":1,}",
    ]

    @Test("refuses what is no JSON", arguments: broken)
    func refuses(_ json: String) { #expect(self.indent(json) == nil) }

    @Test("no beginning of a text is taken for a whole")
    func prefixes() {
        let json = "{\"a\":[true,{\"b\":\"\\u0041\"},null]}"
        for length in 0..<json.utf8.count {
            #expect(self.indent(String(decoding: json.utf8.prefix(length), as: UTF8.self)) == nil)
        }
        #expect(self.indent(json) != nil)
    }

    @Test("the limit of depth is exact")
    func depth() {
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        #expect(self.indent(nested(JSONIndenter.depthMax)) != nil)
        #expect(self.indent(nested(JSONIndenter.depthMax + 1)) == nil)
        #expect(self.indent(nested(100_000)) == nil)
    }
}

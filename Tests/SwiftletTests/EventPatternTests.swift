// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Swiftlet

@Suite("Event patterns")
struct EventPatternTests {
    @Test(
        "match",
        arguments: [
            ("a.b", "a.b"), ("*", ""), ("*", "anything"), ("a.*", "a."), ("a.*", "a.b.c"),
            ("*.b", "a.b"), ("a*c", "ac"), ("a*c", "abbc"), ("a*b*c", "a-b-b-c"), ("", ""),
            ("**", "x"), ("*é*", "café!"),
        ]
    )
    func matches(_ pattern: String, _ value: String) {
        #expect(EventPattern(pattern).matches(value))
    }

    @Test(
        "do not match",
        arguments: [
            ("a.b", "a.bc"), ("a.b", "A.b"), ("a.*", "ab"), ("*.b", "b"), ("a*a", "a"),
            ("ab*ba", "aba"), ("a*b*c", "acb"), ("", "x"), ("a*c", "ab"),
        ]
    )
    func refuses(_ pattern: String, _ value: String) {
        #expect(!EventPattern(pattern).matches(value))
    }
}

@Suite("Routes")
struct RoutePatternTests {
    @Test("parameters are decoded and never empty")
    func parameters() {
        let route = RoutePattern("/orders/{id}/lines/{line}")
        #expect(route.match("/orders/7/lines/a%20b") == ["id": "7", "line": "a b"])
        #expect(route.match("/orders//lines/1") == nil)
        #expect(route.match("/orders/7/lines") == nil)
        #expect(route.match("/orders/7/lines/1/") == nil)
        #expect(route.match("/orders/%zz/lines/1") == nil)
    }

    @Test("text is compared after decoding")
    func text() {
        #expect(RoutePattern("/a b").match("/a%20b") == [:])
        #expect(RoutePattern("/").match("/") == [:])
        #expect(RoutePattern("/").match("/x") == nil)
    }
}

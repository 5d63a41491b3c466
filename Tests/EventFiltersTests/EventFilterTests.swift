// SPDX-License-Identifier: Apache-2.0

import Bytes
import CESQL
import CloudEvents
import TestSupport
import Testing

@testable import EventFilters

@Suite("Event filters (Subscriptions API section 3.2.4, Knative Trigger)")
struct EventFilterTests {
    static let event = CloudEvent(
        type: "exam.graded",
        source: "/exams/maths",
        id: "1",
        time: Timestamp(secondsSinceEpoch: 0),
        dataContentType: "application/json",
        extensions: ["grade": 2, "passed": true, "accent": "\u{E9}"]
    )

    static let table: [(filter: EventFilter, matches: Bool)] = [
        (.exact(["type": "exam.graded"]), true), (.exact(["type": "exam.grade"]), false),
        (.exact(["type": "Exam.graded"]), false), (.exact(["type": ""]), false),
        (.exact(["type": "exam.graded", "id": "1"]), true),
        (.exact(["type": "exam.graded", "id": "2"]), false),
        (.exact(["source": "/exams/maths"]), true), (.exact(["specversion": "1.0"]), true),
        (.exact(["time": "1970-01-01T00:00:00Z"]), true), (.exact(["grade": "2"]), true),
        (.exact(["datacontenttype": "application/json"]), true), (.exact(["passed": "true"]), true),
        (.exact(["accent": "\u{E9}"]), true), (.exact(["accent": "e\u{301}"]), false),
        (.exact(["subject": "s"]), false), (.exact(["nobody": "s"]), false),
        (.exact(["nobody": ""]), false), (.exact(["data": "s"]), false), (.exact([:]), true),
        (.prefix(["type": "exam."]), true), (.prefix(["type": "exam.graded"]), true),
        (.prefix(["type": "exam.graded."]), false), (.prefix(["type": "graded"]), false),
        (.prefix(["type": "exam", "source": "/exams"]), true),
        (.prefix(["type": "exam", "source": "/art"]), false), (.prefix(["subject": "s"]), false),
        (.suffix(["type": ".graded"]), true), (.suffix(["type": "exam.graded"]), true),
        (.suffix(["type": "an.exam.graded"]), false), (.suffix(["type": "exam"]), false),
        (.suffix(["type": "d", "source": "s"]), true), (.suffix(["nobody": "s"]), false),
        (.not(.exact(["type": "exam.graded"])), false), (.not(.exact(["nobody": "s"])), true),
        (.not(.not(.exact(["id": "1"]))), true),
        (.all([]), true), (.any([]), false),
        (.all([.exact(["id": "1"]), .prefix(["type": "exam"])]), true),
        (.all([.exact(["id": "1"]), .prefix(["type": "art"])]), false),
        (.any([.exact(["id": "2"]), .prefix(["type": "exam"])]), true),
        (.any([.exact(["id": "2"]), .prefix(["type": "art"])]), false),
        (.all([.any([.exact(["id": "2"]), .not(.suffix(["type": "x"]))])]), true),
    ]

    @Test("built in code", arguments: table.indices)
    func builds(_ index: Int) {
        #expect(Self.table[index].filter.matches(Self.event) == Self.table[index].matches)
    }

    @Test(
        "expressions match when they are true and nothing went wrong",
        arguments: [
            ("type = 'exam.graded'", true), ("type = 'x'", false), ("1", false), ("'true'", false),
            ("passed", true), ("grade", false), ("nobody", false), ("nobody = 1 OR TRUE", false),
            ("TRUE OR nobody = 1", true), ("NOT (1 / 0 = 1)", false), ("EXISTS nobody", false),
            ("ABS(-2147483648) > 0", false),
        ]
    )
    func expressions(_ text: String, _ matches: Bool) throws {
        #expect(try EventFilter.cesql(text).matches(Self.event) == matches)
    }

    @Test("errors of expressions can be asked for")
    func errors() throws {
        let filter = EventFilter.all([
            .exact(["id": "2"]), .not(try .cesql("nobody = 1")), .any([try .cesql("1 / 0 = 1")]),
        ])
        #expect(
            filter.errors(for: Self.event) == [
                "the event has no attribute nobody: ask with EXISTS nobody first",
                "a number is divided by 0",
            ]
        )
        #expect(try EventFilter.cesql("id = '1'").errors(for: Self.event).isEmpty)
    }

    @Test("an expression that cannot be read is no filter", arguments: ["", "1 +", "F(1)"])
    func badExpression(_ text: String) {
        #expect(throws: EventFilterError.self) { try EventFilter.cesql(text) }
        #expect(throws: EventFilterError.self) {
            try EventFilter(["cesql": .text(text)] as FilterNode)
        }
    }

    @Test("expressions may bring functions of their own")
    func ownFunctions() throws {
        var functions = CESQLFunctions.builtIn
        try functions.add(
            CESQLFunction("TWICE", [.integer], returns: .integer) { values in
                guard case .integer(let value) = values[0] else { return CESQLResult(.integer(0)) }
                return CESQLResult(.integer(value * 2))
            }
        )
        let filter = EventFilter.cesql(
            try CESQLExpression("TWICE(grade) = 4", functions: functions)
        )
        #expect(filter.matches(Self.event))
    }

    static let nodes: [(node: FilterNode, filter: EventFilter)] = [
        (["exact": ["type": "a"]], .exact(["type": "a"])),
        (["exact": ["type": "a", "id": "b"]], .exact(["id": "b", "type": "a"])),
        (["prefix": ["subject": "a"]], .prefix(["subject": "a"])),
        (["suffix": ["x1": "a"]], .suffix(["x1": "a"])),
        (["not": ["exact": ["id": "a"]]], .not(.exact(["id": "a"]))),
        (["all": [["exact": ["id": "a"]]]], .all([.exact(["id": "a"])])),
        (
            ["any": [["prefix": ["id": "a"]], ["not": ["suffix": ["id": "b"]]]]],
            .any([.prefix(["id": "a"]), .not(.suffix(["id": "b"]))])
        ),
    ]

    @Test("read from nodes", arguments: nodes.indices)
    func reads(_ index: Int) throws {
        #expect(try EventFilter(Self.nodes[index].node) == Self.nodes[index].filter)
    }

    @Test("expressions are read by both names of the dialect", arguments: ["cesql", "sql"])
    func readsExpression(_ dialect: String) throws {
        let filter = try EventFilter(.map([.init(dialect, "id = '1'")]))
        #expect(try filter == .cesql("id = '1'"))
        #expect(filter.matches(Self.event))
    }

    @Test("a list of filters: all must match, and none is no hindrance")
    func readsList() throws {
        #expect(try EventFilter(filters: []).matches(Self.event))
        let one: FilterNode = ["exact": ["id": "1"]]
        let other: FilterNode = ["prefix": ["type": "art"]]
        #expect(try EventFilter(filters: [one]).matches(Self.event))
        #expect(try !EventFilter(filters: [one, other]).matches(Self.event))
    }

    static let refused: [(node: FilterNode, path: String)] = [
        ("exact", "filters[0]"), ([], "filters[0]"), ([:], "filters[0]"),
        (["exact": ["id": "1"], "prefix": ["id": "1"]], "filters[0]"),
        (["Exact": ["id": "1"]], "filters[0].Exact"), (["regex": "a"], "filters[0].regex"),
        (["exact": "id"], "filters[0].exact"), (["exact": [:]], "filters[0].exact"),
        (["exact": [["id": "1"]]], "filters[0].exact"),
        (["exact": ["id": ""]], "filters[0].exact.id"),
        (["exact": ["id": ["1"]]], "filters[0].exact.id"),
        (["prefix": ["Id": "1"]], "filters[0].prefix.Id"),
        (["prefix": ["": "1"]], "filters[0].prefix."),
        (["suffix": ["data": "1"]], "filters[0].suffix.data"),
        (["suffix": ["id": "1", "id": "2"]], "filters[0].suffix.id"),
        (["all": []], "filters[0].all"), (["all": ["exact": ["id": "1"]]], "filters[0].all"),
        (["any": "id"], "filters[0].any"), (["any": ["id"]], "filters[0].any[0]"),
        (
            ["any": [["exact": ["id": "1"]], ["not": ["none": "x"]]]],
            "filters[0].any[1].not.none"
        ),
        (["not": []], "filters[0].not"), (["not": [["exact": ["id": "1"]]]], "filters[0].not"),
        (["cesql": ["a"]], "filters[0].cesql"), (["cesql": "a ="], "filters[0].cesql"),
    ]

    @Test("refuses, and says where", arguments: refused.indices)
    func refuses(_ index: Int) throws {
        let (node, path) = Self.refused[index]
        let error = #expect(throws: EventFilterError.self) { try EventFilter(filters: [node]) }
        #expect(error?.path == path)
        #expect(error?.description.hasPrefix("\(path): ") == true)
    }

    @Test("names from outside are cut and printable in errors")
    func printable() throws {
        let error = #expect(throws: EventFilterError.self) {
            try EventFilter(.map([.init("a\n" + String(repeating: "b", count: 100), "c")]))
        }
        #expect(error?.path == "filter.a\\n" + String(repeating: "b", count: 58) + "…")
    }

    static func nested(_ depth: Int) -> FilterNode {
        (1..<depth).reduce(["exact": ["id": "1"]]) { node, _ in ["not": node] }
    }

    @Test("nesting and number: at the limit, and one past it")
    func limits() throws {
        _ = try EventFilter(Self.nested(EventFilter.depthMax))
        #expect(throws: EventFilterError.self) {
            try EventFilter(Self.nested(EventFilter.depthMax + 1))
        }
        let one: FilterNode = ["exact": ["id": "1"]]
        _ = try EventFilter(filters: Array(repeating: one, count: EventFilter.countMax))
        #expect(throws: EventFilterError.self) {
            try EventFilter(filters: Array(repeating: one, count: EventFilter.countMax + 1))
        }
        let list = FilterNode.list(Array(repeating: one, count: EventFilter.countMax - 1))
        _ = try EventFilter(["any": list])
        #expect(throws: EventFilterError.self) { try EventFilter(filters: [one, ["any": list]]) }
    }

    @Test("any nodes are read or refused", arguments: SeededGenerator.seeds)
    func nodeSoup(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<2000 {
            if let filter = try? EventFilter(filters: [Self.soup(&random, 4)]) {
                _ = filter.matches(Self.event)
            }
        }
    }

    private static func soup(_ random: inout SeededGenerator, _ depth: Int) -> FilterNode {
        let texts = ["exact", "prefix", "suffix", "all", "any", "not", "cesql", "id", "type", ""]
        switch Int.random(in: 0..<(depth > 0 ? 8 : 1), using: &random) {
        case 0: return .text(random.pick(texts))
        case 1...2:
            let count = Int.random(in: 0...2, using: &random)
            return .list((0..<count).map { _ in self.soup(&random, depth - 1) })
        default:
            let count = random.chance(80) ? 1 : 2
            return .map(
                (0..<count).map { _ in .init(random.pick(texts), self.soup(&random, depth - 1)) }
            )
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

import CloudEvents
import Testing

@testable import CESQL

@Suite("Functions (CESQL 1.0.0 section 3.5)")
struct FunctionTests {
    static func function(
        _ name: String,
        _ count: Int,
        isVariadic: Bool = false
    ) -> CESQLFunction {
        CESQLFunction(
            name,
            Array(repeating: .any, count: count),
            variadic: isVariadic ? .any : nil,
            returns: .integer
        ) { _ in CESQLResult(.integer(Int32(count))) }
    }

    @Test(
        "names",
        arguments: [
            ("F", true), ("f", true), ("F_", true), ("A_B_C", true), ("", false), ("_F", false),
            ("F1", false), ("É", false), ("A B", false), ("AND", false), ("like", false),
            ("A[", false), ("A@", false),
        ]
    )
    func names(_ name: String, _ isName: Bool) {
        var functions = CESQLFunctions.builtIn
        let function = Self.function(name, 1)
        if isName {
            #expect(throws: Never.self) { try functions.add(function) }
        } else {
            #expect(throws: CESQLFunctionError.nameInvalid(name.uppercased())) {
                try functions.add(function)
            }
        }
    }

    @Test("overloads differ in the number of arguments, and one may be variadic")
    func overloads() throws {
        var functions = CESQLFunctions.builtIn
        try functions.add(Self.function("F", 1))
        try functions.add(Self.function("f", 2))
        try functions.add(Self.function("F", 3, isVariadic: true))
        for (count, isVariadic) in [(1, false), (2, false), (3, false), (4, false), (2, true)] {
            #expect(throws: CESQLFunctionError.ambiguous("F")) {
                try functions.add(Self.function("F", count, isVariadic: isVariadic))
            }
        }
        #expect(throws: CESQLFunctionError.ambiguous("F")) {
            try functions.add(Self.function("F", 9, isVariadic: true))
        }
        try functions.add(Self.function("F", 0))
        for (count, expected) in [0: 0, 1: 1, 2: 2, 3: 3, 4: 3, 9: 3] {
            let function = try #require(functions.function("F", arguments: count))
            #expect(function.parameters.count == expected)
        }
    }

    @Test("built-in functions cannot be replaced")
    func builtIn() {
        var functions = CESQLFunctions.builtIn
        for (name, count) in [("LENGTH", 1), ("SUBSTRING", 3), ("CONCAT", 5), ("CONCAT_WS", 2)] {
            #expect(throws: CESQLFunctionError.ambiguous(name)) {
                try functions.add(Self.function(name, count))
            }
        }
        #expect(throws: Never.self) { try functions.add(Self.function("CONCAT_WS", 0)) }
    }

    @Test("functions that do not exist are known before there is an event")
    func missingFunctions() throws {
        let text = "F(1) = 1 AND NOT G() OR LENGTH(H('a', 'b')) IN (1, I(2)) XOR -J(1) LIKE 'a'"
        #expect(
            try CESQLExpression(text).missingFunctions == [
                .missingFunction("F", arguments: 1), .missingFunction("G", arguments: 0),
                .missingFunction("H", arguments: 2), .missingFunction("I", arguments: 1),
                .missingFunction("J", arguments: 1),
            ]
        )
        #expect(try CESQLExpression("LENGTH(a) = 1 AND EXISTS b").missingFunctions.isEmpty)
    }

    @Test("text that functions make: at the limit, and one past it")
    func resultBytesMax() throws {
        let half = String(repeating: "x", count: CESQLLimits.resultBytesMax / 2)
        var event = ExpressionTable.event
        event.extensions = ["a": .string(half), "b": .string(half), "c": "y"]
        let fits = try CESQLExpression("LENGTH(CONCAT(a, b))").evaluate(event)
        #expect(fits == CESQLResult(.integer(Int32(CESQLLimits.resultBytesMax))))
        for text in ["LENGTH(CONCAT(a, b, c))", "LENGTH(CONCAT_WS(c, a, b))"] {
            let result = try CESQLExpression(text).evaluate(event)
            #expect(result == CESQLResult(.integer(0), errors: [.resultTooLong]))
        }
        event.extensions["c"] = .string(half + half + "é")
        let upper = try CESQLExpression("UPPER(c)").evaluate(event)
        #expect(upper == CESQLResult(.string(""), errors: [.resultTooLong]))
    }

    @Test("all errors are found, in order, where everything is evaluated")
    func errors() throws {
        let text = "CONCAT(nobody, 1 / 0, F()) = 'a' AND INT('x') = 1"
        let result = try CESQLExpression(text).evaluate(ExpressionTable.event)
        #expect(
            result
                == CESQLResult(
                    .boolean(false),
                    errors: [
                        .missingAttribute("nobody"), .math(.divisionByZero),
                        .missingFunction("F", arguments: 0),
                    ]
                )
        )
        let sum = try CESQLExpression("(1 / 0) + type + nobody IN ('a', b)")
        #expect(
            sum.evaluate(ExpressionTable.event).errors == [
                .math(.divisionByZero),
                .cast(from: .string, to: .integer, attribute: "type"),
                .missingAttribute("nobody"), .missingAttribute("b"),
            ]
        )
    }

    @Test("errors are sentences that name no values")
    func sentences() throws {
        var event = ExpressionTable.event
        event.extensions["grade"] = "secret"
        let errors = try CESQLExpression("grade + 1").evaluate(event).errors
        #expect(errors.map(\.description) == ["the attribute grade is a String that is no Integer"])
        let more: [CESQLError] = [
            .math(.divisionByZero), .math(.overflow), .missingAttribute("a"),
            .cast(from: .string, to: .boolean, attribute: nil),
            .missingFunction("F", arguments: 2), .functionEvaluation("F", reason: "r"),
            .generic(reason: "g"),
        ]
        #expect(Set(more.map(\.description)).count == more.count)
    }
}

// SPDX-License-Identifier: Apache-2.0

import CESQL
import CloudEvents
import Testing

@Suite("Expressions and what comes of them (CESQL 1.0.0)")
struct ExpressionTableTests {
    static let functions: CESQLFunctions = {
        var functions = CESQLFunctions.builtIn
        for function in Self.ownFunctions {
            do {
                try functions.add(function)
            } catch {
                Issue.record(error)
            }
        }
        return functions
    }()

    private static let ownFunctions = [
        CESQLFunction("HAS_PREFIX", [.string, .string], returns: .boolean) { values in
            guard case .string(let text) = values[0], case .string(let prefix) = values[1]
            else { return CESQLResult(.boolean(false), errors: [.generic(reason: "not cast")]) }
            return CESQLResult(.boolean(text.hasPrefix(prefix)))
        },
        CESQLFunction("joined", [.string], variadic: .string, returns: .string) { values in
            CESQLResult(.string(values.map(Self.text).joined()))
        },
        CESQLFunction("PICK", [.any], returns: .integer) { _ in CESQLResult(.integer(1)) },
        CESQLFunction("PICK", [.any, .any], returns: .integer) { _ in CESQLResult(.integer(2)) },
        CESQLFunction("PICK", [.any, .any, .any], variadic: .any, returns: .integer) { values in
            CESQLResult(.integer(Int32(values.count)))
        },
        CESQLFunction("FAILS", [.any], returns: .integer) { _ in
            CESQLResult(
                .integer(7),
                errors: [.functionEvaluation("FAILS", reason: "it always does")]
            )
        },
        CESQLFunction("LIES", [.any], returns: .integer) { _ in CESQLResult(.string("7")) },
        CESQLFunction("KIND", [.any], returns: .string) { values in
            CESQLResult(.string(values[0].type.rawValue))
        },
    ]

    private static func text(_ value: CESQLValue) -> String {
        if case .string(let text) = value { text } else { "not cast" }
    }

    static func parse(_ text: String) throws(CESQLParseError) -> CESQLExpression {
        try CESQLExpression(text, functions: self.functions)
    }

    @Test("the tables are there")
    func tables() {
        #expect(ExpressionTable.all.count == ExpressionTable.names.count)
        #expect(ExpressionTable.all.reduce(0) { $0 + $1.tests.count } > 600)
    }

    @Test("value and errors, everything evaluated", arguments: ExpressionTable.all)
    func complete(_ table: ExpressionTable) throws {
        for test in table.tests {
            let note = "\(test.name): \(test.expression)"
            guard let expected = test.result else {
                #expect(throws: CESQLParseError.self, "\(note)") {
                    try Self.parse(test.expression)
                }
                continue
            }
            let expression = try Self.parse(test.expression)
            let result = expression.evaluate(try test.makeEvent())
            #expect(result.value == expected.value, "\(note)")
            #expect(result.errors.first?.kind == test.error, "\(note)")
            if let type = expression.type { #expect(result.value.type == type, "\(note)") }
        }
    }

    @Test("the first error ends it, with the zero value", arguments: ExpressionTable.all)
    func failFast(_ table: ExpressionTable) throws {
        for test in table.tests where test.result != nil {
            let note = "\(test.name): \(test.expression)"
            let expression = try Self.parse(test.expression)
            let event = try test.makeEvent()
            let complete = expression.evaluate(event)
            let result = expression.evaluate(event, mode: .failFast)
            #expect(result.errors == Array(complete.errors.prefix(1)), "\(note)")
            let zero = (expression.type ?? .boolean).zero
            #expect(result.value == (test.error == nil ? complete.value : zero), "\(note)")
            let isTrue = complete == CESQLResult(.boolean(true))
            #expect(expression.matches(event) == isTrue, "\(note)")
        }
    }

    @Test("every beginning of every expression is read or refused", arguments: ExpressionTable.all)
    func prefixes(_ table: ExpressionTable) throws {
        for test in table.tests {
            let scalars = test.expression.unicodeScalars
            for count in 0..<scalars.count {
                let prefix = String(scalars.prefix(count))
                do {
                    _ = try Self.parse(prefix).evaluate(ExpressionTable.event)
                } catch {
                    #expect(error.line >= 1 && error.column >= 1 && error.column <= count + 1)
                }
            }
        }
    }
}

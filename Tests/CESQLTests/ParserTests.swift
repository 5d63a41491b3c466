// SPDX-License-Identifier: Apache-2.0

import CloudEvents
import TestSupport
import Testing

@testable import CESQL

@Suite("Reading expressions (CESQL 1.0.0 section 2)")
struct ParserTests {
    typealias Fault = CESQLParseError.Fault

    static let refused: [(text: String, fault: Fault, line: Int, column: Int)] = [
        ("", .unexpected(found: "the end", expected: "a value"), 1, 1),
        ("1 +", .unexpected(found: "the end", expected: "a value"), 1, 4),
        ("1 + )", .unexpected(found: ")", expected: "a value"), 1, 5),
        ("1 2", .unexpected(found: "2", expected: "an operator or the end"), 1, 3),
        ("TRUE\nAND\n  OR", .unexpected(found: "OR", expected: "a value"), 3, 3),
        ("(1", .unexpected(found: "the end", expected: ") or an operator"), 1, 3),
        ("ABS(1 2)", .unexpected(found: "2", expected: ", or ) or an operator"), 1, 7),
        ("1 IN 1", .unexpected(found: "1", expected: "("), 1, 6),
        ("a LIKE b", .unexpected(found: "b", expected: "a pattern in quotes"), 1, 8),
        ("EXISTS 'é'", .unexpected(found: "'é'", expected: "the name of an attribute"), 1, 8),
        ("a NOT b", .unexpected(found: "NOT", expected: "an operator or the end"), 1, 3),
        ("'é' 'b'", .unexpected(found: "'b'", expected: "an operator or the end"), 1, 5),
        ("1 '\n'", .unexpected(found: "'\\n'", expected: "an operator or the end"), 1, 3),
        (
            "1 aaaaaaaaaabbbbbbbbbbccccccccccd",
            .unexpected(
                found: "aaaaaaaaaabbbbbbbbbbcccccccccc…",
                expected: "an operator or the end"
            ), 1, 3
        ),
        ("'é' ; 1", .characterNotAllowed(";"), 1, 5),
        ("a = é", .characterNotAllowed("é"), 1, 5),
        ("a\u{0}", .characterNotAllowed("\\0"), 1, 2),
        ("a !b", .characterNotAllowed("!"), 1, 3),
        ("1 =\r\n 'abc", .stringNotClosed, 2, 2),
        ("2147483648", .integerOutOfRange, 1, 1),
        ("1 - -2147483649", .integerOutOfRange, 1, 5),
        ("a_b = 1", .nameInvalid("a_b"), 1, 1),
        ("ABS2(1)", .nameInvalid("ABS2"), 1, 1),
        ("_A(1)", .nameInvalid("_A"), 1, 1),
    ]

    @Test("says what is wrong, and in which line and column", arguments: refused.indices)
    func refuses(_ index: Int) {
        let (text, fault, line, column) = Self.refused[index]
        #expect(throws: CESQLParseError(fault, line: line, column: column)) {
            try CESQLExpression(text)
        }
    }

    @Test("errors are sentences for people")
    func sentences() {
        let error = CESQLParseError(.unexpected(found: ")", expected: "a value"), column: 5)
        #expect(
            error.description == "the expression is wrong at line 1, column 5: ) stands where "
                + "a value is expected"
        )
        for (_, fault, line, column) in Self.refused {
            #expect(!"\(CESQLParseError(fault, line: line, column: column))".isEmpty)
        }
    }

    static func fault(_ text: String, _ limits: CESQLLimits = .init()) -> Fault? {
        do {
            _ = try CESQLExpression(text, limits: limits)
            return nil
        } catch {
            return error.fault
        }
    }

    static func repeated(_ text: String, _ count: Int) -> String {
        String(repeating: text, count: count)
    }

    @Test("bytes: at the limit, and one past it")
    func textBytesMax() {
        let spaces = Self.repeated(" ", 16 * 1024 - 1)
        #expect(Self.fault(spaces + "1") == nil)
        #expect(Self.fault(spaces + "10") == .tooLong(limitBytes: 16 * 1024))
    }

    @Test("parts: at the limit, and one past it")
    func nodesMax() {
        // n values and n - 1 operators
        let terms = Array(repeating: "1", count: 512).joined(separator: " OR ")
        #expect(Self.fault(terms + " OR NOT 1") == .tooManyNodes(limit: 1024))
        var limits = CESQLLimits()
        limits.nodesMax = 7
        #expect(Self.fault("1 + 1 = 1 OR 1", limits) == nil)
        #expect(Self.fault("1 + 1 = 1 OR -a", limits) == .tooManyNodes(limit: 7))
        #expect(Self.fault("a IN (1, 2, 3, 4, 5)", limits) == nil)
        #expect(Self.fault("a IN (1, 2, 3, 4, 5, 6)", limits) == .tooManyNodes(limit: 7))
        #expect(Self.fault("a NOT IN (1, 2, 3, 4, 5)", limits) == .tooManyNodes(limit: 7))
    }

    @Test(
        "nesting: at the limit, and one past it",
        arguments: [
            ("(", ")"), ("NOT ", ""), ("-", ""), ("ABS(", ")"), ("1 IN (", ")"), ("- ", ""),
        ]
    )
    func depthMax(_ opening: String, _ closing: String) {
        func text(_ depth: Int) -> String {
            Self.repeated(opening, depth - 1) + "a" + Self.repeated(closing, depth - 1)
        }
        #expect(Self.fault(text(128)) == nil)
        #expect(Self.fault(text(129)) == .tooDeep(limit: 128))
        #expect(Self.fault(Self.repeated(opening, 2000)) != nil)
    }

    @Test("chains: those of logic count once, others each time")
    func chains() throws {
        let event = ExpressionTable.event
        let logic = Array(repeating: "FALSE", count: 256).joined(separator: " OR ") + " OR TRUE"
        #expect(try CESQLExpression(logic).matches(event))
        let sum = Array(repeating: "1", count: 128).joined(separator: "+")
        #expect(try CESQLExpression(sum).evaluate(event).value == .integer(128))
        #expect(Self.fault(sum + "+1") == .tooDeep(limit: 128))
        let like = "a" + Self.repeated(" LIKE 'b'", 127)
        #expect(Self.fault(like) == nil)
        #expect(Self.fault(like + " LIKE 'b'") == .tooDeep(limit: 128))
    }

    @Test("patterns: at the limit, and one past it")
    func patternMax() {
        let pattern = Self.repeated("a", LikePattern.countMax)
        #expect(Self.fault("b LIKE '\(pattern)%'") == nil)
        #expect(Self.fault("b LIKE '\(pattern)_'") == .patternTooLong(limit: 1023))
    }

    static let words = [
        "(", ")", ",", "+", "-", "*", "/", "%", "=", "!=", "<>", "<", "<=", ">", ">=", "AND", "or",
        "XOR", "NOT", "LIKE", "EXISTS", "IN", "TRUE", "false", "1", "2147483647", "2147483648",
        "'a%'", "\"b\\\"_\"", "'", "\"", "\\", "id", "subject", "nobody", "ABS", "ABS(", "CONCAT(",
        "LENGTH", "substring(", "x_y", "é", "\u{0}", ".", " ", "\n", "0",
    ]

    @Test("any tokens in any order are read or refused", arguments: SeededGenerator.seeds)
    func tokenSoup(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var readCount = 0
        for _ in 0..<4000 {
            var text = ""
            for _ in 0..<Int.random(in: 1...12, using: &random) {
                text += random.pick(Self.words)
                if random.chance(80) { text += " " }
            }
            guard let expression = try? CESQLExpression(text) else { continue }
            readCount += 1
            let complete = expression.evaluate(ExpressionTable.event)
            let failFast = expression.evaluate(ExpressionTable.event, mode: .failFast)
            #expect(failFast.errors == Array(complete.errors.prefix(1)), "\(text)")
        }
        #expect(readCount > 20, "seed \(seed)")
    }

    @Test("any bytes that are text are read or refused", arguments: SeededGenerator.seeds)
    func byteSoup(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<2000 {
            let text = String(decoding: random.bytes(countMax: 40), as: UTF8.self)
            _ = try? CESQLExpression(text)
        }
    }
}

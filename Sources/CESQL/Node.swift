// SPDX-License-Identifier: Apache-2.0

/// `AND`, `OR` and `XOR`.
enum LogicOperator: Sendable {
    case and
    case or
    case xor
}

/// `=`, `!=` (also written `<>`), `<`, `<=`, `>` and `>=`.
enum ComparisonOperator: Sendable {
    case equal
    case notEqual
    case less
    case lessOrEqual
    case greater
    case greaterOrEqual
}

/// `+`, `-`, `*`, `/` and `%`.
enum ArithmeticOperator: Sendable {
    case add
    case subtract
    case multiply
    case divide
    case remainder
}

/// A part of an expression.
indirect enum Node: Sendable {
    /// An operator of a chain, and what stands to its right.
    struct Link: Sendable {
        var logic: LogicOperator
        var operand: Node
    }

    case literal(CESQLValue)
    case attribute(EventAttribute)
    case exists(EventAttribute)
    case not(Node)
    case negate(Node)
    /// `AND`, `OR` and `XOR` from left to right; all three bind alike (CESQL 1.0.0 section 3.6).
    case logic(Node, [Link])
    case comparison(ComparisonOperator, Node, Node)
    case arithmetic(ArithmeticOperator, Node, Node)
    case like(Node, LikePattern)
    case membership(Node, [Node])
    case call(CESQLFunction, [Node])
    case missingFunction(CESQLError)

    /// The type of the value; `nil` for an attribute, which each event gives a type of its own.
    var type: CESQLType? {
        switch self {
        case .literal(let value): value.type
        case .attribute: nil
        case .negate, .arithmetic: .integer
        case .call(let function, _): function.result
        case .exists, .not, .logic, .comparison, .like, .membership, .missingFunction: .boolean
        }
    }
}

extension Node {
    /// Calls of functions that do not exist, from left to right.
    var missingFunctions: [CESQLError] {
        switch self {
        case .literal, .attribute, .exists: []
        case .missingFunction(let error): [error]
        case .not(let operand), .negate(let operand), .like(let operand, _):
            operand.missingFunctions
        case .comparison(_, let left, let right), .arithmetic(_, let left, let right):
            left.missingFunctions + right.missingFunctions
        case .logic(let first, let links):
            first.missingFunctions + links.flatMap(\.operand.missingFunctions)
        case .membership(let operand, let elements):
            operand.missingFunctions + elements.flatMap(\.missingFunctions)
        case .call(_, let arguments): arguments.flatMap(\.missingFunctions)
        }
    }
}

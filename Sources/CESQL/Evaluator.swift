// SPDX-License-Identifier: Apache-2.0

import CloudEvents

/// Computes an expression for one event (CESQL 1.0.0 section 3).
///
/// An operator or function that misses an operand, because of an error, has the zero value of
/// its type; so one error can make no event match that would not match without.
struct Evaluator {
    private let event: CloudEvent
    /// Whether the first error ends it all.
    private let stopsAtError: Bool
    private(set) var errors: [CESQLError] = []

    init(_ event: CloudEvent, stopsAtError: Bool) {
        self.event = event
        self.stopsAtError = stopsAtError
    }

    /// The value of a part; errors have been noted.
    mutating func value(of node: Node) -> CESQLValue {
        switch node {
        case .literal(let value): return value
        case .attribute(let attribute):
            guard let value = attribute.value(in: self.event) else {
                self.errors.append(.missingAttribute(attribute.name))
                return .boolean(false)
            }
            return value
        case .exists(let attribute): return .boolean(attribute.exists(in: self.event))
        case .not(let operand): return .boolean(self.boolean(operand).map { !$0 } ?? false)
        case .negate(let operand): return .integer(self.negated(operand))
        case .logic(let first, let links): return .boolean(self.logic(first, links))
        case .comparison(let comparison, let left, let right):
            return .boolean(self.comparison(comparison, left, right))
        case .arithmetic(let arithmetic, let left, let right):
            return .integer(self.arithmetic(arithmetic, left, right))
        case .like(let operand, let pattern):
            return .boolean(self.operand(operand).map { pattern.matches($0.asString) } ?? false)
        case .membership(let operand, let elements):
            return .boolean(self.membership(operand, elements))
        case .call(let function, let arguments): return self.call(function, arguments)
        case .missingFunction(let error):
            self.errors.append(error)
            return .boolean(false)
        }
    }

    // MARK: Operands

    /// The value of an operand; `nil` when there were errors on the way to it.
    private mutating func operand(_ node: Node) -> CESQLValue? {
        let errorsCount = self.errors.count
        let value = self.value(of: node)
        return self.errors.count == errorsCount ? value : nil
    }

    private mutating func operand(_ node: Node, as type: CESQLType) -> CESQLValue? {
        guard let value = self.operand(node) else { return nil }
        return self.cast(value, to: type, from: node)
    }

    private mutating func cast(
        _ value: CESQLValue,
        to type: CESQLType,
        from node: Node
    ) -> CESQLValue? {
        guard let result = value.cast(to: type) else {
            var name: String?
            if case .attribute(let attribute) = node { name = attribute.name }
            self.errors.append(.cast(from: value.type, to: type, attribute: name))
            return nil
        }
        return result
    }

    private mutating func boolean(_ node: Node) -> Bool? {
        self.operand(node, as: .boolean)?.asBoolean
    }

    private mutating func integer(_ node: Node) -> Int32? {
        self.operand(node, as: .integer)?.asInteger
    }

    // MARK: Operators

    /// `AND`, `OR` and `XOR` from left to right, with what cannot matter left out.
    private mutating func logic(_ first: Node, _ links: [Node.Link]) -> Bool {
        var result = self.boolean(first)
        for link in links {
            switch (link.logic, result ?? false) {
            case (.and, false), (.or, true): continue
            case (.and, true), (.or, false), (.xor, _): break
            }
            if result == nil, self.stopsAtError { return false }
            let right = self.boolean(link.operand)
            if let left = result, let right {
                // With AND the left side is true here, and with OR it is false.
                result = link.logic == .xor ? left != right : right
            } else {
                result = nil
            }
        }
        return result ?? false
    }

    private mutating func comparison(
        _ comparison: ComparisonOperator,
        _ left: Node,
        _ right: Node
    ) -> Bool {
        if comparison == .equal || comparison == .notEqual {
            guard let isEqual = self.areEqual(left, right) else { return false }
            return isEqual == (comparison == .equal)
        }
        guard let (left, right) = self.integers(left, right) else { return false }
        return switch comparison {
        case .less: left < right
        case .lessOrEqual: left <= right
        case .greater: left > right
        case .greaterOrEqual: left >= right
        case .equal, .notEqual: false
        }
    }

    /// The right side decides what is compared, and the left side is cast to its type (section
    /// 3.7).
    private mutating func areEqual(_ leftNode: Node, _ rightNode: Node) -> Bool? {
        let left = self.operand(leftNode)
        if left == nil, self.stopsAtError { return nil }
        guard let right = self.operand(rightNode), let left else { return nil }
        return self.cast(left, to: right.type, from: leftNode).map { $0 == right }
    }

    private mutating func integers(_ left: Node, _ right: Node) -> (Int32, Int32)? {
        let left = self.integer(left)
        if left == nil, self.stopsAtError { return nil }
        guard let right = self.integer(right), let left else { return nil }
        return (left, right)
    }

    private mutating func negated(_ node: Node) -> Int32 {
        guard let value = self.integer(node) else { return 0 }
        return self.checked(Int32(0).subtractingReportingOverflow(value))
    }

    private mutating func arithmetic(
        _ arithmetic: ArithmeticOperator,
        _ left: Node,
        _ right: Node
    ) -> Int32 {
        guard let (left, right) = self.integers(left, right) else { return 0 }
        switch arithmetic {
        case .add: return self.checked(left.addingReportingOverflow(right))
        case .subtract: return self.checked(left.subtractingReportingOverflow(right))
        case .multiply: return self.checked(left.multipliedReportingOverflow(by: right))
        case .divide, .remainder:
            guard right != 0 else {
                self.errors.append(.math(.divisionByZero))
                return 0
            }
            if arithmetic == .divide {
                return self.checked(left.dividedReportingOverflow(by: right))
            }
            // What -2147483648 % -1 leaves is 0, though the quotient has no room.
            return left.remainderReportingOverflow(dividingBy: right).partialValue
        }
    }

    /// The specification is silent on overflow; a wrong number would be worse than an error.
    private mutating func checked(_ result: (partialValue: Int32, overflow: Bool)) -> Int32 {
        guard result.overflow else { return result.partialValue }
        self.errors.append(.math(.overflow))
        return 0
    }

    /// Whether the left side is one of the elements, which are cast to its type; the elements
    /// behind the first that is equal do not matter.
    private mutating func membership(_ operand: Node, _ elements: [Node]) -> Bool {
        let left = self.operand(operand)
        var hasFailed = left == nil
        for element in elements {
            if hasFailed, self.stopsAtError { return false }
            guard let value = self.operand(element), let left,
                let value = self.cast(value, to: left.type, from: element)
            else {
                hasFailed = true
                continue
            }
            if value == left { return !hasFailed }
        }
        return false
    }

    // MARK: Functions

    private mutating func call(_ function: CESQLFunction, _ arguments: [Node]) -> CESQLValue {
        var values: [CESQLValue] = []
        values.reserveCapacity(arguments.count)
        for (index, argument) in arguments.enumerated() {
            let type = function.parameter(at: index).type
            let value = type.map { self.operand(argument, as: $0) } ?? self.operand(argument)
            if let value { values.append(value) } else if self.stopsAtError { break }
        }
        guard values.count == arguments.count else { return function.result.zero }
        let result = function.body(values)
        self.errors.append(contentsOf: result.errors)
        return self.checked(result.value, of: function)
    }

    /// Functions of users may break their word; then the zero value stands in (section 3.5.3).
    private mutating func checked(_ value: CESQLValue, of function: CESQLFunction) -> CESQLValue {
        guard value.type == function.result else {
            let reason = "it gave a \(value.type.rawValue) and not a \(function.result.rawValue)"
            self.errors.append(.functionEvaluation(function.name, reason: reason))
            return function.result.zero
        }
        guard case .string(let text) = value, text.utf8.count > CESQLLimits.resultBytesMax else {
            return value
        }
        self.errors.append(.resultTooLong)
        return function.result.zero
    }
}

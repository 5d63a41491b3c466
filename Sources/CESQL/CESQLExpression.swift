// SPDX-License-Identifier: Apache-2.0

public import CloudEvents

/// An expression of the CloudEvents SQL expression language 1.0.0, ready to be evaluated.
///
/// ```swift
/// let expression = try CESQLExpression("type = 'exam.graded' AND subject LIKE 'maths/%'")
/// if expression.matches(event) { … }
/// ```
///
/// A value without state: any thread may evaluate it for any number of events.
public struct CESQLExpression: Sendable {
    /// What happens after an error (section 4.1).
    public enum Mode: Sendable {
        /// Everything is evaluated, and all errors are given.
        case complete
        /// The first error ends the evaluation; the value is the zero value of the expression's
        /// type.
        case failFast
    }

    /// The text that it was read from.
    public let text: String
    private let root: Node

    /// Reads an expression.
    ///
    /// - Parameters:
    ///   - text: At most 16 KiB, 1024 parts, and 128 of them within each other.
    ///   - functions: What it can call.
    /// - Throws: ``CESQLParseError`` with line and column. A function that does not exist is no
    ///   such error; ``missingFunctions`` tells of it.
    public init(
        _ text: String,
        functions: CESQLFunctions = .builtIn
    ) throws(CESQLParseError) {
        try self.init(text, functions: functions, limits: CESQLLimits())
    }

    /// Reads an expression with limits other than the usual.
    package init(
        _ text: String,
        functions: CESQLFunctions = .builtIn,
        limits: CESQLLimits
    ) throws(CESQLParseError) {
        let bytes = Array(text.utf8)
        do {
            self.root = try Parser.parse(bytes, functions: functions, limits: limits)
            self.text = text
        } catch {
            throw CESQLParseError(error, in: bytes)
        }
    }

    /// The type of its values; `nil` when each event decides, for it is an attribute alone.
    public var type: CESQLType? { self.root.type }

    /// Calls of functions that do not exist; each gives `false` and an error when evaluated.
    public var missingFunctions: [CESQLError] { self.root.missingFunctions }

    /// The value for `event`, and what went wrong on the way.
    ///
    /// - Parameters:
    ///   - event: A valid event; it is not changed.
    ///   - mode: What happens after an error.
    /// - Returns: A value even with errors.
    public func evaluate(_ event: CloudEvent, mode: Mode = .complete) -> CESQLResult {
        var evaluator = Evaluator(event, stopsAtError: mode == .failFast)
        let value = evaluator.value(of: self.root)
        guard mode == .failFast, !evaluator.errors.isEmpty else {
            return CESQLResult(value, errors: evaluator.errors)
        }
        // Without a type of its own Boolean is meant (section 3.2).
        return CESQLResult((self.type ?? .boolean).zero, errors: evaluator.errors)
    }

    /// Whether the value for `event` is `true`, and there were no errors (section 1.2).
    public func matches(_ event: CloudEvent) -> Bool {
        self.evaluate(event, mode: .failFast) == CESQLResult(.boolean(true))
    }
}

extension CESQLExpression: Equatable {
    /// Compares the texts.
    public static func == (left: Self, right: Self) -> Bool { left.text == right.text }
}

extension CESQLExpression: CustomStringConvertible {
    /// Same as ``text``.
    public var description: String { self.text }
}

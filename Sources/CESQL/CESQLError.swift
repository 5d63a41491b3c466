// SPDX-License-Identifier: Apache-2.0

/// What went wrong while an expression was evaluated (CESQL 1.0.0 section 3.3).
///
/// Errors name attributes and functions, never the values of an event.
public enum CESQLError: Error, Equatable, Sendable {
    /// What is wrong with a computation.
    public enum MathFault: Equatable, Sendable {
        /// The right operand of `/` or `%` is 0.
        case divisionByZero
        /// The result is no number of 32 bits.
        case overflow
    }

    /// A computation without a result.
    case math(MathFault)
    /// A value, of `attribute` if it came from there, that cannot be read as another type.
    case cast(from: CESQLType, to: CESQLType, attribute: String?)
    /// The event has no attribute of that name.
    case missingAttribute(String)
    /// There is no function of that name which takes so many arguments.
    case missingFunction(String, arguments: Int)
    /// A function that cannot do anything with its arguments.
    case functionEvaluation(String, reason: String)
    /// Anything else.
    case generic(reason: String)
}

extension CESQLError: CustomStringConvertible {
    /// One sentence that says what is wrong and where.
    public var description: String {
        switch self {
        case .math(.divisionByZero): "a number is divided by 0"
        case .math(.overflow): "the result of a computation does not fit into 32 bits"
        case .cast(let from, let to, let attribute?):
            "the attribute \(attribute) is a \(from.rawValue) that is no \(to.rawValue)"
        case .cast(let from, let to, nil):
            "a value is a \(from.rawValue) that is no \(to.rawValue)"
        case .missingAttribute(let name):
            "the event has no attribute \(name): ask with EXISTS \(name) first"
        case .missingFunction(let name, let arguments):
            "there is no function \(name) that takes \(arguments) arguments"
        case .functionEvaluation(let name, let reason):
            "the function \(name) failed: \(reason)"
        case .generic(let reason):
            reason
        }
    }
}

/// What an expression gives: always a value, and the errors on the way to it.
public struct CESQLResult: Equatable, Sendable {
    /// The value; with errors the best there is, often the zero value of its type.
    public var value: CESQLValue
    /// The errors, in the order in which they came up; empty when all went well.
    public var errors: [CESQLError]

    /// Makes a result of its parts.
    public init(_ value: CESQLValue, errors: [CESQLError] = []) {
        self.value = value
        self.errors = errors
    }
}

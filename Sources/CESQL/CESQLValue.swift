// SPDX-License-Identifier: Apache-2.0

/// The types that an expression computes with (CESQL 1.0.0 section 3.1).
public enum CESQLType: String, Sendable, CaseIterable {
    /// `true` or `false`.
    case boolean = "Boolean"
    /// A whole number of 32 bits.
    case integer = "Integer"
    /// A sequence of Unicode scalars.
    case string = "String"

    /// What stands in for a value that could not be computed.
    public var zero: CESQLValue {
        switch self {
        case .boolean: .boolean(false)
        case .integer: .integer(0)
        case .string: .string("")
        }
    }
}

/// A value in an expression: of an attribute, of a literal, or computed from them.
public enum CESQLValue: Sendable {
    /// `true` or `false`.
    case boolean(Bool)
    /// A whole number of 32 bits.
    case integer(Int32)
    /// A sequence of Unicode scalars.
    case string(String)

    /// The type of the value.
    public var type: CESQLType {
        switch self {
        case .boolean: .boolean
        case .integer: .integer
        case .string: .string
        }
    }
}

extension CESQLValue: Equatable {
    /// Compares type and value; text by its scalars, so that `é` is not `e` with an accent.
    public static func == (left: Self, right: Self) -> Bool {
        switch (left, right) {
        case (.boolean(let left), .boolean(let right)): left == right
        case (.integer(let left), .integer(let right)): left == right
        case (.string(let left), .string(let right)): left.hasSameScalars(as: right)
        default: false
        }
    }
}

/// Casts, implicit and explicit (CESQL 1.0.0 section 3.7).
extension CESQLValue {
    /// The value as one of `type`; `nil` when it cannot be read as one.
    func cast(to type: CESQLType) -> Self? {
        switch type {
        case .boolean: self.asBoolean.map(Self.boolean)
        case .integer: self.asInteger.map(Self.integer)
        case .string: .string(self.asString)
        }
    }

    /// The value as a truth value: every number but 0 is true, text is `true` or `false` in any
    /// case.
    var asBoolean: Bool? {
        switch self {
        case .boolean(let value): value
        case .integer(let value): value != 0
        case .string(let text): Self.boolean(text)
        }
    }

    private static func boolean(_ text: String) -> Bool? {
        switch text.lowercased() {
        case "true": true
        case "false": false
        default: nil
        }
    }

    /// The value as a number: true is 1, text is decimal with or without a sign.
    var asInteger: Int32? {
        switch self {
        case .boolean(let value): value ? 1 : 0
        case .integer(let value): value
        case .string(let text): Int32(text)
        }
    }

    /// The value as text; every value has one.
    var asString: String {
        switch self {
        case .boolean(let value): value ? "true" : "false"
        case .integer(let value): String(value)
        case .string(let text): text
        }
    }
}

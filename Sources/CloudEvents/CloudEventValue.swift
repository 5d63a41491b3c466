// SPDX-License-Identifier: Apache-2.0

public import Bytes

/// The value of an attribute, of one of the seven types (CloudEvents 1.0.2 section 3.1).
///
/// Binary mode has no types: there every value arrives as ``string(_:)``. ``asBoolean`` and its
/// siblings read a value either way.
public enum CloudEventValue: Sendable, Equatable {
    /// `true` or `false`.
    case boolean(Bool)
    /// A whole number of 32 bits.
    case integer(Int32)
    /// Text without control characters.
    case string(String)
    /// Bytes, written as base64.
    case binary([UInt8])
    /// An absolute URI.
    case uri(String)
    /// A URI, or a reference relative to one.
    case uriReference(String)
    /// An instant, written as RFC 3339.
    case timestamp(Timestamp)

    /// The form of the value that every transport can carry.
    public var canonicalString: String {
        switch self {
        case .boolean(let value): value ? "true" : "false"
        case .integer(let value): String(value)
        case .string(let text), .uri(let text), .uriReference(let text): text
        case .binary(let bytes): Base64.encode(bytes)
        case .timestamp(let time): time.rfc3339()
        }
    }

    /// The value as a truth value; `nil` when it is not one (`TRUE` is not).
    public var asBoolean: Bool? {
        switch self {
        case .boolean(let value): value
        case .string("true"): true
        case .string("false"): false
        default: nil
        }
    }

    /// The value as a whole number of 32 bits; `nil` when it is not one (`1.0` is not).
    public var asInteger: Int32? {
        switch self {
        case .integer(let value): value
        case .string(let text) where text.utf8.first != UInt8(ascii: "+"): Int32(text)
        default: nil
        }
    }

    /// The value as bytes; `nil` when it is not base64.
    public var asBinary: [UInt8]? {
        switch self {
        case .binary(let bytes): bytes
        case .string(let text): Base64.decode(text)
        default: nil
        }
    }

    /// The value as an instant; `nil` when it is not RFC 3339.
    public var asTimestamp: Timestamp? {
        switch self {
        case .timestamp(let time): time
        case .string(let text): AttributeRules.timestamp(text)
        default: nil
        }
    }
}

extension CloudEventValue: CustomStringConvertible {
    /// Same as ``canonicalString``.
    public var description: String { self.canonicalString }
}

extension CloudEventValue: ExpressibleByStringLiteral {
    /// Makes a ``string(_:)``.
    public init(stringLiteral value: String) { self = .string(value) }
}

extension CloudEventValue: ExpressibleByIntegerLiteral {
    /// Makes an ``integer(_:)``.
    public init(integerLiteral value: Int32) { self = .integer(value) }
}

extension CloudEventValue: ExpressibleByBooleanLiteral {
    /// Makes a ``boolean(_:)``.
    public init(booleanLiteral value: Bool) { self = .boolean(value) }
}

// SPDX-License-Identifier: Apache-2.0

/// A scalar as written, and the value that it stands for.
package struct YAMLScalar: Sendable, Hashable {
    /// The text without its quotes, escapes resolved.
    package let text: String
    /// Whether it was written without quotes, so that it may stand for something else than a text.
    package let isPlain: Bool

    /// Makes one.
    package init(text: String, isPlain: Bool) {
        self.text = text
        self.isPlain = isPlain
    }

    /// What it stands for: YAML 1.2's core schema (section 10.3.2), and what Kubernetes adds.
    ///
    /// Kubernetes reads `yes`, `no`, `on`, `off`, `y` and `n` as booleans and `0755` as octal, as
    /// YAML 1.1 did. What is not clearly a text there must not be taken for one here.
    package var value: YAMLValue {
        guard self.isPlain else { return .string(self.text) }
        // Most scalars are texts; their first byte tells.
        guard let first = self.text.utf8.first else { return .null }
        switch first {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "+"),
            UInt8(ascii: "."):
            return YAMLNumber.value(of: self.text) ?? .string(self.text)
        default:
            return self.word ?? .string(self.text)
        }
    }

    /// The value of a reserved word, which is written all lower, all upper or capitalised.
    private var word: YAMLValue? {
        guard self.text.utf8.count <= 5 else { return nil }
        let lower = self.text.lowercased()
        let capital = lower.prefix(1).uppercased() + lower.dropFirst()
        guard self.text == lower || self.text == capital || self.text == lower.uppercased() else {
            return nil
        }
        switch lower {
        case "~", "null": return .null
        case "true", "yes", "on", "y": return .boolean(true)
        case "false", "no", "off", "n": return .boolean(false)
        default: return nil
        }
    }
}

/// What a scalar stands for.
package enum YAMLValue: Sendable, Hashable {
    /// Nothing: `null`, `~`, or no text at all.
    case null
    /// `true` or `false`.
    case boolean(Bool)
    /// A whole number that fits.
    case integer(Int64)
    /// Any other number.
    case float(Double)
    /// A text.
    case string(String)

    /// What a message calls it, with its article.
    var kindName: String {
        switch self {
        case .null: "nothing"
        case .boolean: "a boolean"
        case .integer: "an integer"
        case .float: "a number"
        case .string: "a string"
        }
    }
}

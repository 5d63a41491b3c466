// SPDX-License-Identifier: Apache-2.0

/// Which values of an attribute a handler is for: text in which each `*` stands for anything.
///
/// `"com.example.order"` is that value alone, `"com.example.*"` all that begin so, `"*.created"`
/// all that end so, and `"*"` every value, also a missing one.
public struct EventPattern: Sendable, Equatable, ExpressibleByStringLiteral {
    private let parts: [String]
    /// Whether every value fits, a missing one too.
    let isAny: Bool

    /// Makes a pattern of a literal.
    public init(stringLiteral value: String) { self.init(value) }

    /// Makes a pattern.
    public init(_ text: String) {
        self.parts = text.split(separator: "*", omittingEmptySubsequences: false).map(String.init)
        self.isAny = text == "*"
    }

    /// Whether a value fits.
    public func matches(_ value: String) -> Bool {
        if self.isAny { return true }
        guard let first = self.parts.first, let last = self.parts.last, self.parts.count > 1 else {
            return self.parts.first == value
        }
        // Bytes, not characters: an attribute is compared as it was sent.
        var rest = value.utf8[...]
        guard rest.starts(with: first.utf8) else { return false }
        rest = rest.dropFirst(first.utf8.count)
        for part in self.parts[1..<(self.parts.count - 1)] {
            guard let end = Self.end(of: part, in: rest) else { return false }
            rest = rest[end...]
        }
        return rest.count >= last.utf8.count
            && rest.suffix(last.utf8.count).elementsEqual(last.utf8)
    }

    /// Behind the first place at which `part` stands.
    private static func end(of part: String, in text: Substring.UTF8View) -> String.Index? {
        var start = text.startIndex
        while true {
            if text[start...].starts(with: part.utf8) {
                return text.index(start, offsetBy: part.utf8.count)
            }
            guard start < text.endIndex else { return nil }
            start = text.index(after: start)
        }
    }
}

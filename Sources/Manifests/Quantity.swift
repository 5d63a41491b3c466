// SPDX-License-Identifier: Apache-2.0

/// The amounts of Kubernetes' resources.
enum Quantity {
    private static let suffixes: Set<Substring> = [
        "", "n", "u", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei",
    ]

    /// Whether `text` is a number with an optional unit or exponent: `2`, `0.5`, `64Mi`, `1e3`.
    static func isWellFormed(_ text: String) -> Bool {
        var rest = Substring(text)
        if rest.first == "-" || rest.first == "+" { rest.removeFirst() }
        let number = rest.prefix { $0.isASCII && $0.isNumber || $0 == "." }
        let points = number.count { $0 == "." }
        guard points <= 1, number.count > points else { return false }
        rest = rest[number.endIndex...]
        guard !self.suffixes.contains(rest) else { return true }
        guard rest.first == "e" || rest.first == "E" else { return false }
        return Int(rest.dropFirst()) != nil
    }
}

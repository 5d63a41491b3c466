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

    /// The amount in whole units, rounded down, for example bytes of memory.
    ///
    /// `nil` when it is negative, not well-formed or beyond 64 bits.
    static func wholeUnits(_ text: String) -> UInt64? {
        guard self.isWellFormed(text) else { return nil }
        let number = text.prefix { $0.isNumber || $0 == "." || $0 == "+" }
        let unit = text.dropFirst(number.count)
        let factor =
            self.factors[unit]
            ?? (unit.first == "e" || unit.first == "E" ? Double("1\(unit)") : nil)
        guard let value = Double(number), let factor, value >= 0 else { return nil }
        return UInt64(exactly: (value * factor).rounded(.down))
    }

    private static let factors: [Substring: Double] = [
        "": 1, "n": 1e-9, "u": 1e-6, "m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15,
        "E": 1e18, "Ki": 1024, "Mi": 1_048_576, "Gi": 1_073_741_824, "Ti": 1_099_511_627_776,
        "Pi": 1_125_899_906_842_624, "Ei": 1_152_921_504_606_846_976,
    ]
}

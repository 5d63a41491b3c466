// SPDX-License-Identifier: Apache-2.0

/// Reads the numbers of YAML as Kubernetes does.
enum YAMLNumber {
    /// The number that `text` stands for; `nil` when it is a text.
    ///
    /// Whole numbers may be decimal, `0x`, `0o`, `0b` or, as in YAML 1.1, octal after a leading
    /// zero; underscores may stand between digits. One that does not fit is a float.
    static func value(of text: String) -> YAMLValue? {
        switch text {
        case ".nan", ".NaN", ".NAN": return .float(.nan)
        case ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF": return .float(.infinity)
        case "-.inf", "-.Inf", "-.INF": return .float(-.infinity)
        default: break
        }
        let digits = text.utf8.contains(UInt8(ascii: "_")) ? text.filter { $0 != "_" } : text
        if let integer = self.integer(digits) { return .integer(integer) }
        guard self.hasFormOfFloat(digits), let float = Double(digits) else { return nil }
        return .float(float)
    }

    private static func integer(_ text: String) -> Int64? {
        var rest = Substring(text)
        let isNegative = rest.first == "-"
        if isNegative || rest.first == "+" { rest.removeFirst() }
        var radix = 10
        let radixes = ["0x": 16, "0X": 16, "0o": 8, "0O": 8, "0b": 2, "0B": 2]
        if let prefixed = radixes[String(rest.prefix(2))] {
            radix = prefixed
            rest.removeFirst(2)
        } else if rest.count > 1, rest.first == "0" {
            radix = 8
            rest.removeFirst()
        }
        // `Int64(_:radix:)` would take a second sign.
        guard let first = rest.first, first != "-", first != "+" else { return nil }
        return Int64((isNegative ? "-" : "") + rest, radix: radix)
    }

    /// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?` (YAML 1.2.2 section 10.3.2).
    private static func hasFormOfFloat(_ text: String) -> Bool {
        var rest = Substring(text)
        func takeDigits() -> Int {
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            rest = rest[digits.endIndex...]
            return digits.count
        }
        func takeSign() {
            if rest.first == "-" || rest.first == "+" { rest.removeFirst() }
        }
        takeSign()
        let wholeCount = takeDigits()
        if rest.first == "." {
            rest.removeFirst()
            guard takeDigits() > 0 || wholeCount > 0 else { return false }
        } else if wholeCount == 0 {
            return false
        }
        if rest.first == "e" || rest.first == "E" {
            rest.removeFirst()
            takeSign()
            guard takeDigits() > 0 else { return false }
        }
        return rest.isEmpty
    }
}

// SPDX-License-Identifier: Apache-2.0

/// The functions that every engine has (CESQL 1.0.0 sections 3.5.1, 3.5.2 and 3.7).
///
/// Characters are Unicode scalars. Case is changed by Unicode's rules, whatever the locale.
enum BuiltInFunctions {
    static let all = Self.casts + Self.numbers + Self.texts + Self.parts

    private static let casts = [
        CESQLFunction("INT", [.integer], returns: .integer) { CESQLResult($0[0]) },
        CESQLFunction("BOOL", [.boolean], returns: .boolean) { CESQLResult($0[0]) },
        CESQLFunction("STRING", [.string], returns: .string) { CESQLResult($0[0]) },
        CESQLFunction("IS_INT", [.any], returns: .boolean) {
            CESQLResult(.boolean($0[0].asInteger != nil))
        },
        CESQLFunction("IS_BOOL", [.any], returns: .boolean) {
            CESQLResult(.boolean($0[0].asBoolean != nil))
        },
    ]

    private static let numbers = [
        CESQLFunction("ABS", [.integer], returns: .integer) { values in
            let value = values.integer(0)
            guard value != .min else {
                return CESQLResult(.integer(.max), errors: [.math(.overflow)])
            }
            return CESQLResult(.integer(abs(value)))
        }
    ]

    private static let texts = [
        CESQLFunction("LENGTH", [.string], returns: .integer) { values in
            CESQLResult(.integer(Int32(clamping: values.string(0).unicodeScalars.count)))
        },
        CESQLFunction("CONCAT", [], variadic: .string, returns: .string) { values in
            Self.join(values[...], with: "")
        },
        CESQLFunction("CONCAT_WS", [.string], variadic: .string, returns: .string) { values in
            Self.join(values.dropFirst(), with: values.string(0))
        },
        CESQLFunction("LOWER", [.string], returns: .string) { values in
            CESQLResult(.string(values.string(0).lowercased()))
        },
        CESQLFunction("UPPER", [.string], returns: .string) { values in
            CESQLResult(.string(values.string(0).uppercased()))
        },
        CESQLFunction("TRIM", [.string], returns: .string) { values in
            var text = values.string(0).unicodeScalars[...]
            while text.first?.properties.isWhitespace == true { text.removeFirst() }
            while text.last?.properties.isWhitespace == true { text.removeLast() }
            return CESQLResult(.string(String(text)))
        },
    ]

    /// The values with `separator` between them; too long a text is not even begun.
    private static func join(
        _ values: ArraySlice<CESQLValue>,
        with separator: String
    ) -> CESQLResult {
        var length = 0
        for value in values { length += value.asString.utf8.count + separator.utf8.count }
        guard length <= CESQLLimits.resultBytesMax else {
            return CESQLResult(.string(""), errors: [.resultTooLong])
        }
        return CESQLResult(.string(values.lazy.map(\.asString).joined(separator: separator)))
    }

    private static let parts = [
        CESQLFunction("LEFT", [.string, .integer], returns: .string) { values in
            let (text, length) = (values.string(0), values.integer(1))
            guard length >= 0 else { return Self.negativeLength("LEFT", text) }
            return CESQLResult(.string(String(text.unicodeScalars.prefix(Int(length)))))
        },
        CESQLFunction("RIGHT", [.string, .integer], returns: .string) { values in
            let (text, length) = (values.string(0), values.integer(1))
            guard length >= 0 else { return Self.negativeLength("RIGHT", text) }
            return CESQLResult(.string(String(text.unicodeScalars.suffix(Int(length)))))
        },
        CESQLFunction("SUBSTRING", [.string, .integer], returns: .string) { values in
            Self.substring(values.string(0), from: values.integer(1), length: .max)
        },
        CESQLFunction("SUBSTRING", [.string, .integer, .integer], returns: .string) { values in
            Self.substring(values.string(0), from: values.integer(1), length: values.integer(2))
        },
    ]

    private static func negativeLength(_ name: String, _ text: String) -> CESQLResult {
        let error = CESQLError.functionEvaluation(name, reason: "the length is negative")
        return CESQLResult(.string(text), errors: [error])
    }

    /// A part of `text`; positions count from 1, or with a sign from the end.
    private static func substring(
        _ text: String,
        from position: Int32,
        length: Int32
    ) -> CESQLResult {
        func failure(_ reason: String) -> CESQLResult {
            CESQLResult(
                .string(""),
                errors: [.functionEvaluation("SUBSTRING", reason: reason)]
            )
        }
        guard length >= 0 else { return failure("the length is negative") }
        guard position != 0 else { return CESQLResult(.string("")) }
        let scalars = text.unicodeScalars
        let count = scalars.count
        guard -count...count ~= Int(position) else {
            return failure("the position lies outside of the text")
        }
        let skipped = position > 0 ? Int(position) - 1 : count + Int(position)
        return CESQLResult(.string(String(scalars.dropFirst(skipped).prefix(Int(length)))))
    }
}

extension CESQLError {
    /// A function made more text than an expression may.
    static var resultTooLong: Self {
        .generic(reason: "a function made more than \(CESQLLimits.resultBytesMax) bytes of text")
    }
}

extension [CESQLValue] {
    /// The argument at `index`, which was cast to a String.
    fileprivate func string(_ index: Int) -> String { self[index].asString }

    /// The argument at `index`, which was cast to an Integer.
    fileprivate func integer(_ index: Int) -> Int32 { self[index].asInteger ?? 0 }
}

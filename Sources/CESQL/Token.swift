// SPDX-License-Identifier: Apache-2.0

/// A word that the language keeps for itself; the case of its letters does not matter.
enum Keyword: String, CaseIterable {
    case and = "AND"
    case or = "OR"
    case xor = "XOR"
    case not = "NOT"
    case like = "LIKE"
    case exists = "EXISTS"
    case `in` = "IN"
    case `true` = "TRUE"
    case `false` = "FALSE"
}

/// The smallest part of an expression's text.
struct Token: Equatable {
    enum Kind: Equatable {
        case end
        case leftParenthesis
        case rightParenthesis
        case comma
        case comparison(ComparisonOperator)
        case arithmetic(ArithmeticOperator)
        case keyword(Keyword)
        /// Letters, digits and `_`, as written: the name of an attribute or of a function.
        case word(String)
        /// Digits only.
        case digits(String)
        /// What stands between the quotes, its escapes resolved.
        case string(String)
    }

    var kind: Kind
    /// Where it lies in the text, in bytes.
    var range: Range<Int>
}

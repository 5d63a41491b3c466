// SPDX-License-Identifier: Apache-2.0

/// Why a text is not an expression, and where.
public struct CESQLParseError: Error, Equatable, Sendable {
    /// What is wrong.
    public enum Fault: Equatable, Sendable {
        /// Something stands where something else should.
        case unexpected(found: String, expected: String)
        /// A character that the language does not use outside of strings.
        case characterNotAllowed(String)
        /// A string without its closing quote.
        case stringNotClosed
        /// A number of more than 32 bits.
        case integerOutOfRange
        /// A word that can be neither an attribute nor a function.
        case nameInvalid(String)
        /// A text of more bytes than the limit.
        case tooLong(limitBytes: Int)
        /// More operators, functions and values than the limit.
        case tooManyNodes(limit: Int)
        /// More of them within each other than the limit.
        case tooDeep(limit: Int)
        /// A pattern of `LIKE` with more characters than the limit.
        case patternTooLong(limit: Int)
    }

    /// What is wrong.
    public let fault: Fault
    /// The line, counted from 1.
    public let line: Int
    /// The character in the line, a Unicode scalar, counted from 1.
    public let column: Int

    init(_ fault: Fault, line: Int = 1, column: Int = 1) {
        self.fault = fault
        self.line = line
        self.column = column
    }

    /// Turns a place in `text`, an offset in bytes, into line and column.
    init(_ failure: ParseFailure, in text: [UInt8]) {
        let before = text.prefix(failure.offset)
        let start = before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        self.init(
            failure.fault,
            line: before.count { $0 == UInt8(ascii: "\n") } + 1,
            // Bytes that continue a character do not count.
            column: before[start...].count { $0 & 0xC0 != 0x80 } + 1
        )
    }
}

/// A fault at an offset in bytes, as lexer and parser know it.
struct ParseFailure: Error {
    var fault: CESQLParseError.Fault
    var offset: Int
}

extension CESQLParseError: CustomStringConvertible {
    /// One sentence that says what is wrong, where, and what to do.
    public var description: String {
        "the expression is wrong at line \(self.line), column \(self.column): \(self.explanation)"
    }

    private var explanation: String {
        switch self.fault {
        case .unexpected(let found, let expected):
            "\(found) stands where \(expected) is expected"
        case .characterNotAllowed(let character):
            "the character \(character) has no meaning outside of a string"
        case .stringNotClosed:
            "a string begins here and does not end: close it with the same quote"
        case .integerOutOfRange:
            "a number must lie between -2147483648 and 2147483647"
        case .nameInvalid(let name):
            "\(name) is no name: attributes have letters and digits, functions letters and _"
        case .tooLong(let limit):
            "it has more than \(limit) bytes: split it into several filters"
        case .tooManyNodes(let limit):
            "it has more than \(limit) parts: split it into several filters"
        case .tooDeep(let limit):
            "it is nested more than \(limit) deep: use fewer parentheses"
        case .patternTooLong(let limit):
            "the pattern has more than \(limit) characters: use a shorter one"
        }
    }
}

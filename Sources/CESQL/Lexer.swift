// SPDX-License-Identifier: Apache-2.0

/// Takes the text of an expression apart into tokens (CESQL 1.0.0 sections 2.2 to 2.4).
struct Lexer {
    private let text: [UInt8]
    private var offset = 0

    init(_ text: [UInt8]) { self.text = text }

    /// The next token; the end again and again once it is reached.
    mutating func next() throws(ParseFailure) -> Token {
        while let byte = self.byte(at: self.offset), Self.isSpace(byte) { self.offset += 1 }
        let start = self.offset
        let kind = try self.kind()
        return Token(kind: kind, range: start..<self.offset)
    }

    private func byte(at offset: Int) -> UInt8? {
        offset < self.text.count ? self.text[offset] : nil
    }

    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
            true
        default: false
        }
    }

    private mutating func kind() throws(ParseFailure) -> Token.Kind {
        guard let byte = self.byte(at: self.offset) else { return .end }
        if Self.isWord(byte) { return self.word() }
        if byte == UInt8(ascii: "'") || byte == UInt8(ascii: "\"") { return try self.string(byte) }
        guard let kind = self.symbol(byte) else {
            throw ParseFailure(fault: .characterNotAllowed(self.character), offset: self.offset)
        }
        return kind
    }

    private mutating func symbol(_ byte: UInt8) -> Token.Kind? {
        let following = self.byte(at: self.offset + 1)
        let (kind, count): (Token.Kind, Int)
        switch (byte, following) {
        case (UInt8(ascii: "("), _): (kind, count) = (.leftParenthesis, 1)
        case (UInt8(ascii: ")"), _): (kind, count) = (.rightParenthesis, 1)
        case (UInt8(ascii: ","), _): (kind, count) = (.comma, 1)
        case (UInt8(ascii: "+"), _): (kind, count) = (.arithmetic(.add), 1)
        case (UInt8(ascii: "-"), _): (kind, count) = (.arithmetic(.subtract), 1)
        case (UInt8(ascii: "*"), _): (kind, count) = (.arithmetic(.multiply), 1)
        case (UInt8(ascii: "/"), _): (kind, count) = (.arithmetic(.divide), 1)
        case (UInt8(ascii: "%"), _): (kind, count) = (.arithmetic(.remainder), 1)
        case (UInt8(ascii: "="), _): (kind, count) = (.comparison(.equal), 1)
        case (UInt8(ascii: "!"), UInt8(ascii: "=")): (kind, count) = (.comparison(.notEqual), 2)
        case (UInt8(ascii: "<"), UInt8(ascii: ">")): (kind, count) = (.comparison(.notEqual), 2)
        case (UInt8(ascii: "<"), UInt8(ascii: "=")): (kind, count) = (.comparison(.lessOrEqual), 2)
        case (UInt8(ascii: "<"), _): (kind, count) = (.comparison(.less), 1)
        case (UInt8(ascii: ">"), UInt8(ascii: "=")):
            (kind, count) = (.comparison(.greaterOrEqual), 2)
        case (UInt8(ascii: ">"), _): (kind, count) = (.comparison(.greater), 1)
        default: return nil
        }
        self.offset += count
        return kind
    }

    private mutating func word() -> Token.Kind {
        let start = self.offset
        while let byte = self.byte(at: self.offset), Self.isWord(byte) { self.offset += 1 }
        let bytes = self.text[start..<self.offset]
        let word = String(decoding: bytes, as: UTF8.self)
        if bytes.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }) {
            return .digits(word)
        }
        return Keyword(rawValue: word.uppercased()).map(Token.Kind.keyword) ?? .word(word)
    }

    /// A `\` before the quote that closes makes it part of the string; before anything else it is
    /// kept, for `LIKE` gives it a meaning of its own.
    private mutating func string(_ quote: UInt8) throws(ParseFailure) -> Token.Kind {
        let start = self.offset
        var content: [UInt8] = []
        self.offset += 1
        while let byte = self.byte(at: self.offset) {
            self.offset += 1
            if byte == quote { return .string(String(decoding: content, as: UTF8.self)) }
            guard byte == UInt8(ascii: "\\"), let escaped = self.byte(at: self.offset) else {
                content.append(byte)
                continue
            }
            if escaped != quote { content.append(byte) }
            content.append(escaped)
            self.offset += 1
        }
        throw ParseFailure(fault: .stringNotClosed, offset: start)
    }

    /// The character at the current place, made printable.
    private var character: String {
        let rest = String(decoding: self.text[self.offset...].prefix(4), as: UTF8.self)
        return rest.unicodeScalars.first?.escaped(asASCII: false) ?? ""
    }
}

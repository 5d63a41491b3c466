// SPDX-License-Identifier: Apache-2.0

import Bytes

/// Walks over a JSON text (RFC 8259) once, from left to right, without building a tree.
///
/// Offsets count bytes from the start of the text. Every step checks what it passes.
struct JSONScanner {
    let bytes: [UInt8]
    private(set) var offset = 0

    /// Takes a text and checks that all of it is UTF-8.
    init(_ bytes: [UInt8]) throws(CloudEventError) {
        do throws(UTF8.ValidationError) {
            _ = try UTF8Span(validating: bytes.span)
        } catch {
            throw .jsonInvalid(.notUTF8, offset: error.byteOffsets.lowerBound)
        }
        self.bytes = bytes
    }

    /// Whether `bytes` is one JSON value and nothing else but space.
    static func isValid(_ bytes: [UInt8]) -> Bool {
        do throws(CloudEventError) {
            var scanner = try JSONScanner(bytes)
            _ = try scanner.skipValue()
            try scanner.expectEnd()
            return true
        } catch {
            return false
        }
    }

    /// Goes to an offset that it has been at, where a value begins.
    mutating func move(to offset: Int) { self.offset = offset }

    // MARK: Punctuation

    /// The next byte that is not space; it stays the next.
    @inline(__always)
    mutating func peek() throws(CloudEventError) -> UInt8 {
        if self.offset < self.bytes.count, self.bytes[self.offset] > 0x20 {
            return self.bytes[self.offset]
        }
        return try self.peekBehindSpace()
    }

    private mutating func peekBehindSpace() throws(CloudEventError) -> UInt8 {
        while self.offset < self.bytes.count {
            switch self.bytes[self.offset] {
            case 0x20, 0x09, 0x0A, 0x0D: self.offset += 1
            case let byte: return byte
            }
        }
        throw .jsonInvalid(.endUnexpected, offset: self.offset)
    }

    /// Steps over `character` if it comes next.
    @inline(__always)
    mutating func accept(_ character: Unicode.Scalar) throws(CloudEventError) -> Bool {
        guard try self.peek() == UInt8(ascii: character) else { return false }
        self.offset += 1
        return true
    }

    /// Steps over `character`, which must come next.
    @inline(__always)
    mutating func expect(_ character: Unicode.Scalar) throws(CloudEventError) {
        guard try self.accept(character) else { throw self.fault(.characterUnexpected) }
    }

    /// Makes sure that nothing but space is left.
    mutating func expectEnd() throws(CloudEventError) {
        while self.offset < self.bytes.count {
            switch self.bytes[self.offset] {
            case 0x20, 0x09, 0x0A, 0x0D: self.offset += 1
            default: throw self.fault(.trailingCharacters)
            }
        }
    }

    private func fault(_ fault: CloudEventError.JSONFault) -> CloudEventError {
        let isAtEnd = fault == .characterUnexpected && self.offset >= self.bytes.count
        return .jsonInvalid(isAtEnd ? .endUnexpected : fault, offset: self.offset)
    }

    // MARK: Values

    /// Steps over one value, objects and arrays with all that is in them, and gives its range.
    mutating func skipValue() throws(CloudEventError) -> Range<Int> {
        _ = try self.peek()
        let start = self.offset
        var nesting = Nesting()
        while true {
            if try self.enterValue(&nesting) { continue }
            while true {
                guard let isObject = nesting.isInObject else { return start..<self.offset }
                if try self.accept(",") {
                    if isObject { try self.skipName() }
                    break
                }
                try self.expect(isObject ? "}" : "]")
                nesting.leave()
            }
        }
    }

    /// Steps over a scalar or an empty container; answers `true` when a container was entered.
    @inline(__always)
    private mutating func enterValue(
        _ nesting: inout Nesting
    ) throws(CloudEventError) -> Bool {
        switch try self.peek() {
        case UInt8(ascii: "\""):
            _ = try self.skipString()
            return false
        case UInt8(ascii: "{"):
            guard nesting.enter(object: true) else { throw self.fault(.nestingTooDeep) }
            self.offset += 1
            if try self.accept("}") {
                nesting.leave()
                return false
            }
            try self.skipName()
            return true
        case UInt8(ascii: "["):
            guard nesting.enter(object: false) else { throw self.fault(.nestingTooDeep) }
            self.offset += 1
            guard try self.accept("]") else { return true }
            nesting.leave()
            return false
        default:
            try self.skipScalar()
            return false
        }
    }

    @inline(__always)
    private mutating func skipName() throws(CloudEventError) {
        guard try self.peek() == UInt8(ascii: "\"") else { throw self.fault(.characterUnexpected) }
        _ = try self.skipString()
        try self.expect(":")
    }

    /// Steps over a scalar that is no string.
    private mutating func skipScalar() throws(CloudEventError) {
        switch try self.peek() {
        case UInt8(ascii: "t"): try self.skipWord("true")
        case UInt8(ascii: "f"): try self.skipWord("false")
        case UInt8(ascii: "n"): try self.skipWord("null")
        default: _ = try self.skipNumber()
        }
    }

    /// Steps over `true`, `false` or `null`.
    mutating func skipWord(_ word: StaticString) throws(CloudEventError) {
        for byte in word.description.utf8 {
            guard self.offset < self.bytes.count, self.bytes[self.offset] == byte else {
                throw self.fault(.characterUnexpected)
            }
            self.offset += 1
        }
    }

    /// Steps over a number; answers whether it is written as a whole one.
    mutating func skipNumber() throws(CloudEventError) -> Bool {
        let first = try self.peek()
        guard first == UInt8(ascii: "-") || Self.isDigit(first) else {
            throw self.fault(.characterUnexpected)
        }
        if first == UInt8(ascii: "-") { self.offset += 1 }
        if self.byteIs("0") { self.offset += 1 } else { try self.skipDigits() }
        var isWhole = true
        if self.byteIs(".") {
            isWhole = false
            self.offset += 1
            try self.skipDigits()
        }
        if self.byteIs("e") || self.byteIs("E") {
            isWhole = false
            self.offset += 1
            if self.byteIs("+") || self.byteIs("-") { self.offset += 1 }
            try self.skipDigits()
        }
        if self.offset < self.bytes.count, Self.isDigit(self.bytes[self.offset]) {
            throw self.fault(.numberInvalid)  // a leading zero
        }
        return isWhole
    }

    private mutating func skipDigits() throws(CloudEventError) {
        let start = self.offset
        while self.offset < self.bytes.count, Self.isDigit(self.bytes[self.offset]) {
            self.offset += 1
        }
        guard self.offset > start else {
            throw self.fault(self.offset < self.bytes.count ? .numberInvalid : .endUnexpected)
        }
    }

    private func byteIs(_ character: Unicode.Scalar) -> Bool {
        self.offset < self.bytes.count && self.bytes[self.offset] == UInt8(ascii: character)
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte
    }
}

// MARK: Strings

extension JSONScanner {
    /// A string of the text.
    struct Text {
        /// Where it lies, without its quotes.
        let range: Range<Int>
        /// Whether its bytes do not stand for themselves.
        let hasEscapes: Bool
    }

    /// Steps over the string that comes next.
    mutating func text() throws(CloudEventError) -> Text {
        guard try self.peek() == UInt8(ascii: "\"") else { throw self.fault(.characterUnexpected) }
        let start = self.offset + 1
        let hasEscapes = try self.skipString()
        return Text(range: start..<self.offset - 1, hasEscapes: hasEscapes)
    }

    /// A string that ``text()`` has passed, its escapes undone.
    func string(_ text: Text) throws(CloudEventError) -> String {
        guard text.hasEscapes else {
            return String(decoding: self.bytes[text.range], as: UTF8.self)
        }
        return String(decoding: try self.unescape(text.range), as: UTF8.self)
    }

    /// Reads the string that comes next, its escapes undone.
    mutating func string() throws(CloudEventError) -> String { try self.string(self.text()) }

    /// Steps over the string that comes next; answers whether it has escapes.
    ///
    /// Half a surrogate pair passes: it is well-formed JSON, and matters only to who reads it.
    @inline(__always)
    private mutating func skipString() throws(CloudEventError) -> Bool {
        var end = self.offset &+ 1
        // Nearly all strings have nothing special but the quote at their end.
        while let window = SixteenBytes(self.bytes.span, at: end) {
            let place = window.firstJSONSpecial
            end &+= place
            if place == 16 { continue }
            guard self.bytes[end] == UInt8(ascii: "\"") else { break }
            self.offset = end &+ 1
            return false
        }
        self.offset = end
        return try self.skipRestOfString()
    }

    /// Steps over what is left of a string, whose plain part was passed; as ``skipString()``.
    private mutating func skipRestOfString() throws(CloudEventError) -> Bool {
        var hasEscapes = false
        while self.offset < self.bytes.count {
            if let place = EightBytes(self.bytes.span, at: self.offset)?.firstJSONSpecial {
                self.offset += place
                if place == 8 { continue }
            }
            switch self.bytes[self.offset] {
            case UInt8(ascii: "\""):
                self.offset += 1
                return hasEscapes
            case UInt8(ascii: "\\"):
                hasEscapes = true
                try self.skipEscape()
            case 0..<0x20:
                throw self.fault(.controlCharacter)
            default:
                self.offset += 1
            }
        }
        throw self.fault(.endUnexpected)
    }

    private mutating func skipEscape() throws(CloudEventError) {
        let letter = self.offset + 1
        guard letter < self.bytes.count else {
            self.offset = self.bytes.count
            throw self.fault(.endUnexpected)
        }
        guard self.bytes[letter] == UInt8(ascii: "u") else {
            guard Self.unescaped(self.bytes[letter]) != nil else {
                throw self.fault(.escapeInvalid)
            }
            self.offset += 2
            return
        }
        for index in letter + 1..<letter + 5 {
            guard index < self.bytes.count else {
                self.offset = self.bytes.count
                throw self.fault(.endUnexpected)
            }
            guard Hex.value(of: self.bytes[index]) != nil else { throw self.fault(.escapeInvalid) }
        }
        self.offset = letter + 5
    }

    /// Undoes the escapes in a part that ``skipString()`` has passed.
    private func unescape(_ content: Range<Int>) throws(CloudEventError) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity(content.count)
        var index = content.lowerBound
        while index < content.upperBound {
            guard self.bytes[index] == UInt8(ascii: "\\") else {
                text.append(self.bytes[index])
                index += 1
                continue
            }
            if let byte = Self.unescaped(self.bytes[index + 1]) {
                text.append(byte)
                index += 2
            } else {
                text.append(contentsOf: String(try self.scalar(&index, content.upperBound)).utf8)
            }
        }
        return text
    }

    /// Reads `\uXXXX` at `index`, or two of them that make one scalar.
    private func scalar(
        _ index: inout Int,
        _ end: Int
    ) throws(CloudEventError) -> Unicode.Scalar {
        let start = index
        let first = self.codeUnit(at: index)
        index += 6
        if let scalar = Unicode.Scalar(first) { return scalar }
        guard first < 0xDC00, index + 6 <= end, self.bytes[index] == UInt8(ascii: "\\"),
            self.bytes[index + 1] == UInt8(ascii: "u")
        else { throw .jsonInvalid(.surrogateUnpaired, offset: start) }
        let second = self.codeUnit(at: index)
        index += 6
        guard 0xDC00..<0xE000 ~= second,
            let scalar = Unicode.Scalar(0x1_0000 + (first - 0xD800) << 10 + (second - 0xDC00))
        else { throw .jsonInvalid(.surrogateUnpaired, offset: start) }
        return scalar
    }

    private func codeUnit(at index: Int) -> UInt32 {
        var unit: UInt32 = 0
        for digit in self.bytes[index + 2..<index + 6] {
            unit = unit << 4 | UInt32(Hex.value(of: digit) ?? 0)
        }
        return unit
    }

    /// What the letter after a `\` stands for; `nil` for `u` and for all that JSON does not know.
    private static func unescaped(_ letter: UInt8) -> UInt8? {
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): letter
        case UInt8(ascii: "b"): 0x08
        case UInt8(ascii: "f"): 0x0C
        case UInt8(ascii: "n"): 0x0A
        case UInt8(ascii: "r"): 0x0D
        case UInt8(ascii: "t"): 0x09
        default: nil
        }
    }
}

/// Which containers are open, one bit each: cheaper than a stack on the heap.
private struct Nesting {
    private var depth = 0
    private var objects: UInt128 = 0

    /// Whether the innermost container is an object; `nil` outside of any.
    var isInObject: Bool? { self.depth == 0 ? nil : self.objects & 1 == 1 }

    /// Opens a container; answers `false` when there are too many.
    mutating func enter(object: Bool) -> Bool {
        guard self.depth < CloudEventLimits.nestingMax else { return false }
        self.depth += 1
        self.objects = self.objects << 1 | (object ? 1 : 0)
        return true
    }

    mutating func leave() {
        self.depth -= 1
        self.objects >>= 1
    }
}

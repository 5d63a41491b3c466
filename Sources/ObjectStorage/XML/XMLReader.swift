// SPDX-License-Identifier: Apache-2.0

/// Why a document is refused.
package enum XMLError: Error, Equatable, Sendable {
    /// Not well-formed; `offset` is where reading stopped.
    case malformed(offset: Int)
    /// A document type declaration; none is read, so that nothing can be expanded or fetched.
    case documentType
    /// More elements, or deeper ones, than the limits allow.
    case tooComplex
}

/// Reads the small XML documents of S3 (XML 1.0 without document types, attributes dropped).
package struct XMLReader {
    /// Deepest nesting that is read.
    static let depthMax = 16
    /// Most elements that are read: 10 000 parts with a handful of members each.
    static let elementsMax = 100_000

    private let bytes: [UInt8]
    private var index = 0
    private var elementCount = 0

    private init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// Reads a whole document; its length is for the caller to bound.
    package static func parse(_ bytes: [UInt8]) throws(XMLError) -> XMLElement {
        var reader = Self(bytes)
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { reader.index = 3 }
        try reader.skipBetween(atStart: true)
        guard try reader.readMarkup() == .openTag else { throw reader.malformed }
        let root = try reader.readElement(depth: 1)
        try reader.skipBetween(atStart: false)
        guard reader.index == bytes.count else { throw reader.malformed }
        return root
    }

    private enum Markup {
        case openTag
        case closeTag
        case comment
        case characterData
    }

    private var malformed: XMLError { .malformed(offset: self.index) }

    private func looksAt(_ text: StaticString) -> Bool {
        guard self.bytes.count - self.index >= text.utf8CodeUnitCount else { return false }
        return text.withUTF8Buffer { self.bytes[self.index...].starts(with: $0) }
    }

    private mutating func accept(_ text: StaticString) -> Bool {
        guard self.looksAt(text) else { return false }
        self.index += text.utf8CodeUnitCount
        return true
    }

    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D
    }

    private mutating func skipSpace() {
        while self.index < self.bytes.count, Self.isSpace(self.bytes[self.index]) {
            self.index += 1
        }
    }

    private mutating func skip(past end: StaticString) throws(XMLError) {
        while self.index < self.bytes.count {
            if self.accept(end) { return }
            self.index += 1
        }
        throw self.malformed
    }

    /// Skips what may stand before and after the root: the declaration, space and comments.
    private mutating func skipBetween(atStart: Bool) throws(XMLError) {
        if atStart, self.accept("<?xml") { try self.skip(past: "?>") }
        while true {
            self.skipSpace()
            guard self.accept("<!--") else { break }
            try self.skip(past: "-->")
        }
        if self.looksAt("<!DOCTYPE") { throw .documentType }
    }

    /// Tells what begins at a `<`, and steps over the characters that told.
    private mutating func readMarkup() throws(XMLError) -> Markup {
        if self.accept("</") { return .closeTag }
        if self.accept("<!--") { return .comment }
        if self.accept("<![CDATA[") { return .characterData }
        if self.looksAt("<!DOCTYPE") { throw .documentType }
        guard !self.looksAt("<!"), !self.looksAt("<?"), self.accept("<")
        else { throw self.malformed }
        return .openTag
    }

    private mutating func readName() throws(XMLError) -> String {
        let start = self.index
        while self.index < self.bytes.count {
            let byte = self.bytes[self.index]
            if Self.isSpace(byte) || byte == UInt8(ascii: ">") || byte == UInt8(ascii: "/")
                || byte == UInt8(ascii: "=")
            {
                break
            }
            if byte == UInt8(ascii: "<") || byte == UInt8(ascii: "&") { throw self.malformed }
            self.index += 1
        }
        guard self.index > start,
            let name = String(validating: self.bytes[start..<self.index], as: UTF8.self)
        else { throw self.malformed }
        return name
    }

    /// Reads from behind the `<` of an element to behind its end.
    private mutating func readElement(depth: Int) throws(XMLError) -> XMLElement {
        self.elementCount += 1
        guard depth <= Self.depthMax, self.elementCount <= Self.elementsMax
        else { throw .tooComplex }
        let qualifiedName = try self.readName()
        let localName = qualifiedName.split(separator: ":").last.map(String.init)
        var element = XMLElement(name: localName ?? qualifiedName)
        guard try self.readAttributes() else { return element }
        var text: [UInt8] = []
        while self.index < self.bytes.count {
            guard self.bytes[self.index] == UInt8(ascii: "<") else {
                try self.readText(into: &text)
                continue
            }
            switch try self.readMarkup() {
            case .openTag:
                element.children.append(try self.readElement(depth: depth + 1))
            case .comment:
                try self.skip(past: "-->")
            case .characterData:
                let start = self.index
                try self.skip(past: "]]>")
                text.append(contentsOf: self.bytes[start..<self.index - 3])
            case .closeTag:
                guard try self.readName() == qualifiedName else { throw self.malformed }
                self.skipSpace()
                guard self.accept(">"), let valid = String(validating: text, as: UTF8.self)
                else { throw self.malformed }
                element.text = valid
                return element
            }
        }
        throw self.malformed
    }

    /// Steps over attributes and the tag's end; `false` when the element ended with it.
    private mutating func readAttributes() throws(XMLError) -> Bool {
        while true {
            self.skipSpace()
            if self.accept(">") { return true }
            if self.accept("/>") { return false }
            _ = try self.readName()
            self.skipSpace()
            guard self.accept("=") else { throw self.malformed }
            self.skipSpace()
            if self.accept("\"") {
                try self.skip(past: "\"")
            } else if self.accept("'") {
                try self.skip(past: "'")
            } else {
                throw self.malformed
            }
        }
    }

    /// Reads up to the next `<`, resolving references.
    private mutating func readText(into text: inout [UInt8]) throws(XMLError) {
        while self.index < self.bytes.count, self.bytes[self.index] != UInt8(ascii: "<") {
            let byte = self.bytes[self.index]
            if byte == UInt8(ascii: "&") {
                text.append(contentsOf: try self.readReference())
            } else {
                text.append(byte)
                self.index += 1
            }
        }
    }

    /// Reads one of the five named references, or a character's number (XML 1.0 section 4.1).
    private mutating func readReference() throws(XMLError) -> [UInt8] {
        if self.accept("&amp;") { return [UInt8(ascii: "&")] }
        if self.accept("&lt;") { return [UInt8(ascii: "<")] }
        if self.accept("&gt;") { return [UInt8(ascii: ">")] }
        if self.accept("&quot;") { return [UInt8(ascii: "\"")] }
        if self.accept("&apos;") { return [UInt8(ascii: "'")] }
        let radix = self.accept("&#x") ? 16 : self.accept("&#") ? 10 : 0
        let start = self.index
        while radix > 0, self.index < self.bytes.count, self.index - start <= 8 {
            guard self.bytes[self.index] == UInt8(ascii: ";") else {
                self.index += 1
                continue
            }
            let digits = String(decoding: self.bytes[start..<self.index], as: UTF8.self)
            guard let first = digits.utf8.first, first != UInt8(ascii: "+"),
                let value = UInt32(digits, radix: radix), value > 0,
                let scalar = Unicode.Scalar(value)
            else { break }
            self.index += 1
            return Array(String(Character(scalar)).utf8)
        }
        throw self.malformed
    }
}

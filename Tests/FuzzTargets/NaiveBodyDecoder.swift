// SPDX-License-Identifier: Apache-2.0

/// A second reading of chunked bodies (RFC 9112 section 7.1), for comparison: it has all bytes.
enum NaiveBodyDecoder {
    enum Outcome: Equatable {
        case incomplete
        case refused
        case body([UInt8], trailers: Int, length: Int)
    }

    /// Decodes one body; the trailers are counted, not read.
    static func decode(_ bytes: [UInt8]) -> Outcome {
        var data: [UInt8] = []
        var rest = bytes[...]
        while true {
            guard let (line, after) = self.line(rest) else { return .incomplete }
            guard let size = self.size(line) else { return .refused }
            rest = after
            guard size > 0 else { break }
            guard rest.count >= size + 2 else { return .incomplete }
            guard rest.dropFirst(size).starts(with: [13, 10]) else { return .refused }
            data += rest.prefix(size)
            rest = rest.dropFirst(size + 2)
        }
        var trailers = 0
        while let (line, after) = self.line(rest) {
            rest = after
            if line.isEmpty {
                return .body(data, trailers: trailers, length: bytes.count - rest.count)
            }
            trailers += 1
        }
        return .incomplete
    }

    private static func line(
        _ bytes: ArraySlice<UInt8>
    ) -> (line: ArraySlice<UInt8>, after: ArraySlice<UInt8>)? {
        var index = bytes.startIndex
        while index + 1 < bytes.endIndex {
            if bytes[index] == 13, bytes[index + 1] == 10 {
                return (bytes[..<index], bytes[(index + 2)...])
            }
            index += 1
        }
        return nil
    }

    /// The size in a line without its CRLF; `nil` when it is none, or extensions are broken.
    private static func size(_ line: ArraySlice<UInt8>) -> Int? {
        let digits = String(decoding: line.prefix { self.isHexadecimal($0) }, as: UTF8.self)
        let significant = digits.drop { $0 == "0" }
        guard 1...32 ~= digits.utf8.count, significant.count <= 15,
            self.areExtensions(line.dropFirst(digits.utf8.count))
        else { return nil }
        return Int(digits, radix: 16)
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        "0123456789abcdefABCDEF".utf8.contains(byte)
    }

    private static func areExtensions(_ text: ArraySlice<UInt8>) -> Bool {
        var rest = text
        while !rest.isEmpty {
            self.skipSpace(&rest)
            guard rest.popFirst() == UInt8(ascii: ";") else { return false }
            self.skipSpace(&rest)
            guard self.skipToken(&rest) else { return false }
            var value = rest
            self.skipSpace(&value)
            guard value.popFirst() == UInt8(ascii: "=") else { continue }
            self.skipSpace(&value)
            guard self.skipToken(&value) || self.skipQuoted(&value) else { return false }
            rest = value
        }
        return true
    }

    private static func skipSpace(_ rest: inout ArraySlice<UInt8>) {
        rest = rest.drop { $0 == 0x20 || $0 == 0x09 }
    }

    private static func skipToken(_ rest: inout ArraySlice<UInt8>) -> Bool {
        let token = rest.prefix { byte in
            let character = Character(UnicodeScalar(byte))
            return character.isASCII
                && (character.isLetter || character.isNumber
                    || "!#$%&'*+-.^_`|~".contains(character))
        }
        rest = rest.dropFirst(token.count)
        return !token.isEmpty
    }

    private static func skipQuoted(_ rest: inout ArraySlice<UInt8>) -> Bool {
        guard rest.popFirst() == UInt8(ascii: "\"") else { return false }
        while var byte = rest.popFirst() {
            if byte == UInt8(ascii: "\"") { return true }
            if byte == UInt8(ascii: "\\") {
                guard let escaped = rest.popFirst() else { return false }
                byte = escaped
            }
            guard byte == 0x09 || (byte >= 0x20 && byte != 0x7F) else { return false }
        }
        return false
    }
}

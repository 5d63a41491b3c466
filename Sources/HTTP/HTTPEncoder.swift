// SPDX-License-Identifier: Apache-2.0

internal import Bytes

/// Why a message of ours cannot be sent: it would not mean to the peer what it means to us.
package enum HTTPEncodeError: Error, Equatable, Sendable {
    /// The method is no token, or the target holds a space or a control character.
    case startLineInvalid
    /// A status outside of 100…999.
    case statusInvalid
    /// A field name that is no token.
    case fieldNameInvalid(String)
    /// A field value with CR, LF, NUL or another control character.
    case fieldValueInvalid(name: String)
}

/// Writes message heads and chunks; nothing that a caller gives can break out of its place.
package enum HTTPEncoder {
    /// Appends a request head.
    package static func append(
        _ head: HTTPRequestHead,
        to bytes: inout [UInt8]
    ) throws(HTTPEncodeError) {
        guard HTTPText.isToken(head.method.rawValue.utf8), !head.target.isEmpty,
            head.target.utf8.allSatisfy({ HTTPText.isTarget($0) })
        else { throw .startLineInvalid }
        bytes.append(contentsOf: head.method.rawValue.utf8)
        bytes.append(0x20)
        bytes.append(contentsOf: head.target.utf8)
        bytes.append(literal: " HTTP/1.1\r\n")
        try self.append(head.fields, to: &bytes)
        bytes.append(literal: "\r\n")
    }

    /// Appends a status line.
    package static func append(
        _ status: HTTPStatus,
        to bytes: inout [UInt8]
    ) throws(HTTPEncodeError) {
        if status == .ok {
            bytes.append(literal: "HTTP/1.1 200 OK\r\n")
            return
        }
        guard 100...999 ~= status.rawValue else { throw .statusInvalid }
        bytes.append(literal: "HTTP/1.1 ")
        self.append(decimal: status.rawValue, to: &bytes)
        bytes.append(0x20)
        bytes.append(contentsOf: status.reasonPhrase.utf8)
        bytes.append(literal: "\r\n")
    }

    /// Appends field lines, without the empty one; nothing when it throws.
    ///
    /// What came from a peer was checked when it was read; only what a caller added is looked at.
    ///
    /// - Parameters:
    ///   - fields: The lines.
    ///   - omitted: Names whose lines are left out, and not looked at.
    ///   - bytes: Where they are added.
    /// - Throws: Which name or value could be read as something else.
    package static func append(
        _ fields: HTTPFields,
        without omitted: HTTPFieldNameSet = [],
        to bytes: inout [UInt8]
    ) throws(HTTPEncodeError) {
        let block = fields.block.span
        let omitsNone = fields.summary.names.isDisjoint(with: omitted)
        if omitsNone, fields.summary.isRunChecked {
            return bytes.append(block.extracting(fields.run))
        }
        for entry in fields.entries where !entry.isChecked && !omitted.contains(entry.field) {
            try self.check(entry, block)
        }
        // Lines that lie side by side are copied at once.
        var run = 0..<0
        for entry in fields.entries where !omitted.contains(entry.field) {
            if entry.isWireForm, entry.nameRange.lowerBound == run.upperBound {
                run = run.lowerBound..<entry.lineRange.upperBound
                continue
            }
            bytes.append(block.extracting(run))
            run = entry.isWireForm ? entry.lineRange : 0..<0
            if !entry.isWireForm { self.append(rewriting: entry, block, to: &bytes) }
        }
        bytes.append(block.extracting(run))
    }

    /// Appends a line that has more or fewer spaces than ours have.
    private static func append(
        rewriting entry: HTTPFieldLine,
        _ block: Span<UInt8>,
        to bytes: inout [UInt8]
    ) {
        bytes.append(block.extracting(entry.nameRange))
        bytes.append(literal: ": ")
        bytes.append(block.extracting(entry.valueRange))
        bytes.append(literal: "\r\n")
    }

    private static func check(
        _ entry: HTTPFieldLine,
        _ block: Span<UInt8>
    ) throws(HTTPEncodeError) {
        // What follows in the block ends a name, a colon, and a value, a CR.
        let (name, value) = (entry.nameRange, entry.valueRange)
        guard !name.isEmpty, HTTPText.tokenEnd(block, from: name.lowerBound) >= name.upperBound
        else { throw .fieldNameInvalid(self.text(block.extracting(name))) }
        guard HTTPText.fieldValueEnd(block, from: value.lowerBound) >= value.upperBound
        else { throw .fieldValueInvalid(name: self.text(block.extracting(name))) }
    }

    private static func text(_ bytes: Span<UInt8>) -> String {
        String(decoding: [UInt8](copying: bytes), as: UTF8.self)
    }

    /// Appends one chunk; an empty one would end the body and is left out.
    package static func append(chunk: [UInt8], to bytes: inout [UInt8]) {
        guard !chunk.isEmpty else { return }
        self.append(chunkSize: chunk.count, to: &bytes)
        bytes.append(contentsOf: chunk)
        bytes.append(literal: "\r\n")
    }

    /// Appends the line before the data of a chunk, whose CRLF is for the caller to append.
    package static func append(chunkSize count: Int, to bytes: inout [UInt8]) {
        self.append(hexadecimal: count, to: &bytes)
        bytes.append(literal: "\r\n")
    }

    /// Appends the end of a chunked body.
    package static func append(
        lastChunkWith trailers: HTTPFields,
        to bytes: inout [UInt8]
    ) throws(HTTPEncodeError) {
        bytes.append(literal: "0\r\n")
        try self.append(trailers, to: &bytes)
        bytes.append(literal: "\r\n")
    }

    /// Appends a number of 0 or more in decimal digits.
    package static func append(decimal number: Int, to bytes: inout [UInt8]) {
        var digits = InlineArray<20, UInt8>(repeating: 0)
        var (rest, start) = (number.magnitude, digits.count)
        repeat {
            start -= 1
            digits[start] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        } while rest > 0
        bytes.append(digits.span.extracting(start..<digits.count))
    }

    private static func append(hexadecimal number: Int, to bytes: inout [UInt8]) {
        var digits = InlineArray<16, UInt8>(repeating: 0)
        var (rest, start) = (number.magnitude, digits.count)
        repeat {
            start -= 1
            digits[start] = Hex.digit(UInt8(truncatingIfNeeded: rest & 0xF), uppercase: false)
            rest >>= 4
        } while rest > 0
        bytes.append(digits.span.extracting(start..<digits.count))
    }
}

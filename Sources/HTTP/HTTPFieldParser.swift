// SPDX-License-Identifier: Apache-2.0

/// Reads field lines: the same rules for headers and trailers (RFC 9112 section 5).
enum HTTPFieldParser {
    /// Reads the lines of `bytes` from `start` to the empty line at the end.
    ///
    /// - Parameters:
    ///   - bytes: Complete lines; ``HTTPHeadScanner`` has seen that each ends in CRLF.
    ///   - start: Where the first field line begins.
    /// - Returns: The fields, whose names and values are checked.
    /// - Throws: ``HTTPParseError`` for the first line that is no field line.
    static func parse(
        _ bytes: Span<UInt8>,
        from start: Int
    ) throws(HTTPParseError) -> HTTPFields {
        var entries: [HTTPFields.Entry] = []
        entries.reserveCapacity(16)
        var cursor = start
        while cursor + 1 < bytes.count, bytes[cursor] != 0x0D {
            entries.append(try self.line(bytes, &cursor, start))
        }
        let block = unsafe [UInt8](unsafeUninitializedCapacity: bytes.count - start) {
            buffer,
            count in
            for index in start..<bytes.count { unsafe buffer[index - start] = bytes[index] }
            count = bytes.count - start
        }
        return HTTPFields(block: block, entries: entries)
    }

    private static func line(
        _ bytes: Span<UInt8>,
        _ cursor: inout Int,
        _ base: Int
    ) throws(HTTPParseError) -> HTTPFields.Entry {
        let nameStart = cursor
        let first = bytes[cursor]
        guard first != 0x20, first != 0x09 else { throw .lineFolded }
        while cursor < bytes.count, HTTPText.isToken(bytes[cursor]) { cursor += 1 }
        let nameEnd = cursor
        guard nameEnd > nameStart, cursor < bytes.count, bytes[cursor] == UInt8(ascii: ":")
        else { throw .fieldNameInvalid }
        cursor += 1
        while cursor < bytes.count, bytes[cursor] == 0x20 || bytes[cursor] == 0x09 { cursor += 1 }
        let valueStart = cursor
        while cursor < bytes.count, HTTPText.isFieldValue(bytes[cursor]) { cursor += 1 }
        guard cursor + 1 < bytes.count, bytes[cursor] == 0x0D, bytes[cursor + 1] == 0x0A
        else { throw .fieldValueInvalid }
        var valueEnd = cursor
        while valueEnd > valueStart, bytes[valueEnd - 1] == 0x20 || bytes[valueEnd - 1] == 0x09 {
            valueEnd -= 1
        }
        cursor += 2
        return HTTPFields.Entry(
            nameStart: UInt32(truncatingIfNeeded: nameStart - base),
            nameLength: UInt32(truncatingIfNeeded: nameEnd - nameStart),
            valueStart: UInt32(truncatingIfNeeded: valueStart - base),
            valueLength: UInt32(truncatingIfNeeded: valueEnd - valueStart)
        )
    }
}

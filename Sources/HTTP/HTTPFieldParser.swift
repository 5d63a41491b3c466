// SPDX-License-Identifier: Apache-2.0

internal import Bytes

/// Reads field lines: the same rules for headers and trailers (RFC 9112 section 5).
enum HTTPFieldParser {
    /// Room for the fields of most messages; KafkaSource sends fifteen.
    private static let entriesUsual = 20

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
        entries.reserveCapacity(self.entriesUsual)
        var cursor = start
        while cursor + 1 < bytes.count, bytes[cursor] != 0x0D {
            entries.append(try self.line(bytes, &cursor, start))
        }
        let block = [UInt8](copying: bytes.extracting(start..<bytes.count))
        return HTTPFields(block: block, entries: entries)
    }

    private static func line(
        _ bytes: Span<UInt8>,
        _ cursor: inout Int,
        _ base: Int
    ) throws(HTTPParseError) -> HTTPFields.Entry {
        let nameStart = cursor
        guard !self.isSpace(bytes[nameStart]) else { throw .lineFolded }
        let nameEnd = HTTPText.tokenEnd(bytes, from: nameStart)
        guard nameEnd > nameStart, nameEnd < bytes.count, bytes[nameEnd] == UInt8(ascii: ":")
        else { throw .fieldNameInvalid }
        var valueStart = nameEnd + 1
        while valueStart < bytes.count, self.isSpace(bytes[valueStart]) { valueStart += 1 }
        let lineEnd = HTTPText.fieldValueEnd(bytes, from: valueStart)
        guard lineEnd + 1 < bytes.count, bytes[lineEnd] == 0x0D, bytes[lineEnd + 1] == 0x0A
        else { throw .fieldValueInvalid }
        var valueEnd = lineEnd
        while valueEnd > valueStart, self.isSpace(bytes[valueEnd - 1]) { valueEnd -= 1 }
        cursor = lineEnd + 2
        return HTTPFields.Entry(
            name: nameStart - base..<nameEnd - base,
            value: valueStart - base..<valueEnd - base
        )
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }
}

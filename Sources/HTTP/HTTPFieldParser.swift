// SPDX-License-Identifier: Apache-2.0

internal import Bytes

/// Reads field lines: the same rules for headers and trailers (RFC 9112 section 5).
enum HTTPFieldParser {
    /// Room for the fields of most messages; KafkaSource sends fifteen.
    private static let entriesUsual = 20

    /// Reads the lines of `bytes` from `cursor` to the empty line, in one pass.
    ///
    /// - Parameters:
    ///   - bytes: The lines, and whatever follows them.
    ///   - cursor: Where the first field line begins; afterwards behind the empty line.
    ///   - linesMax: How many lines are accepted.
    /// - Returns: The fields, whose names and values are checked.
    /// - Throws: ``HTTPParseError`` for the first line that is no field line, or not complete.
    static func parse(
        _ bytes: Span<UInt8>,
        _ cursor: inout Int,
        linesMax: Int
    ) throws(HTTPParseError) -> HTTPFields {
        var entries: [HTTPFields.Entry] = []
        entries.reserveCapacity(self.entriesUsual)
        var fingerprints: UInt64 = 0
        var isWireForm = true
        let start = cursor
        var place = cursor
        while place &+ 1 < bytes.count, bytes[place] != 0x0D {
            guard entries.count < linesMax else { throw .headerCountExceeded }
            let entry = try self.line(bytes, &place, start, &fingerprints)
            isWireForm = isWireForm && entry.isWireForm
            entries.append(entry)
        }
        guard place &+ 1 < bytes.count, bytes[place &+ 1] == 0x0A else { throw .lineEndInvalid }
        cursor = place &+ 2
        return HTTPFields(
            block: [UInt8](copying: bytes.extracting(start..<place)),
            entries: entries,
            fingerprints: fingerprints,
            isBlockChecked: isWireForm
        )
    }

    @inline(__always)
    private static func line(
        _ bytes: Span<UInt8>,
        _ cursor: inout Int,
        _ base: Int,
        _ fingerprints: inout UInt64
    ) throws(HTTPParseError) -> HTTPFields.Entry {
        let nameStart = cursor
        guard !self.isSpace(bytes[nameStart]) else { throw .lineFolded }
        let nameEnd = HTTPText.tokenEnd(bytes, from: nameStart)
        guard nameEnd > nameStart, nameEnd < bytes.count, bytes[nameEnd] == UInt8(ascii: ":")
        else { throw .fieldNameInvalid }
        var valueStart = nameEnd &+ 1
        while valueStart < bytes.count, self.isSpace(bytes[valueStart]) { valueStart &+= 1 }
        let lineEnd = HTTPText.fieldValueEnd(bytes, from: valueStart)
        guard lineEnd &+ 1 < bytes.count, bytes[lineEnd] == 0x0D, bytes[lineEnd &+ 1] == 0x0A
        else { throw .fieldValueInvalid }
        var valueEnd = lineEnd
        while valueEnd > valueStart, self.isSpace(bytes[valueEnd &- 1]) { valueEnd &-= 1 }
        cursor = lineEnd &+ 2
        fingerprints |= HTTPFields.fingerprint(
            length: nameEnd &- nameStart,
            first: bytes[nameStart],
            last: bytes[nameEnd &- 1]
        )
        let isWireForm =
            valueStart == nameEnd &+ 2 && bytes[nameEnd &+ 1] == 0x20 && valueEnd == lineEnd
        return HTTPFields.Entry(
            name: nameStart &- base..<nameEnd &- base,
            value: valueStart &- base..<valueEnd &- base,
            isChecked: true,
            isWireForm: isWireForm
        )
    }

    @inline(__always)
    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }
}

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
        var summary = HTTPFields.Summary()
        let start = cursor
        var place = cursor
        var entries: [HTTPFieldLine] = []
        var room = min(self.entriesUsual, linesMax)
        while true {
            try entries.append(addingCapacity: room) { entries throws(HTTPParseError) in
                place = try self.lines(bytes, from: place, base: start, &summary, into: &entries)
            }
            guard self.isAtLine(bytes, place) else { break }
            guard entries.count < linesMax else { throw .headerCountExceeded }
            room = min(entries.count, linesMax - entries.count)
        }
        guard place &+ 1 < bytes.count, bytes[place &+ 1] == 0x0A else { throw .lineEndInvalid }
        cursor = place &+ 2
        let block = [UInt8](copying: bytes.extracting(start..<place))
        return HTTPFields(block: block, entries: entries, summary: summary)
    }

    /// Reads as many lines as there is room for.
    ///
    /// - Returns: Where the next one begins.
    private static func lines(
        _ bytes: Span<UInt8>,
        from start: Int,
        base: Int,
        _ summary: inout HTTPFields.Summary,
        into entries: inout OutputSpan<HTTPFieldLine>
    ) throws(HTTPParseError) -> Int {
        // Variables of its own stay in registers.
        var (place, found) = (start, summary)
        while entries.freeCapacity > 0 {
            if let entry = self.usualLine(bytes, &place, base, &found) {
                entries.append(entry)
                continue
            }
            guard self.isAtLine(bytes, place) else { break }
            entries.append(try self.line(bytes, &place, base, &found))
        }
        summary = found
        return place
    }

    /// Whether a line begins here, and not the CRLF behind the last one.
    @inline(__always)
    private static func isAtLine(_ bytes: Span<UInt8>, _ place: Int) -> Bool {
        place &+ 1 < bytes.count && bytes[place] != 0x0D
    }

    /// Reads a line in wire form, as nearly all are; `nil`, and nothing read, for any other.
    @inline(__always)
    private static func usualLine(
        _ bytes: Span<UInt8>,
        _ cursor: inout Int,
        _ base: Int,
        _ summary: inout HTTPFields.Summary
    ) -> HTTPFieldLine? {
        let start = cursor
        guard let name = SixteenBytes(bytes, at: start) else { return nil }
        var nameLength = name.firstSpecial
        if nameLength == 16 {
            guard let next = SixteenBytes(bytes, at: start &+ 16) else { return nil }
            nameLength &+= next.firstSpecial
        }
        // A colon and a space, which are no control characters, and then the value.
        let colon = start &+ nameLength
        guard nameLength > 0, let value = SixteenBytes(bytes, at: colon),
            value.words.0 & 0xFFFF == 0x203A, value.words.0 & 0xFF_0000 > 0x20_0000
        else { return nil }
        var (place, end) = (value.firstControl, colon)
        while true {
            end &+= place
            if place < 16 { break }
            guard let next = SixteenBytes(bytes, at: end) else { return nil }
            place = next.firstControl
        }
        guard bytes.hasPair(0x0D, 0x0A, at: end), bytes[end &- 1] > 0x20 else { return nil }
        cursor = end &+ 2
        let entry = HTTPFieldLine(
            HTTPFieldName(name, length: nameLength) { bytes[colon &- 1] },
            nameStart: start &- base,
            nameLength: nameLength,
            valueStart: colon &+ 2 &- base,
            valueLength: end &- colon &- 2,
            isChecked: true,
            isWireForm: true
        )
        summary.add(entry)
        return entry
    }

    /// Refuses a line, which is there with its CRLF and not empty, as ``parse`` would.
    static func checkLine(_ line: Span<UInt8>) throws(HTTPParseError) {
        var cursor = 0
        var summary = HTTPFields.Summary()
        _ = try self.line(line, &cursor, 0, &summary)
    }

    /// Reads any line.
    @inline(never)
    private static func line(
        _ bytes: Span<UInt8>,
        _ cursor: inout Int,
        _ base: Int,
        _ summary: inout HTTPFields.Summary
    ) throws(HTTPParseError) -> HTTPFieldLine {
        let start = cursor
        guard !self.isSpace(bytes[start]) else { throw .lineFolded }
        let nameEnd = HTTPText.tokenEnd(bytes, from: start)
        guard nameEnd > start, nameEnd < bytes.count, bytes[nameEnd] == UInt8(ascii: ":")
        else { throw .fieldNameInvalid }
        var valueStart = nameEnd &+ 1
        while valueStart < bytes.count, self.isSpace(bytes[valueStart]) { valueStart &+= 1 }
        let lineEnd = HTTPText.fieldValueEnd(bytes, from: valueStart)
        guard bytes.hasPair(0x0D, 0x0A, at: lineEnd) else { throw .fieldValueInvalid }
        var valueEnd = lineEnd
        while valueEnd > valueStart, self.isSpace(bytes[valueEnd &- 1]) { valueEnd &-= 1 }
        cursor = lineEnd &+ 2
        let hasOneSpace = valueStart == nameEnd &+ 2 && bytes[nameEnd &+ 1] == 0x20
        let entry = HTTPFieldLine(
            HTTPFieldName(bytes.extracting(start..<bytes.count), length: nameEnd &- start),
            nameStart: start &- base,
            nameLength: nameEnd &- start,
            valueStart: valueStart &- base,
            valueLength: valueEnd &- valueStart,
            isChecked: true,
            isWireForm: hasOneSpace && valueEnd == lineEnd
        )
        summary.add(entry)
        return entry
    }

    @inline(__always)
    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }
}

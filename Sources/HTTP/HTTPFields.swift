// SPDX-License-Identifier: Apache-2.0

internal import Bytes

/// Header or trailer fields, in order, with duplicates (RFC 9110 section 5).
///
/// All names and values lie in one block of bytes with an index beside it, so a parsed message
/// costs two allocations and no `String` until somebody asks for one. Names compare without case.
/// Values are bytes: what is not UTF-8 is kept as it came.
package struct HTTPFields: Sendable {
    /// What ``nameRange(at:)`` and ``valueRange(at:)`` point into; other bytes may lie between.
    package private(set) var block: [UInt8] = []
    /// Where the lines lie in ``block``, in order.
    package private(set) var entries: [HTTPFieldLine] = []
    /// What is known of all lines together.
    private(set) var summary = Summary()

    /// Makes an empty list.
    package init() {}

    /// Makes a list of literal names and values.
    package init(_ pairs: KeyValuePairs<String, String>) {
        for (name, value) in pairs { self.append(name, value) }
    }

    /// Takes over a block, where the fields lie in it, and what a parser knows of them.
    init(block: [UInt8], entries: [HTTPFieldLine], summary: Summary) {
        self.block = block
        self.entries = entries
        self.summary = summary
    }

    /// Makes a list of lines of another one, whose block it shares until either is changed.
    ///
    /// - Parameters:
    ///   - lines: One bit for each of the first lines; they must be there.
    ///   - other: The list to take them from.
    package init(lines: UInt64, of other: HTTPFields) {
        self.block = other.block
        var (rest, summary) = (lines, Summary())
        let source = other.entries.span
        let count = lines.nonzeroBitCount
        // One run of bits is one of lines, where those of the other are.
        let isRun = count + lines.leadingZeroBitCount + lines.trailingZeroBitCount == 64
        if !isRun || !other.summary.isRunChecked { summary.distrustRun() }
        self.entries.append(addingCapacity: count) { entries in
            while rest != 0 {
                let entry = source[rest.trailingZeroBitCount]
                rest &= rest &- 1
                summary.add(entry)
                entries.append(entry)
            }
        }
        self.summary = summary
    }

    /// Makes room for as many more lines, whose names and values have `bytes` together.
    package mutating func reserveCapacity(lines: Int, bytes: Int) {
        self.entries.reserveCapacity(self.entries.count + lines)
        self.block.reserveCapacity(self.block.count + bytes + lines * Self.lineBytes)
    }

    /// What a line has besides its name and value: `: ` and CRLF.
    private static let lineBytes = 4

    /// From the first line to the end of the last; they lie in this order where that matters.
    var run: Range<Int> {
        guard let first = self.entries.first, let last = self.entries.last else { return 0..<0 }
        return first.nameRange.lowerBound..<last.lineRange.upperBound
    }

    /// Notes that a line begins behind what follows the last one, if it does.
    private mutating func noteLine(at start: Int) {
        guard let last = self.entries.last, last.lineRange.upperBound != start else { return }
        self.summary.distrustRun()
    }

    /// How many field lines there are.
    package var count: Int { self.entries.count }
    /// Whether there is no field line.
    package var isEmpty: Bool { self.entries.isEmpty }

    /// Adds a field line after the others; nothing is checked before the message is encoded.
    package mutating func append(_ name: String, _ value: String) {
        self.append(prefix: "", name.utf8.span, value: value.utf8.span)
    }

    /// As ``append(_:_:)``, with a value of any bytes.
    package mutating func append(_ name: String, bytes value: some Collection<UInt8>) {
        self.append(prefix: "", name.utf8.span, value: Array(value).span)
    }

    /// As ``append(_:_:)``, with a name of two parts, of which the second may be empty.
    package mutating func append(
        prefix: StaticString,
        _ name: Span<UInt8> = Span(),
        value: Span<UInt8>
    ) {
        self.append(prefix: prefix, name, valueBytesMax: value.count) { $0.append(value) }
    }

    /// As ``append(_:_:)``, with a name of two parts and a value that `write` writes in place.
    ///
    /// - Parameters:
    ///   - prefix: The first part of the name.
    ///   - name: The second part; may be empty.
    ///   - valueBytesMax: How long the value may become.
    ///   - write: Called once with room for so many bytes.
    @inline(__always)
    package mutating func append(
        prefix: StaticString,
        _ name: Span<UInt8>,
        valueBytesMax: Int,
        write: (inout OutputSpan<UInt8>) -> Void
    ) {
        let start = self.block.count
        let nameLength = prefix.utf8CodeUnitCount + name.count
        let roomMax = nameLength + Self.lineBytes + valueBytesMax
        self.block.append(addingCapacity: roomMax) { line in
            line.append(prefix)
            line.append(name)
            line.append(": ")
            write(&line)
            line.append("\r\n")
        }
        let valueStart = start + nameLength + 2
        self.addLine(start, nameLength, valueStart, isChecked: false)
    }

    /// Adds lines of another list as they are; what was checked there is not checked again.
    ///
    /// Lines that lie side by side are copied at once.
    ///
    /// - Parameters:
    ///   - lines: Which ones, by index; they must be there.
    ///   - other: The list to take them from.
    package mutating func append(lines: Range<Int>, of other: HTTPFields) {
        var start = lines.lowerBound
        while start < lines.upperBound {
            let end = other.runEnd(of: start..<lines.upperBound)
            if start < end {
                self.append(run: start..<end, of: other)
                start = end
            } else {
                self.append(rewriting: other.entries[start], of: other)
                start += 1
            }
        }
    }

    /// Behind the last of the lines that lie side by side in wire form.
    private func runEnd(of lines: Range<Int>) -> Int {
        let entries = self.entries.span
        var index = lines.lowerBound
        var place = entries[index].nameRange.lowerBound
        while index < lines.upperBound, entries[index].isWireForm,
            entries[index].nameRange.lowerBound == place
        {
            place = entries[index].lineRange.upperBound
            index += 1
        }
        return index
    }

    /// Adds lines that lie side by side in wire form; there is one at least.
    private mutating func append(run: Range<Int>, of other: HTTPFields) {
        let source = other.entries.span
        let start = source[run.lowerBound].nameRange.lowerBound
        let end = source[run.upperBound - 1].lineRange.upperBound
        self.noteLine(at: self.block.count)
        let distance = self.block.count - start
        self.block.append(other.block.span.extracting(start..<end))
        var summary = self.summary
        self.entries.append(addingCapacity: run.count) { entries in
            for index in run {
                let entry = source[index].moved(by: distance)
                summary.add(entry)
                entries.append(entry)
            }
        }
        self.summary = summary
    }

    /// Adds a line that has more or fewer spaces than ours have.
    private mutating func append(rewriting entry: HTTPFieldLine, of other: HTTPFields) {
        let (start, bytes) = (self.block.count, other.block.span)
        self.block.append(bytes.extracting(entry.nameRange))
        self.block.append(literal: ": ")
        let valueStart = self.block.count
        self.block.append(bytes.extracting(entry.valueRange))
        self.block.append(literal: "\r\n")
        self.addLine(start, valueStart - 2 - start, valueStart, isChecked: entry.isChecked)
    }

    /// Adds the entry of the line in wire form at the end of the block.
    private mutating func addLine(
        _ nameStart: Int,
        _ nameLength: Int,
        _ valueStart: Int,
        isChecked: Bool
    ) {
        self.noteLine(at: nameStart)
        let line = nameStart..<self.block.count
        let field = HTTPFieldName(self.block.span.extracting(line), length: nameLength)
        let entry = HTTPFieldLine(
            field,
            nameStart: nameStart,
            nameLength: nameLength,
            valueStart: valueStart,
            valueLength: line.upperBound - 2 - valueStart,
            isChecked: isChecked,
            isWireForm: true
        )
        self.summary.add(entry)
        self.entries.append(entry)
    }

    /// The first value of a name; setting replaces all of them, `nil` removes them.
    package subscript(_ name: String) -> String? {
        get {
            guard let index = self.firstIndex(of: name) else { return nil }
            return String(decoding: self.block[self.entries[index].valueRange], as: UTF8.self)
        }
        set {
            self.remove(name)
            if let newValue { self.append(name, newValue) }
        }
    }

    /// The values of all lines of a name, in order, lists not split.
    package func values(_ name: String) -> [String] {
        let bytes = self.block.span
        return self.entries.compactMap { entry in
            guard Self.matches(bytes, entry, name.utf8.span) else { return nil }
            return String(decoding: self.block[entry.valueRange], as: UTF8.self)
        }
    }

    /// The bytes of the first value of a name.
    package func valueBytes(_ name: String) -> ArraySlice<UInt8>? {
        guard let index = self.firstIndex(of: name) else { return nil }
        return self.block[self.entries[index].valueRange]
    }

    /// Whether there is a line of a name.
    package func contains(_ name: String) -> Bool { self.firstIndex(of: name) != nil }

    /// Whether the first value of a name is `value`, case aside; allocates nothing.
    package func valueEquals(_ name: String, _ value: String) -> Bool {
        guard let index = self.firstIndex(of: name) else { return false }
        let range = self.entries[index].valueRange
        return HTTPText.equalsIgnoringCase(self.block.span.extracting(range), value.utf8.span)
    }

    /// Whether a comma-separated list of a name holds `token`, case aside (RFC 9110 section 5.6.1).
    package func listContains(_ name: String, _ token: String) -> Bool {
        guard let first = self.firstIndex(of: name) else { return false }
        let bytes = self.block.span
        for entry in self.entries[first...] where Self.matches(bytes, entry, name.utf8.span) {
            let value = self.block[entry.valueRange]
            for part in value.split(separator: UInt8(ascii: ",")) {
                if HTTPText.equalsIgnoringCase(HTTPText.trim(part), token) { return true }
            }
        }
        return false
    }

    /// Removes all lines of a name.
    package mutating func remove(_ name: String) {
        guard !self.isEmpty, let first = self.firstIndex(of: name) else { return }
        self.summary.remove(self.entries[first].field)
        let block = self.block
        self.entries.removeAll { Self.matches(block.span, $0, name.utf8.span) }
    }

    /// Calls `body` with each line, the name as it was written.
    package func forEach(_ body: (_ name: String, _ value: String) -> Void) {
        for entry in self.entries {
            body(
                String(decoding: self.block[entry.nameRange], as: UTF8.self),
                String(decoding: self.block[entry.valueRange], as: UTF8.self)
            )
        }
    }

    /// Calls `body` with the bytes of each line, the name as it was written.
    package func forEachBytes(
        _ body: (_ name: ArraySlice<UInt8>, _ value: ArraySlice<UInt8>) -> Void
    ) {
        for entry in self.entries {
            body(self.block[entry.nameRange], self.block[entry.valueRange])
        }
    }

    /// As ``forEachBytes(_:)``, with spans, which cost nothing to make.
    package func forEachSpan(_ body: (_ name: Span<UInt8>, _ value: Span<UInt8>) -> Void) {
        let bytes = self.block.span
        for entry in self.entries {
            body(bytes.extracting(entry.nameRange), bytes.extracting(entry.valueRange))
        }
    }

    /// All lines, the names in lower case.
    package var lowercasedPairs: [(name: String, value: String)] {
        self.entries.map { entry in
            (
                String(
                    decoding: self.block[entry.nameRange].map(HTTPText.lowercased),
                    as: UTF8.self
                ),
                String(decoding: self.block[entry.valueRange], as: UTF8.self)
            )
        }
    }

    private func firstIndex(of name: String) -> Int? {
        let (name, bytes, entries) = (name.utf8.span, self.block.span, self.entries.span)
        let length = UInt32(truncatingIfNeeded: name.count)
        for index in entries.indices where entries[index].nameLength == length {
            if Self.matches(bytes, entries[index], name) { return index }
        }
        return nil
    }

    @inline(__always)
    private static func matches(
        _ bytes: Span<UInt8>,
        _ entry: HTTPFieldLine,
        _ name: Span<UInt8>
    ) -> Bool {
        let range = entry.nameRange
        guard range.count == name.count else { return false }
        return HTTPText.equalsIgnoringCase(bytes.extracting(range), name)
    }
}

extension HTTPFields: ExpressibleByDictionaryLiteral {
    /// Makes a list of literal names and values; a name may occur more than once.
    package init(dictionaryLiteral pairs: (String, String)...) {
        for (name, value) in pairs { self.append(name, value) }
    }
}

extension HTTPFields: Equatable {
    /// Same lines in the same order; names without case.
    package static func == (left: Self, right: Self) -> Bool {
        guard left.count == right.count else { return false }
        let (leftBytes, rightBytes) = (left.block.span, right.block.span)
        for (one, other) in zip(left.entries, right.entries) {
            guard left.block[one.valueRange] == right.block[other.valueRange],
                HTTPText.equalsIgnoringCase(
                    leftBytes.extracting(one.nameRange),
                    rightBytes.extracting(other.nameRange)
                )
            else { return false }
        }
        return true
    }
}

extension HTTPFields: CustomStringConvertible {
    /// One `name: value` a line; for tests and debugging, not for logs (values may be secret).
    package var description: String {
        var text = ""
        for entry in self.entries {
            text += String(decoding: self.block[entry.nameRange], as: UTF8.self) + ": "
            text += String(decoding: self.block[entry.valueRange], as: UTF8.self) + "\n"
        }
        return text
    }
}

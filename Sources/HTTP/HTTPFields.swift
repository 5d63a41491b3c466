// SPDX-License-Identifier: Apache-2.0

internal import Bytes

/// Header or trailer fields, in order, with duplicates (RFC 9110 section 5).
///
/// All names and values lie in one block of bytes with an index beside it, so a parsed message
/// costs two allocations and no `String` until somebody asks for one. Names compare without case.
/// Values are bytes: what is not UTF-8 is kept as it came.
package struct HTTPFields: Sendable {
    /// Where one line lies in the block.
    struct Entry: Sendable {
        private var nameStart: UInt32
        private var nameLength: UInt32
        private var valueStart: UInt32
        private var valueLength: UInt32

        @inline(__always)
        init(nameStart: Int, nameLength: Int, valueStart: Int, valueLength: Int) {
            self.nameStart = UInt32(truncatingIfNeeded: nameStart)
            self.nameLength = UInt32(truncatingIfNeeded: nameLength)
            self.valueStart = UInt32(truncatingIfNeeded: valueStart)
            self.valueLength = UInt32(truncatingIfNeeded: valueLength)
        }

        @inline(__always)
        func isNameLength(_ length: UInt32) -> Bool { self.nameLength == length }

        @inline(__always)
        var nameRange: Range<Int> {
            Int(self.nameStart)..<Int(self.nameStart) &+ Int(self.nameLength)
        }

        @inline(__always)
        var valueRange: Range<Int> {
            Int(self.valueStart)..<Int(self.valueStart) &+ Int(self.valueLength)
        }
    }

    private(set) var block: [UInt8] = []
    private(set) var entries: [Entry] = []
    /// The ``fingerprint(_:)`` of each name, and of some that were removed.
    ///
    /// Nearly all names that a server asks for are absent; this answers without a search.
    private(set) var fingerprints: UInt64 = 0
    /// Whether the block is the lines as they are sent, one behind the other, and nothing else.
    private(set) var isBlockWireForm = true

    /// Makes an empty list.
    package init() {}

    /// Makes a list of literal names and values.
    package init(_ pairs: KeyValuePairs<String, String>) {
        for (name, value) in pairs { self.append(name, value) }
    }

    /// Takes over a block that a parser has checked, and where the fields lie in it.
    init(block: [UInt8], entries: [Entry], fingerprints: UInt64) {
        self.block = block
        self.entries = entries
        self.fingerprints = fingerprints
        self.isBlockWireForm = false
    }

    /// Makes room for as many more lines, whose names and values have `bytes` together.
    package mutating func reserveCapacity(lines: Int, bytes: Int) {
        self.entries.reserveCapacity(self.entries.count + lines)
        self.block.reserveCapacity(self.block.count + bytes + lines * Self.lineBytes)
    }

    /// What a line has besides its name and value: `: ` and CRLF.
    private static let lineBytes = 4

    /// One of 64 bits, the same for names that differ in case alone.
    private static func fingerprint(_ name: Span<UInt8>) -> UInt64 {
        guard !name.isEmpty else { return 1 }
        return self.fingerprint(length: name.count, first: name[0], last: name[name.count - 1])
    }

    /// As ``fingerprint(_:)``, of what it is made from.
    @inline(__always)
    static func fingerprint(length: Int, first: UInt8, last: UInt8) -> UInt64 {
        let (first, last) = (UInt64(first | 0x20), UInt64(last | 0x20))
        return 1 &<< ((UInt64(truncatingIfNeeded: length) &* 7 ^ first ^ last &* 5) & 63)
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
            line.append(UInt8(ascii: ":"))
            line.append(0x20)
            write(&line)
            line.append(0x0D)
            line.append(0x0A)
        }
        let valueStart = start + nameLength + 2
        self.addEntry(start, nameLength, valueStart, self.block.count - 2 - valueStart)
    }

    private mutating func addEntry(
        _ nameStart: Int,
        _ nameLength: Int,
        _ valueStart: Int,
        _ valueLength: Int
    ) {
        let bit = Self.fingerprint(self.block.span.extracting(nameStart..<nameStart + nameLength))
        self.fingerprints |= bit
        self.entries.append(
            Entry(
                nameStart: nameStart,
                nameLength: nameLength,
                valueStart: valueStart,
                valueLength: valueLength
            )
        )
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
        guard self.contains(name) else { return }
        let block = self.block
        self.entries.removeAll { Self.matches(block.span, $0, name.utf8.span) }
        self.isBlockWireForm = false
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
        let name = name.utf8.span
        guard self.fingerprints & Self.fingerprint(name) != 0 else { return nil }
        let bytes = self.block.span
        for index in self.entries.indices where Self.matches(bytes, self.entries[index], name) {
            return index
        }
        return nil
    }

    @inline(__always)
    private static func matches(
        _ bytes: Span<UInt8>,
        _ entry: Entry,
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

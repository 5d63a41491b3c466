// SPDX-License-Identifier: Apache-2.0

internal import Bytes

/// Header or trailer fields, in order, with duplicates (RFC 9110 section 5).
///
/// All names and values lie in one block of bytes with an index beside it, so a parsed message
/// costs two allocations and no `String` until somebody asks for one. Names compare without case.
/// Values are bytes: what is not UTF-8 is kept as it came.
package struct HTTPFields: Sendable {
    struct Entry: Sendable {
        var nameStart: UInt32
        var nameLength: UInt32
        var valueStart: UInt32
        var valueLength: UInt32

        var nameRange: Range<Int> {
            Int(self.nameStart)..<Int(self.nameStart) + Int(self.nameLength)
        }
        var valueRange: Range<Int> {
            Int(self.valueStart)..<Int(self.valueStart) + Int(self.valueLength)
        }
    }

    private(set) var block: [UInt8] = []
    private(set) var entries: [Entry] = []

    /// Makes an empty list.
    package init() {}

    /// Makes a list of literal names and values.
    package init(_ pairs: KeyValuePairs<String, String>) {
        for (name, value) in pairs { self.append(name, value) }
    }

    /// Takes over a block that a parser has checked, and where the fields lie in it.
    init(block: [UInt8], entries: [Entry]) {
        self.block = block
        self.entries = entries
    }

    /// How many field lines there are.
    package var count: Int { self.entries.count }
    /// Whether there is no field line.
    package var isEmpty: Bool { self.entries.isEmpty }

    /// Adds a field line after the others; nothing is checked before the message is encoded.
    package mutating func append(_ name: String, _ value: String) {
        let nameStart = self.block.count
        self.block.append(contentsOf: name.utf8)
        let valueStart = self.block.count
        self.block.append(contentsOf: value.utf8)
        self.addEntry(nameStart, valueStart)
    }

    /// As ``append(_:_:)``, with a value of any bytes.
    package mutating func append(_ name: String, bytes value: some Collection<UInt8>) {
        let nameStart = self.block.count
        self.block.append(contentsOf: name.utf8)
        let valueStart = self.block.count
        self.block.append(contentsOf: value)
        self.addEntry(nameStart, valueStart)
    }

    private mutating func addEntry(_ nameStart: Int, _ valueStart: Int) {
        self.entries.append(
            Entry(
                nameStart: UInt32(truncatingIfNeeded: nameStart),
                nameLength: UInt32(truncatingIfNeeded: valueStart - nameStart),
                valueStart: UInt32(truncatingIfNeeded: valueStart),
                valueLength: UInt32(truncatingIfNeeded: self.block.count - valueStart)
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
        self.entries.filter { self.matches($0, name) }.map {
            String(decoding: self.block[$0.valueRange], as: UTF8.self)
        }
    }

    /// How many lines of a name there are.
    func lineCount(_ name: String) -> Int {
        var count = 0
        for entry in self.entries where self.matches(entry, name) { count += 1 }
        return count
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
        return HTTPText.equalsIgnoringCase(self.block[range], value)
    }

    /// Whether a comma-separated list of a name holds `token`, case aside (RFC 9110 section 5.6.1).
    package func listContains(_ name: String, _ token: String) -> Bool {
        for entry in self.entries where self.matches(entry, name) {
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
        self.entries = self.entries.filter { !self.matches($0, name) }
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
        for index in self.entries.indices where self.matches(self.entries[index], name) {
            return index
        }
        return nil
    }

    private func matches(_ entry: Entry, _ name: String) -> Bool {
        guard Int(entry.nameLength) == name.utf8.count else { return false }
        var index = Int(entry.nameStart)
        for byte in name.utf8 {
            guard HTTPText.lowercased(self.block[index]) == HTTPText.lowercased(byte)
            else { return false }
            index += 1
        }
        return true
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
        return zip(left.entries, right.entries).allSatisfy { one, other in
            HTTPText.equalsIgnoringCase(left.block[one.nameRange], right.block[other.nameRange])
                && left.block[one.valueRange] == right.block[other.valueRange]
        }
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

// SPDX-License-Identifier: Apache-2.0

/// Writes JSON whose members stand in the order of the calls, without spaces, as Go does.
struct OrderedJSON {
    /// The text so far.
    private(set) var bytes: [UInt8] = []
    private var needsComma = false

    init() { self.bytes.reserveCapacity(1536) }

    /// Writes an object; `content` writes its members.
    mutating func object(_ content: (inout Self) -> Void) {
        self.wrap("{", "}", content)
    }

    /// Writes an array; `content` writes its one element.
    mutating func array(_ content: (inout Self) -> Void) {
        self.wrap("[", "]", content)
    }

    /// Writes a member; `content` writes its value.
    mutating func member(_ name: String, _ content: (inout Self) -> Void) {
        self.begin(name)
        content(&self)
        self.needsComma = true
    }

    /// Writes a member with a text.
    mutating func member(_ name: String, _ text: String) {
        self.begin(name)
        GoJSONText.append(text, to: &self.bytes)
        self.needsComma = true
    }

    /// Writes a member with a number.
    mutating func member(_ name: String, _ number: UInt64) {
        self.begin(name)
        self.bytes.append(contentsOf: String(number).utf8)
        self.needsComma = true
    }

    /// Writes a member with an object of texts, its members sorted by the bytes of their names.
    mutating func member(_ name: String, _ texts: [String: String]) {
        self.member(name) { json in
            json.object { json in
                let sorted = texts.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
                for (name, text) in sorted { json.member(name, text) }
            }
        }
    }

    private mutating func wrap(
        _ start: Unicode.Scalar,
        _ end: Unicode.Scalar,
        _ content: (inout Self) -> Void
    ) {
        self.bytes.append(UInt8(ascii: start))
        self.needsComma = false
        content(&self)
        self.bytes.append(UInt8(ascii: end))
    }

    private mutating func begin(_ name: String) {
        if self.needsComma { self.bytes.append(UInt8(ascii: ",")) }
        GoJSONText.append(name, to: &self.bytes)
        self.bytes.append(UInt8(ascii: ":"))
    }
}

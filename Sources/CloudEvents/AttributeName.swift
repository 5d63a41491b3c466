// SPDX-License-Identifier: Apache-2.0

/// Names of attributes: what they may be, and how they are read from HTTP headers.
enum AttributeName {
    /// Names of extensions that KafkaSource puts on every event; literals cost no allocation.
    private static let frequentNames = ["knativekafkaoffset", "knativekafkapartition"]

    /// Whether `name` is one or more of `a`–`z` and `0`–`9`, and not `data`
    /// (CloudEvents 1.0.2 section 2.1).
    static func isValid(_ name: String) -> Bool {
        let bytes = name.utf8.span
        for index in bytes.indices where !self.isAllowed(bytes[index]) { return false }
        return !bytes.isEmpty && name != "data"
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte
            || UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte
    }

    /// ASCII letters in lower case; a copy of HTTP's, which is not inlined across modules.
    @inline(__always)
    static func lowercased(_ byte: UInt8) -> UInt8 {
        byte &- UInt8(ascii: "A") < 26 ? byte | 0x20 : byte
    }

    /// Whether a header's name, in any case, is `name`, which is in lower case.
    static func matches(_ header: Span<UInt8>, _ name: String) -> Bool {
        guard header.count == name.utf8.count else { return false }
        let name = name.utf8.span
        for index in header.indices where self.lowercased(header[index]) != name[index] {
            return false
        }
        return true
    }

    /// A header's name in lower case; `nil` when it cannot be the name of an attribute.
    static func lowercased(_ header: Span<UInt8>) -> String? {
        for name in self.frequentNames where self.matches(header, name) { return name }
        var bytes = InlineArray<32, UInt8>(repeating: 0)
        guard header.count <= bytes.count else { return self.longName(header) }
        var isValid = !header.isEmpty
        for index in header.indices {
            let byte = self.lowercased(header[index])
            bytes[index] = byte
            isValid = isValid && self.isAllowed(byte)
        }
        guard isValid, let name = String(utf8: bytes.span.extracting(first: header.count))
        else { return nil }
        return name == "data" ? nil : name
    }

    private static func longName(_ header: Span<UInt8>) -> String? {
        let name = String(
            decoding: header.indices.map { self.lowercased(header[$0]) },
            as: UTF8.self
        )
        return self.isValid(name) ? name : nil
    }
}

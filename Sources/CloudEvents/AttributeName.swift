// SPDX-License-Identifier: Apache-2.0

import Bytes

/// Names of attributes: what they may be, and how they are read from HTTP headers.
enum AttributeName {
    /// Whether `name` is one or more of `a`–`z` and `0`–`9`, and not `data`
    /// (CloudEvents 1.0.2 section 2.1).
    static func isValid(_ name: String) -> Bool {
        self.isValid(name.utf8.span)
    }

    /// As ``isValid(_:)``, of bytes.
    static func isValid(_ name: Span<UInt8>) -> Bool {
        guard !name.isEmpty, self.areAllowed(name) else { return false }
        return name.count != 4 || !self.equals(name, "data".utf8.span)
    }

    private static func areAllowed(_ bytes: Span<UInt8>) -> Bool {
        var index = 0
        while let eight = EightBytes(bytes, at: index) {
            guard eight.areLowercaseOrDigits else { return false }
            index &+= 8
        }
        while index < bytes.count {
            guard self.isAllowed(bytes[index]) else { return false }
            index &+= 1
        }
        return true
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
    @inline(__always)
    static func matches(_ header: Span<UInt8>, _ name: String) -> Bool {
        header.count == name.utf8.count && self.equals(header, name.utf8.span)
    }

    /// As ``matches(_:_:)``, with the name as bytes.
    static func equals(_ header: Span<UInt8>, _ name: Span<UInt8>) -> Bool {
        let count = name.count
        guard header.count == count else { return false }
        var index = 0
        while let left = EightBytes(header, at: index), let right = EightBytes(name, at: index) {
            guard left.equals(lowercased: right) else { return false }
            // The last eight overlap with those before.
            index = index &+ 8 < count ? min(index &+ 8, count &- 8) : count
        }
        while index < count {
            let byte = header[index]
            guard byte == name[index] || self.lowercased(byte) == name[index] else { return false }
            index &+= 1
        }
        return true
    }

    /// One of 64 bits for a header's name behind its prefix, the same in any case; `nil` when it
    /// cannot be the name of an attribute.
    @inline(__always)
    static func fingerprint(_ block: Span<UInt8>, _ name: Range<Int>) -> UInt64? {
        var sum = UInt64(truncatingIfNeeded: name.count)
        let marks = HeaderWord.marks(block, name) { word in
            sum = (sum ^ word.foldedLetters) &* 0x94D0_49BB_1331_11EB
            return word.notName
        }
        guard marks & HeaderWord.highBits == 0, !name.isEmpty,
            name.count != 4 || !self.matches(block.extracting(name), "data")
        else { return nil }
        return 1 &<< (sum &>> 58)
    }

    /// A header's name in lower case; `nil` when it cannot be the name of an attribute.
    static func lowercased(_ header: Span<UInt8>) -> String? {
        if let name = self.frequentName(header) { return name }
        var bytes = InlineArray<32, UInt8>(repeating: 0)
        guard header.count <= bytes.count else { return self.longName(header) }
        var isValid = !header.isEmpty
        for index in header.indices {
            let byte = self.lowercased(header[index])
            bytes[index] = byte
            isValid = isValid && self.isAllowed(byte)
        }
        guard isValid else { return nil }
        let name = String(ascii: bytes.span.extracting(first: header.count))
        return name == "data" ? nil : name
    }

    /// The long names that KafkaSource puts on every event; literals cost no allocation.
    private static func frequentName(_ header: Span<UInt8>) -> String? {
        switch header.count {
        case 18: self.matches(header, "knativekafkaoffset") ? "knativekafkaoffset" : nil
        case 21: self.matches(header, "knativekafkapartition") ? "knativekafkapartition" : nil
        default: nil
        }
    }

    private static func longName(_ header: Span<UInt8>) -> String? {
        let name = String(
            decoding: header.indices.map { self.lowercased(header[$0]) },
            as: UTF8.self
        )
        return self.isValid(name) ? name : nil
    }
}

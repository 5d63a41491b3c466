// SPDX-License-Identifier: Apache-2.0

/// Look-ups of names that are known to the compiler; one that is absent costs a comparison.
extension HTTPFields {
    /// The first line of a name, which is in lower case and not empty.
    @inline(__always)
    func firstIndex(ofLiteral name: StaticString) -> Int? {
        let length = name.utf8CodeUnitCount
        // Safety: a static string has that many bytes, for ever; no name here is empty.
        let bit = unsafe Self.fingerprint(
            length: length,
            first: name.utf8Start[0],
            last: name.utf8Start[length &- 1]
        )
        guard self.fingerprints & bit != 0 else { return nil }
        return self.index(ofLiteral: name, from: 0)
    }

    /// Whether the name is there once more behind the line at `index`.
    func hasLine(ofLiteral name: StaticString, after index: Int) -> Bool {
        self.index(ofLiteral: name, from: index + 1) != nil
    }

    /// The bytes of the value of one line.
    func valueBytes(at index: Int) -> ArraySlice<UInt8> {
        self.block[self.entries[index].valueRange]
    }

    private func index(ofLiteral name: StaticString, from start: Int) -> Int? {
        let entries = self.entries.span
        let bytes = self.block.span
        let length = UInt32(truncatingIfNeeded: name.utf8CodeUnitCount)
        var index = start
        while index < entries.count {
            if entries[index].isNameLength(length),
                Self.matches(bytes, entries[index].nameRange, name)
            {
                return index
            }
            index &+= 1
        }
        return nil
    }

    private static func matches(
        _ bytes: Span<UInt8>,
        _ range: Range<Int>,
        _ name: StaticString
    ) -> Bool {
        for offset in 0..<range.count {
            let byte = bytes[range.lowerBound &+ offset]
            // Safety: the caller has seen that the name is as long as the range.
            let expected = unsafe name.utf8Start[offset]
            guard byte == expected || HTTPText.lowercased(byte) == expected else { return false }
        }
        return true
    }
}

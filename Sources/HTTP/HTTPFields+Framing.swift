// SPDX-License-Identifier: Apache-2.0

extension HTTPFields {
    /// The lines but for those that say how long a message is, when it was made, and what becomes
    /// of its connection: `Connection`, `Content-Length`, `Date`, `Keep-Alive` and
    /// `Transfer-Encoding`, which whoever sends a message says itself.
    package var withoutFraming: HTTPFields {
        // Most lists have none of them, by lengths and single letters of their names alone.
        guard self.mayHaveFraming else { return self }
        var fields = self
        for name in ["connection", "content-length", "date", "keep-alive", "transfer-encoding"] {
            fields.remove(name)
        }
        return fields
    }

    private var mayHaveFraming: Bool {
        let block = self.block.span
        for entry in self.entries {
            let name = entry.nameRange
            switch name.count {
            case 4: if Self.letter(block, name, 0) == UInt8(ascii: "d") { return true }
            case 10: return true
            // Not `ce-specversion`.
            case 14: if Self.letter(block, name, 2) == UInt8(ascii: "n") { return true }
            case 17: if Self.letter(block, name, 0) == UInt8(ascii: "t") { return true }
            default: break
            }
        }
        return false
    }

    /// A letter of a name, in lower case.
    private static func letter(_ block: Span<UInt8>, _ name: Range<Int>, _ index: Int) -> UInt8 {
        block[name.lowerBound + index] | 0x20
    }
}

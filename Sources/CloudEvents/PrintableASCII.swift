// SPDX-License-Identifier: Apache-2.0

import Bytes

/// Finds out, eight bytes at a time, whether text is free of anything that needs a closer look.
enum PrintableASCII {
    /// Whether all bytes are 0x20…0x7E, and none is one of the three given.
    @inline(__always)
    static func holds(
        _ text: Span<UInt8>,
        without first: UInt8,
        _ second: UInt8,
        _ third: UInt8
    ) -> Bool {
        var offset = 0
        while let eight = EightBytes(text, at: offset) {
            guard eight.arePrintable(without: first, second, third) else { return false }
            offset &+= 8
        }
        // The last eight overlap with those before, which costs less than one by one.
        if offset > 0 {
            guard offset < text.count, let eight = EightBytes(text, at: text.count &- 8) else {
                return true
            }
            return eight.arePrintable(without: first, second, third)
        }
        for index in text.indices {
            let byte = text[index]
            guard byte &- 0x20 < 0x5F, byte != first, byte != second, byte != third
            else { return false }
        }
        return true
    }
}

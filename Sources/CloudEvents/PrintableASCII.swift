// SPDX-License-Identifier: Apache-2.0

/// Finds out, eight bytes at a time, whether text is free of anything that needs a closer look.
enum PrintableASCII {
    /// Whether all bytes are 0x20…0x7E, and none is one of the three given.
    static func holds(
        _ text: Span<UInt8>,
        without first: UInt8,
        _ second: UInt8,
        _ third: UInt8
    ) -> Bool {
        // Safety: any eight bytes make a UInt64, and the span checks that they are its own.
        let bytes = unsafe text.bytes
        var offset = 0
        while offset &+ 8 <= bytes.byteCount {
            let word = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self)
            let marks =
                word | self.below0x20(word) | self.equal(word, 0x7F)
                | self.equal(word, first) | self.equal(word, second) | self.equal(word, third)
            guard marks & 0x8080_8080_8080_8080 == 0 else { return false }
            offset &+= 8
        }
        while offset < text.count {
            let byte = text[offset]
            guard byte &- 0x20 < 0x5F, byte != first, byte != second, byte != third
            else { return false }
            offset &+= 1
        }
        return true
    }

    /// The high bit is set in some byte when, among bytes below 0x80, some is below 0x20.
    private static func below0x20(_ word: UInt64) -> UInt64 {
        (word &- 0x2020_2020_2020_2020) & ~word
    }

    /// The high bit is set in some byte when, among bytes below 0x80, some is `byte`.
    private static func equal(_ word: UInt64, _ byte: UInt8) -> UInt64 {
        let difference = word ^ (UInt64(byte) &* 0x0101_0101_0101_0101)
        return (difference &- 0x0101_0101_0101_0101) & ~difference
    }
}

// SPDX-License-Identifier: Apache-2.0

/// Up to eight bytes of a header in one word, the first in the lowest bits.
///
/// A comparison marks bytes by their highest bit; the other bits mean nothing.
struct HeaderWord {
    let bits: UInt64

    @inline(__always)
    private init(bits: UInt64) { self.bits = bits }

    /// Takes eight bytes, or the `count` that there are and `filler` for the others.
    @inline(__always)
    init(_ bytes: Span<UInt8>, at offset: Int, count: Int, filler: UInt8 = 0) {
        let isWhole = offset | (bytes.count &- 8 &- offset) >= 0
        let word = isWhole ? Self(bytes, inside: offset) : Self.gathered(bytes, offset, count)
        guard count < 8 else {
            self = word
            return
        }
        let taken = (1 &<< (UInt64(truncatingIfNeeded: count) &* 8)) &- 1 as UInt64
        self.bits = word.bits & taken | Self.all(filler) & ~taken
    }

    /// Takes eight bytes that the caller knows to be there.
    @inline(__always)
    private init(_ bytes: Span<UInt8>, inside offset: Int) {
        assert(offset >= 0 && offset + 8 <= bytes.count, "the caller has looked")
        // Safety: the eight bytes are the span's, and any eight bytes make a UInt64.
        let word = unsafe bytes.bytes.unsafeLoadUnaligned(
            fromUncheckedByteOffset: offset,
            as: UInt64.self
        )
        self.bits = UInt64(littleEndian: word)
    }

    @inline(never)
    private static func gathered(_ bytes: Span<UInt8>, _ offset: Int, _ count: Int) -> Self {
        var bits: UInt64 = 0
        for place in 0..<max(min(count, 8), 0) {
            bits |= UInt64(bytes[offset + place]) << UInt64(place * 8)
        }
        return Self(bits: bits)
    }

    /// What `mark` gives for all the words of a range, put together.
    ///
    /// The last word overlaps with the one before; of a range of less than eight bytes the only
    /// word is filled up with `a`.
    @inline(__always)
    static func marks(
        _ bytes: Span<UInt8>,
        _ range: Range<Int>,
        _ mark: (Self) -> UInt64
    ) -> UInt64 {
        guard range.count >= 8 else {
            return mark(Self(bytes, at: range.lowerBound, count: range.count, filler: 0x61))
        }
        let text = bytes.extracting(range)
        let last = text.count &- 8
        var marks = mark(Self(text, inside: last))
        var offset = 0
        while offset < last {
            marks |= mark(Self(text, inside: offset))
            offset &+= 8
        }
        return marks
    }

    @inline(__always)
    private static func all(_ byte: UInt8) -> UInt64 { UInt64(byte) &* 0x0101_0101_0101_0101 }

    static let highBits: UInt64 = 0x8080_8080_8080_8080

    /// The bytes without their highest bit: no sum of seven bits reaches into the next byte.
    @inline(__always)
    private var low: UInt64 { self.bits & ~Self.highBits }

    /// The same with capital letters as small ones, if all are letters; no other bytes become so.
    @inline(__always)
    var foldedLetters: UInt64 { self.bits | Self.all(0x20) }

    /// The same with the letters of ASCII in lower case.
    @inline(__always)
    var lowercased: Self {
        let isCapital = (self.low &+ Self.all(0x3F)) & ~(self.low &+ Self.all(0x25)) & ~self.bits
        return Self(bits: self.bits | (isCapital & Self.highBits) &>> 2)
    }

    /// Marks all but letters.
    @inline(__always)
    private var notLetters: UInt64 {
        let letter = self.low | Self.all(0x20)
        return self.bits | ~(letter &+ Self.all(0x1F)) | (letter &+ Self.all(0x05))
    }

    /// Marks all but letters and digits.
    @inline(__always)
    var notName: UInt64 {
        let notDigits = ~(self.low &+ Self.all(0x50)) | (self.low &+ Self.all(0x46))
        return self.bits | self.notLetters & notDigits
    }

    /// Marks all but letters, digits, hyphens, full stops and slashes.
    @inline(__always)
    private var notPath: UInt64 {
        // From hyphen to 9 there is nothing else.
        let notOthers = ~(self.low &+ Self.all(0x53)) | (self.low &+ Self.all(0x46))
        return self.bits | self.notLetters & notOthers
    }

    /// Marks all but printable ASCII, and space, `"` and `%`.
    @inline(__always)
    var notBare: UInt64 {
        let isQuote = ~((self.low ^ Self.all(0x22)) &+ Self.all(0x7F))
        let isPercent = ~((self.low ^ Self.all(0x25)) &+ Self.all(0x7F))
        let isOutside = ~(self.low &+ Self.all(0x5F)) | (self.low &+ Self.all(0x01))
        return self.bits | isOutside | isQuote | isPercent
    }

    /// The place of the first of ``notBare``; 8 when there is none.
    @inline(__always)
    var firstNotBare: Int { (self.notBare & Self.highBits).trailingZeroBitCount &>> 3 }

    /// The place of the first byte other than a letter, digit, hyphen, full stop or slash; 8 when
    /// there is none.
    @inline(__always)
    var firstNotPath: Int { (self.notPath & Self.highBits).trailingZeroBitCount &>> 3 }
}

// SPDX-License-Identifier: Apache-2.0

/// Eight neighbouring bytes in one word, compared all at once.
///
/// A comparison marks bytes by their highest bit. The first mark is right; those behind it may be
/// misled by a borrow from the byte before. Public, because nothing else is inlined into other
/// modules.
public struct EightBytes: Equatable {
    /// The bytes, the first of them lowest.
    public let word: UInt64

    /// Takes the bytes at `offset`; `nil` when fewer than eight are there.
    @inlinable @inline(__always)
    public init?(_ bytes: Span<UInt8>, at offset: Int) {
        // Both must be 0 or more, which is one test of the sign.
        guard offset | (bytes.count &- 8 &- offset) >= 0 else { return nil }
        // Safety: the eight bytes are the span's, and any eight bytes make a UInt64.
        let word = unsafe bytes.bytes.unsafeLoadUnaligned(
            fromUncheckedByteOffset: offset,
            as: UInt64.self
        )
        self.word = UInt64(littleEndian: word)
    }

    /// Takes eight characters of ASCII, which the compiler turns into a number.
    @inlinable @inline(__always)
    public init(_ text: StaticString) {
        precondition(text.utf8CodeUnitCount == 8, "eight bytes have eight characters")
        // Safety: a static string has that many bytes, for ever, and any eight make a UInt64.
        let word = unsafe UnsafeRawPointer(text.utf8Start).loadUnaligned(as: UInt64.self)
        self.word = UInt64(littleEndian: word)
    }

    /// Whether the first 1…8 bytes are those of `text`, whose other characters do not count.
    @inlinable @inline(__always)
    public func starts(with text: StaticString, count: Int) -> Bool {
        let shift = UInt64(truncatingIfNeeded: (8 &- count) &* 8)
        return (self.word ^ Self(text).word) &<< shift == 0
    }

    /// The highest bit of each byte.
    @inlinable @inline(__always)
    static var highBits: UInt64 { 0x8080_8080_8080_8080 }

    @inlinable @inline(__always)
    static func all(_ byte: UInt8) -> UInt64 { UInt64(byte) &* 0x0101_0101_0101_0101 }

    /// The place of the first mark, 0…7; 8 when there is none.
    @inlinable @inline(__always)
    static func first(_ marks: UInt64) -> Int {
        (marks & self.highBits).trailingZeroBitCount &>> 3
    }

    /// Marks bytes equal to `byte`.
    @inlinable @inline(__always)
    func equal(_ byte: UInt8) -> UInt64 {
        let difference = self.word ^ Self.all(byte)
        return (difference &- Self.all(0x01)) & ~difference
    }

    /// Marks bytes below 0x20.
    @inlinable @inline(__always)
    var below0x20: UInt64 { (self.word &- Self.all(0x20)) & ~self.word }

    /// Marks control characters of ASCII, DEL included.
    @inlinable @inline(__always)
    var controls: UInt64 { self.below0x20 | self.equal(0x7F) }

    /// The place of the first CR or LF; 8 when there is none.
    @inlinable @inline(__always)
    public var firstLineBreak: Int { Self.first(self.equal(0x0D) | self.equal(0x0A)) }

    /// The place of the first control character of ASCII, DEL included; 8 when there is none.
    @inlinable @inline(__always)
    public var firstControl: Int { Self.first(self.controls) }

    /// The place of the first quote, backslash or byte below 0x20, which end the plain part of a
    /// JSON string (RFC 8259 section 7); 8 when there is none.
    @inlinable @inline(__always)
    public var firstJSONSpecial: Int {
        Self.first(self.below0x20 | self.equal(0x22) | self.equal(0x5C))
    }

    /// Whether all are printable ASCII, and none is one of the three given.
    @inlinable @inline(__always)
    public func arePrintable(without first: UInt8, _ second: UInt8, _ third: UInt8) -> Bool {
        let marks =
            self.word | self.controls | self.equal(first) | self.equal(second) | self.equal(third)
        return marks & Self.highBits == 0
    }

    /// Whether these are the bytes of `name`, which holds lower-case letters and digits of ASCII
    /// and hyphens, the case of letters aside.
    @inlinable @inline(__always)
    public func equals(lowercased name: Self) -> Bool {
        if self.word == name.word { return true }
        // A letter stands for itself and for its capital; digits and hyphens have that bit set.
        let low = self.word & ~Self.highBits
        let isCapital = (low &+ Self.all(0x3F)) & ~(low &+ Self.all(0x25))
        let bit = (isCapital & ~self.word & Self.highBits) &>> 2
        return self.word | bit == name.word
    }

    /// Whether all are lower-case letters or digits of ASCII.
    @inlinable @inline(__always)
    public var areLowercaseOrDigits: Bool {
        // No sum of seven bits reaches into the next byte.
        let low = self.word & ~Self.highBits
        let isLetter = (low &+ Self.all(0x1F)) & ~(low &+ Self.all(0x05))
        let isDigit = (low &+ Self.all(0x50)) & ~(low &+ Self.all(0x46))
        return (self.word | ~(isLetter | isDigit)) & Self.highBits == 0
    }

    /// The place of the first byte other than a letter, digit or hyphen; 8 when there is none.
    @inlinable @inline(__always)
    public var firstSpecial: Int {
        // No sum of seven bits reaches into the next byte, so that every mark is right here.
        let low = self.word & ~Self.highBits
        let letter = low | Self.all(0x20)
        let isLetter = (letter &+ Self.all(0x1F)) & ~(letter &+ Self.all(0x05))
        let isDigit = (low &+ Self.all(0x50)) & ~(low &+ Self.all(0x46))
        let isHyphen = ~((low ^ Self.all(0x2D)) &+ Self.all(0x7F))
        return Self.first(self.word | ~(isLetter | isDigit | isHyphen))
    }
}

// SPDX-License-Identifier: Apache-2.0

/// Sixteen neighbouring bytes in one vector register, compared all at once.
///
/// Public, because nothing else is inlined into other modules.
public struct SixteenBytes {
    @usableFromInline let vector: SIMD16<UInt8>

    /// Takes the bytes at `offset`; `nil` when fewer than sixteen are there.
    @inlinable @inline(__always)
    public init?(_ bytes: Span<UInt8>, at offset: Int) {
        // Both must be 0 or more, which is one test of the sign.
        guard offset | (bytes.count &- 16 &- offset) >= 0 else { return nil }
        // Safety: the sixteen bytes are the span's, and any sixteen bytes make such a vector.
        self.vector = unsafe bytes.bytes.unsafeLoadUnaligned(
            fromUncheckedByteOffset: offset,
            as: SIMD16<UInt8>.self
        )
    }

    /// The bytes as two words, of which the first byte is the lowest one.
    @inlinable @inline(__always)
    public var words: (UInt64, UInt64) { Self.words(self.vector) }

    @inlinable @inline(__always)
    static func words(_ vector: SIMD16<UInt8>) -> (UInt64, UInt64) {
        // Safety: both types are sixteen bytes without padding.
        let halves = unsafe unsafeBitCast(vector, to: SIMD2<UInt64>.self)
        return (UInt64(littleEndian: halves[0]), UInt64(littleEndian: halves[1]))
    }

    /// The place of the first byte that is marked, 0…15; 16 when there is none.
    @inlinable @inline(__always)
    static func first(_ marks: SIMDMask<SIMD16<Int8>>) -> Int {
        // Safety: a mask of sixteen lanes is sixteen bytes, each all ones or zero.
        let (low, high) = Self.words(unsafe unsafeBitCast(marks, to: SIMD16<UInt8>.self))
        if low != 0 { return low.trailingZeroBitCount &>> 3 }
        return 8 &+ high.trailingZeroBitCount &>> 3
    }

    @inlinable @inline(__always)
    func isWithin(_ first: UInt8, _ last: UInt8) -> SIMDMask<SIMD16<Int8>> {
        (self.vector &- SIMD16(repeating: first)) .<= SIMD16(repeating: last &- first)
    }

    @inlinable @inline(__always)
    var isLetterOrDigit: SIMDMask<SIMD16<Int8>> {
        let letter = self.vector | SIMD16(repeating: 0x20)
        return ((letter &- SIMD16(repeating: 0x61)) .<= SIMD16(repeating: 25))
            .| self.isWithin(0x30, 0x39)
    }

    /// The place of the first control character of ASCII, DEL included; 16 when there is none.
    @inlinable @inline(__always)
    public var firstControl: Int {
        Self.first(
            (self.vector .<= SIMD16(repeating: 0x1F)) .| (self.vector .== SIMD16(repeating: 0x7F))
        )
    }

    /// The place of the first quote, backslash or byte below 0x20, which end the plain part of a
    /// JSON string (RFC 8259 section 7); 16 when there is none.
    @inlinable @inline(__always)
    public var firstJSONSpecial: Int {
        Self.first(
            (self.vector .<= SIMD16(repeating: 0x1F)) .| (self.vector .== SIMD16(repeating: 0x22))
                .| (self.vector .== SIMD16(repeating: 0x5C))
        )
    }

    /// The place of the first byte other than a letter, digit or hyphen; 16 when there is none.
    @inlinable @inline(__always)
    public var firstSpecial: Int {
        Self.first(.!(self.isLetterOrDigit .| (self.vector .== SIMD16(repeating: 0x2D))))
    }

    /// The place of the first byte other than a letter, digit, hyphen or full stop; 16 when there
    /// is none.
    @inlinable @inline(__always)
    public var firstOutsideHost: Int {
        Self.first(.!(self.isLetterOrDigit .| self.isWithin(0x2D, 0x2E)))
    }

    /// The place of the first byte other than a letter, digit, hyphen, full stop or slash; 16 when
    /// there is none.
    @inlinable @inline(__always)
    public var firstOutsidePath: Int {
        // From hyphen to 9 there is nothing else.
        Self.first(.!(self.isLetterOrDigit .| self.isWithin(0x2D, 0x39)))
    }

    /// The place of the first byte that is not visible ASCII; 16 when there is none.
    @inlinable @inline(__always)
    public var firstInvisible: Int { Self.first(.!self.isWithin(0x21, 0x7E)) }
}

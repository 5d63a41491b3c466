// SPDX-License-Identifier: Apache-2.0

extension Span<UInt8> {
    /// Whether two bytes are at `offset`, side by side; `false` when they are not both there.
    @inlinable @inline(__always)
    public func hasPair(_ first: UInt8, _ second: UInt8, at offset: Int) -> Bool {
        // Both must be 0 or more, which is one test of the sign.
        guard offset | (self.count &- 2 &- offset) >= 0 else { return false }
        // Safety: the two bytes are the span's, and any two bytes make a UInt16.
        let pair = unsafe self.bytes.unsafeLoadUnaligned(
            fromUncheckedByteOffset: offset,
            as: UInt16.self
        )
        return UInt16(littleEndian: pair) == UInt16(first) | UInt16(second) &<< 8
    }
}

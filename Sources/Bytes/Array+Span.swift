// SPDX-License-Identifier: Apache-2.0

extension [UInt8] {
    /// Makes an array of the bytes of a span.
    @inlinable
    public init(copying bytes: Span<UInt8>) {
        // Safety: the buffer is read within the call that lends it.
        self = unsafe bytes.withUnsafeBufferPointer { unsafe Array($0) }
    }

    /// Adds the bytes of a span.
    @inlinable @inline(__always)
    public mutating func append(_ bytes: Span<UInt8>) {
        // Safety: the buffer is read within the call that lends it.
        unsafe bytes.withUnsafeBufferPointer { unsafe self.append(contentsOf: $0) }
    }

    /// Adds the UTF-8 of a text.
    @inlinable @inline(__always)
    public mutating func append(_ text: String) { self.append(text.utf8.span) }

    /// Adds the bytes of a literal, whose length the compiler knows.
    @inlinable @inline(__always)
    public mutating func append(literal text: StaticString) {
        self.append(addingCapacity: text.utf8CodeUnitCount) { $0.append(text) }
    }
}

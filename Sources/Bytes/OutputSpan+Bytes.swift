// SPDX-License-Identifier: Apache-2.0

extension OutputSpan<UInt8> {
    /// Adds bytes, for which there must be room.
    @inlinable @inline(__always)
    public mutating func append(_ bytes: Span<UInt8>) {
        precondition(bytes.count <= self.freeCapacity, "whoever makes the room counts the bytes")
        // Safety: there is room, and both buffers are used within the calls that lend them.
        unsafe self.withUnsafeMutableBufferPointer { room, count in
            unsafe bytes.withUnsafeBufferPointer { source in
                guard let from = source.baseAddress, let to = room.baseAddress else { return }
                unsafe (to + count).initialize(from: from, count: source.count)
            }
            count += bytes.count
        }
    }

    /// Adds the bytes of a literal, for which there must be room.
    @inlinable @inline(__always)
    public mutating func append(_ text: StaticString) {
        // Safety: a static string has that many bytes, for ever.
        let bytes = unsafe UnsafeBufferPointer(
            start: text.utf8Start,
            count: text.utf8CodeUnitCount
        )
        self.append(unsafe bytes.span)
    }
}

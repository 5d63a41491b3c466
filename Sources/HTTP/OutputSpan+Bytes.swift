// SPDX-License-Identifier: Apache-2.0

extension OutputSpan<UInt8> {
    /// Adds bytes, for which there must be room.
    @inline(__always)
    mutating func append(_ bytes: Span<UInt8>) {
        precondition(bytes.count <= self.freeCapacity, "whoever makes the room counts the bytes")
        // Safety: there is room, and both buffers are used within the calls that lend them.
        unsafe self.withUnsafeMutableBufferPointer { room, count in
            unsafe bytes.withUnsafeBytes { source in
                let rest = unsafe UnsafeMutableRawBufferPointer(
                    rebasing: UnsafeMutableRawBufferPointer(room)[count...]
                )
                unsafe rest.copyMemory(from: source)
            }
            count += bytes.count
        }
    }
}

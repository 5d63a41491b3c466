// SPDX-License-Identifier: Apache-2.0

/// Counts the frames of a client while its bytes pass (RFC 9113 section 4.1).
///
/// A value without I/O. nghttp2 drops frames of kinds that it does not know, and of streams that
/// are closed, without a word; each of them is work all the same.
struct HTTP2FrameCounter {
    /// What a client says before its first frame (RFC 9113 section 3.4), in bytes.
    private static let prefaceBytes = 24
    /// The length at the start of a frame, and what of its head comes behind.
    private static let lengthBytes = 3
    private static let headRestBytes = 6

    /// How many bytes pass before the next frame begins.
    private var bytesLeft = Self.prefaceBytes
    /// What is known of the next frame's length, and of how many bytes.
    private var length = 0
    private var lengthBytesRead = 0

    /// Takes bytes that came.
    ///
    /// - Returns: How many frames have begun in them, as far as their length.
    mutating func count(_ bytes: UnsafeBufferPointer<UInt8>) -> Int {
        var (count, index) = (0, 0)
        while index < bytes.count {
            guard self.bytesLeft == 0 else {
                let passed = min(self.bytesLeft, bytes.count - index)
                self.bytesLeft -= passed
                index += passed
                continue
            }
            self.length = self.length << 8 | Int(bytes[index])
            self.lengthBytesRead += 1
            index += 1
            guard self.lengthBytesRead == Self.lengthBytes else { continue }
            self.bytesLeft = Self.headRestBytes + self.length
            (self.length, self.lengthBytesRead) = (0, 0)
            count += 1
        }
        return count
    }
}

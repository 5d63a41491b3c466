// SPDX-License-Identifier: Apache-2.0

/// Body bytes of one stream of HTTP/2 that are still to be sent, as they were given.
package struct HTTP2StreamOutput: Sendable {
    private var chunks: [[UInt8]] = []
    private var chunkNext = 0
    /// How many bytes of the first chunk were sent.
    private var start = 0
    /// How many bytes wait.
    package private(set) var count = 0

    /// Nothing waits.
    package init() {}

    /// Adds bytes behind the others; they are not copied.
    package mutating func append(_ bytes: [UInt8]) {
        guard !bytes.isEmpty else { return }
        self.chunks.append(bytes)
        self.count += bytes.count
    }

    /// Moves up to `length` bytes to the end of `output`.
    package mutating func take(_ length: Int, into output: inout [UInt8]) {
        var left = min(length, self.count)
        self.count -= left
        while left > 0 {
            let chunk = self.chunks[self.chunkNext]
            let taken = min(left, chunk.count - self.start)
            output.append(contentsOf: chunk[self.start..<self.start + taken])
            left -= taken
            self.start += taken
            guard self.start == chunk.count else { continue }
            self.start = 0
            self.chunks[self.chunkNext] = []
            self.chunkNext += 1
        }
        if self.chunkNext == self.chunks.count {
            self.removeAll()
        } else if self.chunkNext >= 64 {
            self.chunks.removeFirst(self.chunkNext)
            self.chunkNext = 0
        }
    }

    /// Forgets what waits.
    package mutating func removeAll() { self = Self() }
}

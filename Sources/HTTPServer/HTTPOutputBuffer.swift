// SPDX-License-Identifier: Apache-2.0

internal import EventLoop

/// Response bytes that the kernel has not taken yet: one block that grows, and large chunks before
/// it that are sent as they are.
struct HTTPOutputBuffer {
    /// A chunk from this many bytes on is not copied into the block.
    static let chunkBytesMin = 16 * 1024
    /// Sent bytes are dropped from this many on, so that a small rest is not moved again and again.
    private static let compactionBytesMin = 64 * 1024
    /// A larger buffer is given back when it is empty.
    private static let keptCapacityMax = 16 * 1024
    /// A larger one is shared by all connections, of which most are idle.
    private static let idleCapacityMax = 512

    /// The block, at the end of all that is to be sent; writers append here.
    var bytes: [UInt8] = []
    /// What is sent before the block, from `chunkNext` on.
    private var chunks: [[UInt8]] = []
    private var chunkNext = 0
    /// The bytes of those chunks.
    private var chunkBytes = 0
    /// What was sent and not dropped yet, of the first chunk or, without one, of the block.
    private var start = 0

    /// How many bytes are to be sent.
    var count: Int { self.chunkBytes + self.bytes.count - self.start }
    var isEmpty: Bool { self.count == 0 }

    /// Whether there is no memory yet.
    var isBare: Bool { self.bytes.capacity == 0 }
    /// Whether all is sent, and there is more memory than an idle connection should keep.
    var isOversize: Bool { self.isEmpty && self.bytes.capacity > Self.idleCapacityMax }

    /// Takes memory that another one gave back, when there is none here.
    mutating func borrow(_ spare: inout [UInt8]) {
        if self.isBare { swap(&self.bytes, &spare) }
    }

    /// Gives the memory back once all is sent, when it is more than an idle connection should keep.
    mutating func giveBack(to spare: inout [UInt8]) {
        guard self.isOversize else { return }
        if spare.capacity == 0 { swap(&self.bytes, &spare) } else { self.bytes = [] }
    }

    /// Adds bytes at the end; many are kept as they are, and not copied.
    mutating func append(_ bytes: [UInt8]) {
        guard bytes.count >= Self.chunkBytesMin else {
            return self.bytes.append(contentsOf: bytes)
        }
        if self.bytes.isEmpty {
            self.push(bytes)
        } else {
            var block: [UInt8] = []
            swap(&block, &self.bytes)
            self.push(block)
            self.push(bytes)
        }
    }

    private mutating func push(_ chunk: [UInt8]) {
        self.chunkBytes += chunk.count
        self.chunks.append(chunk)
    }

    /// Sends what the kernel takes at once, of the first two pieces at most.
    ///
    /// - Returns: How it went; what was sent is forgotten.
    mutating func send(through transport: HTTPTransport) -> Socket.Transfer {
        let outcome = self.withUnsent { transport.write(from: $0, $1) }
        if case .count(let count) = outcome { self.sent(count) }
        return outcome
    }

    /// Lends the first two pieces of what is to be sent; the second may be empty.
    func withUnsent<Result>(
        _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) -> Result
    ) -> Result {
        let none = UnsafeRawBufferPointer(start: nil, count: 0)
        guard self.chunkBytes > 0 else {
            return self.bytes.withUnsafeBytes { body(self.unsent($0), none) }
        }
        let next = self.chunkNext + 1
        return self.chunks[self.chunkNext].withUnsafeBytes { first in
            guard next < self.chunks.count else {
                return self.bytes.withUnsafeBytes { body(self.unsent(first), $0) }
            }
            return self.chunks[next].withUnsafeBytes { body(self.unsent(first), $0) }
        }
    }

    private func unsent(_ piece: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: piece[self.start...])
    }

    /// Forgets bytes that were sent; each byte is moved once or less on average.
    mutating func sent(_ count: Int) {
        assert(0...self.count ~= count, "no more is sent than there was")
        self.start += count
        if self.chunkBytes > 0 { self.dropChunks() }
        guard self.chunkBytes == 0 else { return }
        if self.start == self.bytes.count {
            self.bytes.removeAll(keepingCapacity: self.bytes.capacity <= Self.keptCapacityMax)
            self.start = 0
        } else if self.start >= Self.compactionBytesMin, self.start >= self.count {
            self.bytes.removeFirst(self.start)
            self.start = 0
        }
    }

    /// Lets go of the chunks that were sent as a whole.
    private mutating func dropChunks() {
        while self.chunkNext < self.chunks.count {
            let length = self.chunks[self.chunkNext].count
            guard self.start >= length else { return }
            self.start -= length
            self.chunkBytes -= length
            self.chunks[self.chunkNext] = []
            self.chunkNext += 1
        }
        self.chunks = []
        self.chunkNext = 0
    }
}

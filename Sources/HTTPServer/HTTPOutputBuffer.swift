// SPDX-License-Identifier: Apache-2.0

/// Response bytes that the kernel has not taken yet.
struct HTTPOutputBuffer {
    /// Sent bytes are dropped from this many on, so that a small rest is not moved again and again.
    private static let compactionBytesMin = 64 * 1024
    /// A larger buffer is given back when it is empty.
    private static let keptCapacityMax = 16 * 1024

    /// A larger one is shared by all connections, of which most are idle.
    private static let idleCapacityMax = 512

    /// What was sent and not dropped yet, and behind it what is to be sent; writers append here.
    var bytes: [UInt8] = []
    private var start = 0

    /// How many bytes are to be sent.
    var count: Int { self.bytes.count - self.start }
    var isEmpty: Bool { self.start == self.bytes.count }

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

    /// Lends the bytes that are to be sent.
    func withUnsent<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        self.bytes.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[self.start...])) }
    }

    /// Forgets bytes that were sent; each byte is moved once or less on average.
    mutating func sent(_ count: Int) {
        assert(0...self.count ~= count, "no more is sent than there was")
        self.start += count
        if self.isEmpty {
            self.bytes.removeAll(keepingCapacity: self.bytes.capacity <= Self.keptCapacityMax)
            self.start = 0
        } else if self.start >= Self.compactionBytesMin, self.start >= self.count {
            self.bytes.removeFirst(self.start)
            self.start = 0
        }
    }
}

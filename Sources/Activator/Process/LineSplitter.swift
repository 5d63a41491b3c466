// SPDX-License-Identifier: Apache-2.0

/// Cuts a stream of bytes into lines; one that is too long is cut into several.
struct LineSplitter {
    /// The longest line, in bytes.
    let lengthMax: Int
    private var partial: [UInt8] = []

    /// Makes a splitter at the start of a line.
    init(lengthMax: Int) {
        precondition(lengthMax > 0, "a line has room for a byte")
        self.lengthMax = lengthMax
    }

    /// Takes the next bytes and tells each line that is complete, without its end; not empty ones.
    mutating func append(_ bytes: UnsafeRawBufferPointer, line: (String) -> Void) {
        for byte in bytes {
            if byte == UInt8(ascii: "\n") {
                self.finish(line: line)
            } else {
                if self.partial.count == self.lengthMax { self.finish(line: line) }
                self.partial.append(byte)
            }
        }
    }

    /// The stream is over: tells what had no end yet.
    mutating func finish(line: (String) -> Void) {
        if self.partial.last == UInt8(ascii: "\r") { self.partial.removeLast() }
        guard !self.partial.isEmpty else { return }
        line(String(decoding: self.partial, as: UTF8.self))
        self.partial.removeAll(keepingCapacity: true)
    }
}

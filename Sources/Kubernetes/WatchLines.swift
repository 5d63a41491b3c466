// SPDX-License-Identifier: Apache-2.0

/// Cuts what a watch sends into lines, wherever its pieces begin and end.
struct WatchLines {
    /// The longest line, in bytes: above the 1.5 MiB that etcd keeps of an object.
    static let lineBytesMax = 4 * 1024 * 1024

    private let bytesMax: Int
    private var partial: [UInt8] = []

    /// Makes one at the start of a line.
    init(bytesMax: Int = Self.lineBytesMax) { self.bytesMax = bytesMax }

    /// Takes the next bytes, and returns the lines that are complete; empty ones are left out.
    ///
    /// - Throws: ``KubernetesError`` of kind `malformed` when a line is too long.
    mutating func append(_ bytes: [UInt8]) throws(KubernetesError) -> [[UInt8]] {
        var lines: [[UInt8]] = []
        var rest = bytes[...]
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            try self.keep(rest[..<end])
            if self.partial.last == UInt8(ascii: "\r") { self.partial.removeLast() }
            if !self.partial.isEmpty { lines.append(self.partial) }
            self.partial = []
            rest = rest[(end + 1)...]
        }
        try self.keep(rest)
        return lines
    }

    private mutating func keep(_ bytes: ArraySlice<UInt8>) throws(KubernetesError) {
        guard bytes.count <= self.bytesMax - self.partial.count else {
            self.partial = []
            throw KubernetesError(
                .malformed,
                "the API server sent a watch event of more than \(self.bytesMax) bytes"
            )
        }
        self.partial.append(contentsOf: bytes)
    }
}

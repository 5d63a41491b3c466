// SPDX-License-Identifier: Apache-2.0

internal import Bytes
internal import CLinux

/// The `Date` line, written once a second (RFC 9110 section 6.6.1).
struct HTTPDateCache {
    private var second: UInt64 = .max
    private var line: [UInt8] = []

    /// Appends the line for the current second.
    mutating func append(to bytes: inout [UInt8]) {
        self.refresh()
        bytes.append(contentsOf: self.line)
    }

    /// The value alone.
    mutating func value() -> ArraySlice<UInt8> {
        self.refresh()
        return self.line.dropFirst("Date: ".utf8.count).dropLast("\r\n".utf8.count)
    }

    private mutating func refresh() {
        let second = swiftlet_realtime_nanoseconds() / 1_000_000_000
        if second != self.second {
            self.second = second
            let date = Timestamp(secondsSinceEpoch: Int64(second)).httpDate
            self.line = Array("Date: \(date)\r\n".utf8)
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

internal import Bytes
internal import CLinux
internal import EventLoop

/// The `Date` line, written once a second (RFC 9110 section 6.6.1).
struct HTTPDateCache {
    /// What most answers begin with: the status line of 200, and the date.
    private var lines: [UInt8] = []
    private static let statusLine: StaticString = "HTTP/1.1 200 OK\r\n"
    private static let name: StaticString = "Date: "
    /// When the second that is written ends.
    private var end = MonotonicTime(nanoseconds: 0)

    /// Appends the line for the current second.
    mutating func append(to bytes: inout [UInt8], at now: MonotonicTime) {
        self.refresh(now)
        bytes.append(self.lines.span.extracting(droppingFirst: Self.statusLine.utf8CodeUnitCount))
    }

    /// Appends the status line of 200, and the line for the current second.
    mutating func appendWithOK(to bytes: inout [UInt8], at now: MonotonicTime) {
        self.refresh(now)
        bytes.append(self.lines.span)
    }

    /// The value alone.
    mutating func value(at now: MonotonicTime) -> ArraySlice<UInt8> {
        self.refresh(now)
        let nameEnd = Self.statusLine.utf8CodeUnitCount + Self.name.utf8CodeUnitCount
        return self.lines[nameEnd...].dropLast(2)
    }

    /// Asks for the time of day once a second; a clock that is set shows a second later.
    @inline(__always)
    private mutating func refresh(_ now: MonotonicTime) {
        if now.nanoseconds >= self.end.nanoseconds { self.write(now) }
    }

    private mutating func write(_ now: MonotonicTime) {
        let second: UInt64 = 1_000_000_000
        let time = swiftlet_realtime_nanoseconds()
        self.end = MonotonicTime(nanoseconds: now.nanoseconds &+ (second - time % second))
        let date = Timestamp(secondsSinceEpoch: Int64(time / second)).httpDate
        self.lines = Array("\(Self.statusLine)\(Self.name)\(date)\r\n".utf8)
    }
}

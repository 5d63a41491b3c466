// SPDX-License-Identifier: Apache-2.0

import Glibc
import Synchronization

/// Writes whole lines to a descriptor that it does not own, from any thread.
///
/// A reader that stops reading costs each writer ``stallMillisecondsMax`` once, and lines from
/// then on: a program must not stand still because nobody reads its log.
final class LineWriter: Sendable {
    /// Longest wait for a reader that does not read.
    static let stallMillisecondsMax: Int32 = 250
    /// What a pipe takes in one piece (`PIPE_BUF`), so without blocking once poll() said so.
    static let pieceBytesMax = 4096

    private struct State {
        /// Nobody read for too long: lines are dropped at once until somebody does.
        var isStalled = false
        /// The last line was cut off in its middle.
        var isMidLine = false
        var linesDropped = 0
    }

    private let descriptor: Int32
    private let state = Mutex(State())

    init(descriptor: Int32) { self.descriptor = descriptor }

    /// Lines that were not written, or not to their end.
    var linesDropped: Int { self.state.withLock { $0.linesDropped } }

    /// Writes `line`, which ends with a line feed; drops it when the reader is stuck or gone.
    func write(_ line: [UInt8]) {
        self.state.withLock { state in
            var line = line
            if state.isMidLine { line.insert(UInt8(ascii: "\n"), at: 0) }
            let written = self.writeNow(line, waitMilliseconds: state.isStalled ? 0 : nil)
            guard written < line.count else {
                state.isStalled = false
                state.isMidLine = false
                return
            }
            state.isStalled = true
            if written > 0 { state.isMidLine = line[written - 1] != UInt8(ascii: "\n") }
            state.linesDropped += 1
        }
    }

    /// Writes what fits in time; returns how many bytes did.
    private func writeNow(_ line: [UInt8], waitMilliseconds: Int32?) -> Int {
        var offset = 0
        while offset < line.count {
            guard self.waitUntilWritable(waitMilliseconds ?? Self.stallMillisecondsMax) else {
                return offset
            }
            let count = line.withUnsafeBytes { bytes in
                let piece = UnsafeRawBufferPointer(
                    rebasing: bytes[offset...].prefix(Self.pieceBytesMax)
                )
                return Glibc.write(self.descriptor, piece.baseAddress, piece.count)
            }
            if count > 0 {
                offset += count
            } else if errno != EINTR && errno != EAGAIN {
                return offset
            }
        }
        return offset
    }

    private func waitUntilWritable(_ milliseconds: Int32) -> Bool {
        var entry = pollfd(fd: self.descriptor, events: Int16(POLLOUT), revents: 0)
        let ready = poll(&entry, 1, milliseconds)
        // POLLERR: the pipe's reader is gone, and writing would raise SIGPIPE.
        return ready == 1 && entry.revents & Int16(POLLOUT | POLLERR) == Int16(POLLOUT)
    }
}

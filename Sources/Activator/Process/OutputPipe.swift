// SPDX-License-Identifier: Apache-2.0

internal import CLinux
internal import EventLoop
internal import Glibc

/// Reads what a process writes to one of its standard streams, line by line.
///
/// A process that writes more than is read has to wait, as with any pipe: a flood takes neither
/// memory nor more than a small share of each turn of the loop. Belongs to the loop's thread.
final class OutputPipe: EventHandler {
    /// Bytes that are read in one turn.
    static let bytesPerTurnMax = 2048
    /// Bytes that are read after the end of the process; as much as a pipe holds.
    private static let bytesAtEndMax = 64 * 1024
    /// The longest line; as much as a log line shows.
    static let lineBytesMax = 4096

    private let loop: EventLoop
    private let line: (String) -> Void
    private var readFD: Int32
    /// The end that the process gets; -1 once it has it.
    private(set) var writeFD: Int32
    private var splitter = LineSplitter(lengthMax: OutputPipe.lineBytesMax)

    /// Makes a pipe.
    init(loop: EventLoop, line: @escaping (String) -> Void) throws {
        self.loop = loop
        self.line = line
        var fds: [Int32] = [-1, -1]
        guard swiftlet_pipe(&fds) == 0 else { throw SystemError.last("pipe") }
        (self.readFD, self.writeFD) = (fds[0], fds[1])
        // Programs do not expect that their standard streams refuse to block.
        _ = fcntl(self.writeFD, F_SETFL, 0)
        do {
            try loop.register(self.readFD, for: .readable, handler: self)
        } catch {
            Socket.close(self.readFD)
            Socket.close(self.writeFD)
            throw error
        }
    }

    /// The process has the writing end now, or will never have it.
    func closeWritingEnd() {
        guard self.writeFD >= 0 else { return }
        Socket.close(self.writeFD)
        self.writeFD = -1
    }

    func handleEvents(_ events: IOEvents) { _ = self.readOnce() }

    /// Reads what the process left behind, and closes.
    func finish() {
        var bytesLeft = Self.bytesAtEndMax
        while bytesLeft > 0, self.readOnce() { bytesLeft -= Self.bytesPerTurnMax }
        self.close()
    }

    /// Whether there was something to read.
    private func readOnce() -> Bool {
        guard self.readFD >= 0 else { return false }
        return withUnsafeTemporaryAllocation(
            byteCount: Self.bytesPerTurnMax,
            alignment: 16
        ) { buffer in
            switch Socket.read(self.readFD, into: buffer) {
            case .count(let count):
                let bytes = UnsafeRawBufferPointer(rebasing: buffer[0..<count])
                self.splitter.append(bytes, line: self.line)
                return true
            case .wouldBlock: return false
            case .end, .failed:
                self.close()
                return false
            }
        }
    }

    private func close() {
        self.closeWritingEnd()
        guard self.readFD >= 0 else { return }
        self.splitter.finish(line: self.line)
        self.loop.deregister(self.readFD)
        Socket.close(self.readFD)
        self.readFD = -1
    }
}

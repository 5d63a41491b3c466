// SPDX-License-Identifier: Apache-2.0

import EventLoop
import Glibc
import TestSupport
import Testing

/// The server's end of a connection of HTTP/2, which says what a test wants.
///
/// `@unchecked Sendable`: used by one test, which waits for each call.
final class FramePeer: @unchecked Sendable {
    private var fd: Int32
    private let loop: EventLoop
    private var received: [UInt8] = []
    private var hasPreface = false
    private var hasInputEnded = false
    /// Windows of streams that were opened, among the frames read.
    private(set) var updateCount = 0

    private static let prefaceLength = 24

    init(fd: Int32, loop: EventLoop) {
        self.fd = fd
        self.loop = loop
    }

    func send(_ frame: HTTP2Frame) { self.send(bytes: frame.encoded) }

    func send(bytes: [UInt8]) {
        bytes.withUnsafeBytes { #expect(Socket.write(self.fd, from: $0) == .count(bytes.count)) }
    }

    /// Reads frames up to one of a kind; of a stream's window, where it is that kind.
    func read(_ kind: HTTP2Frame.Kind) async throws -> HTTP2Frame {
        while true {
            while let frame = self.takeFrame() {
                let isOfConnection = frame.isKind(.windowUpdate) && frame.stream == 0
                if frame.isKind(.windowUpdate), !isOfConnection { self.updateCount += 1 }
                if frame.isKind(kind), !isOfConnection { return frame }
            }
            try #require(!self.hasInputEnded, "no frame of kind \(kind)")
            await self.readInput()
        }
    }

    /// Whether the connection ends, whatever comes before.
    func isEnded() async -> Bool {
        while !self.hasInputEnded { await self.readInput() }
        return true
    }

    private func readInput() async {
        // The suite's time limit is the deadline.
        if Task.isCancelled { self.hasInputEnded = true }
        let taken: Socket.Transfer? = withUnsafeTemporaryAllocation(byteCount: 65_536, alignment: 8)
        {
            let transfer = Socket.read(self.fd, into: $0)
            if case .count(let count) = transfer { self.received += $0[0..<count] }
            return transfer
        }
        switch taken {
        case .count: break
        case .wouldBlock: await self.loop.wait(for: .milliseconds(1))
        default: self.hasInputEnded = true
        }
    }

    private func takeFrame() -> HTTP2Frame? {
        if !self.hasPreface, self.received.count >= Self.prefaceLength {
            self.hasPreface = true
            self.received.removeFirst(Self.prefaceLength)
        }
        return self.hasPreface ? HTTP2Frame.take(from: &self.received) : nil
    }

    func close() {
        guard self.fd >= 0 else { return }
        Socket.close(self.fd)
        self.fd = -1
    }
}

// SPDX-License-Identifier: Apache-2.0

internal import EventLoop
internal import Glibc
internal import HTTPServer

/// Carries bytes both ways after a function switched protocols, for example to a WebSocket.
///
/// Each side is read only as fast as the other takes it. Belongs to the loop's thread.
final class UpgradeTunnel: EventHandler {
    /// Bytes for the function that wait, from which on the client is not read.
    private static let outputBytesMax = 64 * 1024

    private let context: ProxyContext
    private let stream: HTTPByteStream
    private var fd: Int32
    private var ended: (() -> Void)?
    private var output: [UInt8] = []
    private var isClientDone = false
    private var isReading = true
    private var interest: IOEvents = .readable

    /// Begins to carry.
    ///
    /// - Parameters:
    ///   - fd: The connection to the function, which is taken over.
    ///   - rest: What came on it already.
    ///   - stream: The connection to the client.
    ///   - context: What all connections share.
    ///   - ended: Called once when both connections are closed, unless it was by ``close()``.
    /// - Throws: `SystemError` when the loop cannot watch the socket, which stays the caller's.
    init(
        fd: Int32,
        rest: [UInt8],
        stream: HTTPByteStream,
        context: ProxyContext,
        ended: @escaping () -> Void
    ) throws {
        self.fd = fd
        self.stream = stream
        self.context = context
        self.ended = ended
        try context.loop.register(fd, for: .readable, handler: self)
        stream.onWritable = { [weak self] in self?.setReading(true) }
        stream.onClosed = { [weak self] in self?.end() }
        if !rest.isEmpty, !stream.write(rest) { self.setReading(false) }
        stream.onBytes = { [weak self] bytes in self?.clientSent(bytes) }
        stream.onEnd = { [weak self] in self?.clientEnded() }
    }

    // MARK: From the client

    private func clientSent(_ bytes: [UInt8]) {
        guard self.fd >= 0 else { return }
        self.output.append(contentsOf: bytes)
        self.flush()
        if self.output.count > Self.outputBytesMax { self.stream.pause() }
    }

    private func clientEnded() {
        self.isClientDone = true
        self.flush()
    }

    private func flush() {
        guard self.fd >= 0 else { return }
        while !self.output.isEmpty {
            switch self.output.withUnsafeBytes({ Socket.write(self.fd, from: $0) }) {
            case .count(let count): self.output.removeFirst(count)
            case .wouldBlock, .end: return self.updateInterest()
            case .failed:
                self.stream.abort()
                return self.end()
            }
        }
        self.updateInterest()
        if self.isClientDone {
            shutdown(self.fd, Int32(SHUT_WR))
        } else {
            self.stream.resume()
        }
    }

    // MARK: From the function

    func handleEvents(_ events: IOEvents) {
        if events.contains(.writable) { self.flush() }
        guard self.fd >= 0, events != .writable else { return }
        guard self.isReading || events.contains(.failed) else { return }
        switch Socket.receive(self.fd, into: self.context.scratch) {
        case .count(let count):
            if !self.stream.write(Array(self.context.scratch[0..<count])) {
                self.setReading(false)
            }
        case .wouldBlock: break
        case .end:
            self.stream.close()
            self.end()
        case .failed:
            self.stream.abort()
            self.end()
        }
    }

    private func setReading(_ isReading: Bool) {
        self.isReading = isReading
        self.updateInterest()
    }

    private func updateInterest() {
        guard self.fd >= 0 else { return }
        var interest: IOEvents = self.isReading ? .readable : []
        if !self.output.isEmpty { interest.insert(.writable) }
        guard interest != self.interest else { return }
        self.interest = interest
        self.context.loop.modify(self.fd, for: interest)
    }

    // MARK: End

    private func end() {
        guard self.fd >= 0 else { return }
        self.context.loop.deregister(self.fd)
        Socket.close(self.fd)
        self.fd = -1
        self.stream.onBytes = nil
        self.stream.onEnd = nil
        self.stream.onWritable = nil
        self.stream.onClosed = nil
        let ended = self.ended.take()
        ended?()
    }

    /// Ends both connections at once; nobody hears of it.
    func close() {
        self.ended = nil
        self.stream.abort()
        self.end()
    }
}

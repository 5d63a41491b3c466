// SPDX-License-Identifier: Apache-2.0

package import EventLoop

/// The bytes of a connection that has left HTTP, both ways (RFC 9110 section 7.8).
///
/// Confined to ``loop``: all is called on its thread, and calls back there. Whoever holds it ends
/// it with ``close()`` or ``abort()``, unless the connection ended first.
///
/// `@unchecked Sendable`: its variables belong to the thread of ``loop``.
package final class HTTPByteStream: @unchecked Sendable {
    /// The loop of the connection.
    package let loop: EventLoop
    /// Called with bytes as they come, at first with those that came behind the request.
    package var onBytes: (([UInt8]) -> Void)? { didSet { self.deliver() } }
    /// Called once when the peer sends no more; it may still read.
    package var onEnd: (() -> Void)? { didSet { self.deliver() } }
    /// Called when a ``write(_:)`` that answered `false` was drained far enough to go on.
    package var onWritable: (() -> Void)?
    /// Called once when the server begins to drain, at once when it has begun.
    ///
    /// What is still open at the deadline of the drain is reset.
    package var onDrain: (() -> Void)? { didSet { self.tellDrain() } }
    /// Called once when the connection ended in any way but by the holder's own wish.
    package var onClosed: (() -> Void)?

    /// `nil` once the connection is gone.
    private var connection: HTTPConnection?
    private var isPaused = false
    private var isDelivering = false
    private var isRoomAwaited = false
    private var waiting: [UInt8] = []
    private var hasInputEnded = false
    private var isEndTold = false
    private var isDraining: Bool
    /// Whether nothing more is written.
    private(set) var isOutputEnded = false

    init(_ connection: HTTPConnection) {
        self.loop = connection.loop
        self.connection = connection
        self.isDraining = connection.server.isDraining
    }

    // MARK: Input

    /// Reads no further; what the kernel has not taken yet stays with the peer.
    package func pause() {
        self.isPaused = true
        self.connection?.updateInterest()
    }

    /// Reads again, and tells what waited.
    package func resume() {
        guard self.isPaused else { return }
        self.isPaused = false
        self.deliver()
        self.connection?.updateInterest()
    }

    /// Whether bytes may come that have to be kept here, or told.
    var wantsInput: Bool { !self.isPaused && self.waiting.isEmpty }

    func received(_ bytes: Span<UInt8>) {
        guard !bytes.isEmpty else { return }
        bytes.withUnsafeBufferPointer { self.waiting.append(contentsOf: $0) }
        self.connection?.byteStreamMoved()
        self.deliver()
    }

    func inputEnded() {
        self.hasInputEnded = true
        self.deliver()
    }

    /// Tells what waits, as long as somebody listens.
    private func deliver() {
        guard !self.isDelivering else { return }
        self.isDelivering = true
        defer { self.isDelivering = false }
        while !self.isPaused, !self.waiting.isEmpty, let onBytes = self.onBytes {
            let bytes = self.waiting
            self.waiting = []
            onBytes(bytes)
        }
        guard !self.isPaused, self.waiting.isEmpty else { return }
        if self.hasInputEnded, !self.isEndTold, let onEnd = self.onEnd {
            self.isEndTold = true
            onEnd()
        }
        self.connection?.updateInterest()
    }

    // MARK: Output

    /// Sends bytes; none after ``endOutput()`` or the end of the connection.
    ///
    /// - Returns: Whether more may be written now; after `false`, wait for ``onWritable``.
    @discardableResult
    package func write(_ bytes: [UInt8]) -> Bool {
        guard let connection = self.connection, !self.isOutputEnded else { return false }
        connection.output.bytes.append(contentsOf: bytes)
        connection.byteStreamMoved()
        connection.flushUnlessCorked()
        self.isRoomAwaited = !connection.hasRoomForOutput
        return !self.isRoomAwaited
    }

    func outputDrained() {
        guard self.isRoomAwaited else { return }
        self.isRoomAwaited = false
        self.onWritable?()
    }

    /// Tells the peer, behind all that was written, that nothing more comes; it may still send.
    package func endOutput() {
        guard !self.isOutputEnded else { return }
        self.isOutputEnded = true
        self.connection?.byteStreamOutputEnded()
    }

    // MARK: End

    func drainBegan() {
        self.isDraining = true
        self.tellDrain()
    }

    private func tellDrain() {
        guard self.isDraining, let onDrain = self.onDrain else { return }
        self.onDrain = nil
        onDrain()
    }

    /// Sends what was written and ends the connection; nothing more is told.
    package func close() {
        let connection = self.leave()
        connection?.byteStreamClosed()
    }

    /// Ends the connection at once with a reset; nothing more is told.
    package func abort() {
        let connection = self.leave()
        connection?.reset()
    }

    /// Lets go of the connection, which breaks the cycles of references.
    private func leave() -> HTTPConnection? {
        self.onBytes = nil
        self.onEnd = nil
        self.onWritable = nil
        self.onDrain = nil
        self.onClosed = nil
        return self.connection.take()
    }

    func connectionClosed() {
        guard self.connection != nil else { return }
        let onClosed = self.onClosed.take()
        _ = self.leave()
        onClosed?()
    }
}

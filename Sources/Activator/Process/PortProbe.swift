// SPDX-License-Identifier: Apache-2.0

internal import EventLoop

/// Finds out when a program that binds its port itself has done so.
///
/// Such a program tells nobody, so there is only to try: at once, after 1 ms, and then at intervals
/// that double up to ``intervalMax``. Programs that inherit their socket need none of this. Where
/// the queue of connections was full it finds out when there is room. Belongs to the loop's thread.
final class PortProbe: EventHandler {
    private static let intervalMin = Duration.milliseconds(1)
    /// The longest that a program which listens already waits to be noticed.
    static let intervalMax = Duration.milliseconds(32)

    private let loop: EventLoop
    private let address: SocketAddress
    private var connected: ((Int32) -> Void)?
    private var interval = PortProbe.intervalMin
    private var timer = TimerID.none
    private var fd: Int32 = -1

    /// Makes a probe; `connected` is given the first connection that could be made, and owns it.
    init(loop: EventLoop, address: SocketAddress, connected: @escaping (Int32) -> Void) {
        self.loop = loop
        self.address = address
        self.connected = connected
    }

    /// Tries until it succeeds or is cancelled.
    func start() {
        guard self.connected != nil else { return }
        do {
            let fd = try Socket.connect(to: self.address)
            self.fd = fd
            try self.loop.register(fd, for: .writable, handler: self)
            // A queue that is full answers nothing, and the system would wait a second.
            self.timer = self.loop.schedule(after: Self.intervalMax) { [weak self] in
                self?.again()
            }
        } catch {
            self.again()
        }
    }

    func handleEvents(_ events: IOEvents) {
        guard self.fd >= 0 else { return }
        self.loop.cancel(self.timer)
        self.loop.deregister(self.fd)
        guard Socket.takeError(of: self.fd) == 0, !events.contains(.failed), !self.isOwnEcho else {
            return self.again()
        }
        let fd = self.fd
        self.fd = -1
        let connected = self.connected.take()
        connected?(fd)
    }

    /// A socket that was given the very port which it connects to talks to itself.
    private var isOwnEcho: Bool { (try? Socket.localAddress(of: self.fd)) == self.address }

    /// As ``start()``, after the first interval.
    func startLater() { self.again() }

    private func again() {
        self.closeSocket()
        self.timer = self.loop.schedule(after: self.interval) { [weak self] in self?.start() }
        self.interval = min(self.interval * 2, Self.intervalMax)
    }

    private func closeSocket() {
        guard self.fd >= 0 else { return }
        self.loop.deregister(self.fd)
        Socket.close(self.fd)
        self.fd = -1
    }

    /// Tries no more.
    func cancel() {
        self.connected = nil
        self.loop.cancel(self.timer)
        self.closeSocket()
    }
}

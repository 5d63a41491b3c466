// SPDX-License-Identifier: Apache-2.0

internal import EventLoop

/// A connection that is made and closed, as the manifest's `tcpSocket` asks for.
///
/// Belongs to the loop's thread.
final class ReadinessConnection: TellingReadinessAttempt, EventHandler {
    private let loop: EventLoop
    private var fd: Int32
    var done: ((ReadinessFinding) -> Void)?

    /// Begins to connect.
    ///
    /// - Throws: `SystemError` when there can be no socket.
    init(to address: SocketAddress, loop: EventLoop) throws {
        self.loop = loop
        self.fd = try Socket.connect(to: address)
    }

    func start(_ done: @escaping (ReadinessFinding) -> Void) {
        self.done = done
        do {
            try self.loop.register(self.fd, for: .writable, handler: self)
        } catch {
            self.finish(.notReady("failed: \(error)"))
        }
    }

    func handleEvents(_ events: IOEvents) {
        guard self.fd >= 0 else { return }
        let code = Socket.takeError(of: self.fd)
        self.finish(code == 0 ? .ready : .notReady("failed: \(SystemError("connect", code: code))"))
    }

    func close() {
        guard self.fd >= 0 else { return }
        self.loop.deregister(self.fd)
        Socket.close(self.fd)
        self.fd = -1
    }
}

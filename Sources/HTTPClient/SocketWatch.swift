// SPDX-License-Identifier: Apache-2.0

import EventLoop

/// What libcurl wants to know about one descriptor, and what the loop was told.
///
/// One object for each number; it stays when the descriptor is closed and the number comes back.
final class SocketWatch: EventHandler {
    private let fd: Int32
    private let driver: CurlDriver
    /// Whether the driver made this socket and so will hear before it is closed.
    private(set) var isConnection = false
    /// What libcurl waits for; empty while the connection is idle.
    private var wanted = nothing
    /// What the loop watches for; `nil` when it does not.
    private var registered: IOEvents?

    init(_ fd: Int32, driver: CurlDriver) {
        self.fd = fd
        self.driver = driver
    }

    /// The driver made a socket with this number.
    func opened() {
        self.stop()
        self.isConnection = true
    }

    /// The driver is about to close the socket.
    func closing() {
        self.stop()
        self.isConnection = false
    }

    /// Ends watching.
    func stop() {
        if self.registered != nil { self.driver.loop.deregister(self.fd) }
        self.registered = nil
        self.wanted = nothing
    }

    /// Watches for `events`.
    ///
    /// - Throws: `SystemError` when the system cannot watch one more descriptor.
    func want(_ events: IOEvents) throws {
        self.wanted = events
        guard self.registered != events else { return }
        if self.registered == nil {
            try self.driver.loop.register(self.fd, for: events, handler: self)
        } else {
            self.driver.loop.modify(self.fd, for: events)
        }
        self.registered = events
    }

    /// libcurl waits for nothing.
    ///
    /// A connection stays on the loop, since it will most likely carry another request soon, for
    /// the same events: that saves two system calls a request. Any other descriptor may be closed
    /// without another word.
    func unwant() {
        self.wanted = nothing
        if !self.isConnection { self.stop() }
    }

    func handleEvents(_ events: IOEvents) {
        guard self.wanted != nothing else {
            // The peer closed an idle connection; libcurl finds out when it wants to use it.
            self.stop()
            return
        }
        // An error shows in whatever libcurl tries next.
        let hasFailed = events.rawValue & IOEvents.failed.rawValue != 0
        let seen = hasFailed ? self.wanted.rawValue : events.rawValue & self.wanted.rawValue
        guard seen != 0 else { return }
        self.driver.socketReady(self.fd, IOEvents(rawValue: seen))
    }
}

private let nothing = IOEvents(rawValue: 0)

// SPDX-License-Identifier: Apache-2.0

package import EventLoop
internal import HTTP

/// An HTTP/1.1 server on one event loop.
package final class HTTPServer: Sendable {
    private let state: HTTPServerState

    /// Makes a server that does not listen yet; the loop is started by its owner.
    package init(
        loop: EventLoop,
        configuration: HTTPServerConfiguration = HTTPServerConfiguration(),
        handler: any HTTPHandler
    ) {
        self.state = HTTPServerState(loop: loop, configuration: configuration, handler: handler)
    }

    /// Binds and begins to accept.
    ///
    /// - Returns: The bound address, with the port that was picked for port 0.
    /// - Throws: `SystemError` naming the address, for example when it is in use.
    package func listen(on address: SocketAddress) async throws -> SocketAddress {
        let fd = try Socket.listen(on: address)
        return try await self.adopt(listeningDescriptor: fd)
    }

    /// Begins to accept on a socket that listens already, for example an inherited one; owns it.
    ///
    /// - Parameter fd: The socket, blocking or not; it is closed when this fails.
    /// - Returns: The address it is bound to.
    /// - Throws: `SystemError` when it is no listener.
    package func adopt(listeningDescriptor fd: Int32) async throws -> SocketAddress {
        let state = self.state
        return try await state.loop.run { try state.adopt(fd) }
    }

    /// Stops accepting, lets what runs finish, and closes; graceful shutdown, not cancellation.
    ///
    /// When it is called again, the first deadline stays.
    ///
    /// - Parameter deadline: When this much time has passed, what still runs is cut off.
    package func drain(deadline: Duration) async {
        let state = self.state
        await withCheckedContinuation { continuation in
            state.loop.execute { state.drain(deadline: deadline) { continuation.resume() } }
        }
    }
}

/// What the connections of one server share.
///
/// `@unchecked Sendable`: its variables belong to the thread of ``loop``.
final class HTTPServerState: EventHandler, @unchecked Sendable {
    /// How many connections are taken before those that are open get their turn.
    private static let acceptsPerTurnMax = 64
    /// How long accepting rests when no descriptor is left.
    private static let exhaustedPause = Duration.milliseconds(100)
    private static let scratchBytes = 64 * 1024

    let loop: EventLoop
    let configuration: HTTPServerConfiguration
    let handler: any HTTPHandler
    /// One read buffer for all connections: only one is read at a time.
    let scratch: UnsafeMutableRawBufferPointer
    var date = HTTPDateCache()
    var requestsTotal: UInt64 = 0
    private(set) var isDraining = false

    private var listeners: [Int32] = []
    private var isAccepting = true
    private var connections: [ObjectIdentifier: HTTPConnection] = [:]
    private var drained: [() -> Void] = []
    private var drainTimer = TimerID.none

    init(loop: EventLoop, configuration: HTTPServerConfiguration, handler: any HTTPHandler) {
        self.loop = loop
        self.configuration = configuration
        self.handler = handler
        self.scratch = .allocate(byteCount: Self.scratchBytes, alignment: 16)
    }

    deinit { self.scratch.deallocate() }

    func adopt(_ fd: Int32) throws -> SocketAddress {
        do {
            try Socket.prepareListener(fd)
            let address = try Socket.localAddress(of: fd)
            try self.loop.register(fd, for: .readable, handler: self)
            self.listeners.append(fd)
            return address
        } catch {
            Socket.close(fd)
            throw error
        }
    }

    // MARK: Accept

    func handleEvents(_ events: IOEvents) {
        for listener in self.listeners { self.accept(from: listener) }
    }

    private func accept(from listener: Int32) {
        for _ in 0..<Self.acceptsPerTurnMax {
            guard self.connections.count < self.configuration.connectionsMax else {
                return self.setAccepting(false)
            }
            do {
                switch try Socket.accept(from: listener) {
                case .connection(let fd, let peer): self.open(fd, peer)
                case .none: return
                case .exhausted: return self.restAccepting()
                }
            } catch {
                self.configuration.report("\(error)")
                return self.restAccepting()
            }
        }
    }

    private func open(_ fd: Int32, _ peer: SocketAddress) {
        let connection = HTTPConnection(fd: fd, peer: peer, server: self)
        do {
            try connection.open()
            self.connections[ObjectIdentifier(connection)] = connection
        } catch {
            self.configuration.report("\(error)")
            Socket.close(fd)
        }
    }

    private func restAccepting() {
        self.setAccepting(false)
        self.configuration.report("accepting rests: no file descriptor is left in this process")
        self.loop.schedule(after: Self.exhaustedPause) { self.setAccepting(true) }
    }

    private func setAccepting(_ isAccepting: Bool) {
        guard isAccepting != self.isAccepting, !self.isDraining else { return }
        self.isAccepting = isAccepting
        for listener in self.listeners {
            self.loop.modify(listener, for: isAccepting ? .readable : [])
        }
    }

    func connectionClosed(_ connection: HTTPConnection) {
        self.connections[ObjectIdentifier(connection)] = nil
        if self.connections.count < self.configuration.connectionsMax { self.setAccepting(true) }
        if self.connections.isEmpty, self.isDraining { self.finishDrain() }
    }

    // MARK: Drain

    func drain(deadline: Duration, _ completion: @escaping () -> Void) {
        self.drained.append(completion)
        guard !self.isDraining || self.connections.isEmpty else { return }
        self.isDraining = true
        for listener in self.listeners {
            self.loop.deregister(listener)
            Socket.close(listener)
        }
        self.listeners = []
        for connection in Array(self.connections.values) { connection.drain() }
        guard !self.connections.isEmpty else { return self.finishDrain() }
        self.drainTimer = self.loop.schedule(after: deadline) {
            for connection in Array(self.connections.values) { connection.reset() }
        }
    }

    private func finishDrain() {
        self.loop.cancel(self.drainTimer)
        let drained = self.drained
        self.drained = []
        for completion in drained { completion() }
    }
}

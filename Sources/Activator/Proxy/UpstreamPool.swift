// SPDX-License-Identifier: Apache-2.0

internal import EventLoop
internal import Glibc

/// Who waits for a connection to an instance.
protocol ConnectionWaiter: AnyObject {
    /// There is one.
    func connected(_ connection: any UpstreamCarrier)
}

/// The connections to one instance that wait for a request, and the requests that wait for a
/// connection.
///
/// The queue of connections of a program that binds `PORT` itself may be as short as five. One that
/// does not fit is dropped, and the system tries again a second later. So a connection that is not
/// made at once is given up, and the requests behind it wait: for one that is there already, or for
/// a try that succeeds. Belongs to the loop's thread.
final class UpstreamPool {
    /// Most connections that are kept.
    static let idleCountMax = 256

    /// Where the instance listens.
    let address: SocketAddress
    private let context: ProxyContext
    /// Whether the instance's queue of connections is of a length that nobody here has chosen.
    private let mayOverflow: Bool
    /// The one that was used last at the end: it is taken first, and the others grow old.
    private var idle: [UpstreamConnection] = []
    /// The oldest first; as many as the instance may have requests.
    private var waiters: [any ConnectionWaiter] = []
    private var probe: PortProbe?
    private var isClosed = false
    /// Has all of the connections where the instance speaks HTTP/2.
    private let http2: HTTP2UpstreamPool?

    /// Makes an empty pool.
    init(
        address: SocketAddress,
        mayOverflow: Bool = false,
        speaksHTTP2: Bool = false,
        context: ProxyContext
    ) {
        self.http2 = speaksHTTP2 ? HTTP2UpstreamPool(address: address, context: context) : nil
        self.address = address
        self.mayOverflow = mayOverflow
        self.context = context
    }

    /// Makes an empty pool for an instance of a revision.
    convenience init(at address: SocketAddress, of spec: RevisionSpec, context: ProxyContext) {
        self.init(
            address: address,
            mayOverflow: spec.socketMode == .port,
            speaksHTTP2: spec.speaksHTTP2,
            context: context
        )
    }

    /// How many wait for a connection.
    var waiterCount: Int { self.waiters.count }

    /// Takes a connection that waits, or makes one.
    ///
    /// - Parameter waiter: Who is told later, when there is none now.
    /// - Returns: A connection; `nil` when one has to be waited for.
    /// - Throws: `SystemError` when none can be made.
    func take(for waiter: any ConnectionWaiter) throws -> (any UpstreamCarrier)? {
        if let http2 = self.http2 { return try http2.take() }
        if let connection = self.idle.popLast() { return connection }
        guard self.mayOverflow else { return try self.open(Socket.connect(to: self.address)) }
        if self.waiters.isEmpty, let connection = try self.connectAtOnce() { return connection }
        self.waiters.append(waiter)
        self.tryLater()
        return nil
    }

    /// A waiter is no longer one.
    func leave(_ waiter: any ConnectionWaiter) { self.waiters.removeAll { $0 === waiter } }

    /// Keeps a socket that was connected elsewhere.
    func adopt(_ fd: Int32) {
        if let http2 = self.http2 { return http2.adopt(fd) }
        guard let connection = try? self.open(fd) else { return }
        self.returned(connection)
    }

    private func open(_ fd: Int32) throws -> UpstreamConnection {
        do {
            return try UpstreamConnection(fd: fd, pool: self, context: self.context)
        } catch {
            Socket.close(fd)
            throw error
        }
    }

    /// A connection carried a request to its end.
    func returned(_ connection: UpstreamConnection) {
        guard !self.isClosed else { return connection.close() }
        guard self.waiters.isEmpty else {
            return self.waiters.removeFirst().connected(connection)
        }
        guard self.idle.count < Self.idleCountMax else { return connection.close() }
        self.idle.append(connection)
    }

    /// A connection is closed; it may have been one that waits.
    func closed(_ connection: UpstreamConnection) {
        guard let index = self.idle.lastIndex(where: { $0 === connection }) else { return }
        self.idle.remove(at: index)
    }

    // MARK: Short queues

    /// On one machine a connection is there when the call returns, or does not fit.
    private func connectAtOnce() throws -> UpstreamConnection? {
        let fd = try Socket.connect(to: self.address)
        var state = pollfd(fd: fd, events: Int16(POLLOUT), revents: 0)
        guard poll(&state, 1, 0) == 1 else {
            Socket.close(fd)
            return nil
        }
        return try self.open(fd)
    }

    private func tryLater() {
        guard self.probe == nil, !self.waiters.isEmpty, !self.isClosed else { return }
        let probe = PortProbe(loop: self.context.loop, address: self.address) { [weak self] fd in
            guard let self else { return Socket.close(fd) }
            self.probe = nil
            self.adopt(fd)
            self.connectWaiters()
        }
        self.probe = probe
        probe.startLater()
    }

    /// Where one connection fits there may be room for more.
    private func connectWaiters() {
        while !self.waiters.isEmpty, !self.isClosed {
            guard let connection = try? self.connectAtOnce() else { break }
            self.returned(connection)
        }
        self.tryLater()
    }

    // MARK: End

    /// Closes what waits.
    func closeIdle() {
        self.http2?.closeIdle()
        for connection in self.idle { connection.close() }
    }

    /// Closes what waits, and what will be given back; requests wait for no connection any more.
    func close() {
        self.isClosed = true
        self.http2?.close()
        self.closeIdle()
        self.probe?.cancel()
        self.probe = nil
        self.waiters = []
    }
}

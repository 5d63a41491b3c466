// SPDX-License-Identifier: Apache-2.0

internal import EventLoop

/// The connections to one instance that wait for a request.
final class UpstreamPool {
    /// Most connections that are kept.
    static let idleCountMax = 256

    /// Where the instance listens.
    let address: SocketAddress
    private let context: ProxyContext
    /// The one that was used last at the end: it is taken first, and the others grow old.
    private var idle: [UpstreamConnection] = []
    private var isClosed = false

    /// Makes an empty pool.
    init(address: SocketAddress, context: ProxyContext) {
        self.address = address
        self.context = context
    }

    /// Takes a connection that waits, or makes one.
    ///
    /// - Throws: `SystemError` when none can be made.
    func take() throws -> UpstreamConnection {
        if let connection = self.idle.popLast() { return connection }
        return try self.open(Socket.connect(to: self.address))
    }

    /// Keeps a socket that was connected elsewhere.
    func adopt(_ fd: Int32) {
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
        guard !self.isClosed, self.idle.count < Self.idleCountMax else {
            return connection.close()
        }
        self.idle.append(connection)
    }

    /// A connection is closed; it may have been one that waits.
    func closed(_ connection: UpstreamConnection) {
        guard let index = self.idle.lastIndex(where: { $0 === connection }) else { return }
        self.idle.remove(at: index)
    }

    /// Closes what waits.
    func closeIdle() {
        for connection in self.idle { connection.close() }
    }

    /// Closes what waits, and what will be given back.
    func close() {
        self.isClosed = true
        self.closeIdle()
    }
}

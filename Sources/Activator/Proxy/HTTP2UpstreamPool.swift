// SPDX-License-Identifier: Apache-2.0

internal import EventLoop
internal import HTTP2Client

/// The HTTP/2 connections to one instance.
///
/// Requests share a connection as far as the instance lets them; one more is made for what does not
/// fit. There are so few that no queue of connections is too short for them. Belongs to the loop's
/// thread.
final class HTTP2UpstreamPool {
    private let address: SocketAddress
    private let context: ProxyContext
    /// Those that take further streams.
    private var connections: [HTTP2UpstreamConnection] = []
    private(set) var isClosed = false
    /// How many streams the instance allows on a connection, as far as it has said.
    var streamsMax = HTTP2ClientSession.streamsMax

    /// Makes an empty pool.
    init(address: SocketAddress, context: ProxyContext) {
        self.address = address
        self.context = context
    }

    /// Takes a stream of a connection that has room, or of a new one.
    ///
    /// - Throws: `SystemError` when there can be none.
    func take() throws -> HTTP2UpstreamStream {
        if let connection = self.connections.first(where: \.hasRoom) {
            return connection.makeStream()
        }
        return try self.open(Socket.connect(to: self.address)).makeStream()
    }

    /// Keeps a socket that was connected elsewhere.
    func adopt(_ fd: Int32) { _ = try? self.open(fd) }

    private func open(_ fd: Int32) throws -> HTTP2UpstreamConnection {
        do {
            let connection = try HTTP2UpstreamConnection(fd: fd, pool: self, context: self.context)
            if self.isClosed { connection.drain() } else { self.connections.append(connection) }
            return connection
        } catch {
            Socket.close(fd)
            throw error
        }
    }

    /// A connection takes no further streams.
    func left(_ connection: HTTP2UpstreamConnection) {
        self.connections.removeAll { $0 === connection }
    }

    /// Closes the connections that carry nothing.
    func closeIdle() {
        for connection in self.connections where connection.isIdle { connection.drain() }
    }

    /// Closes each connection as soon as it carries nothing.
    func close() {
        self.isClosed = true
        for connection in self.connections { connection.drain() }
    }
}

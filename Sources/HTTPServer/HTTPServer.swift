// SPDX-License-Identifier: Apache-2.0

package import EventLoop
internal import HTTP
internal import Synchronization

/// A server of HTTP/1.1 and HTTP/2 on one event loop or several.
package final class HTTPServer: Sendable {
    /// One for each loop; the first accepts for all.
    private let states: [HTTPServerState]
    private let acceptor: HTTPServerState

    /// Makes a server that does not listen yet; the loop is started by its owner.
    package convenience init(
        loop: EventLoop,
        configuration: HTTPServerConfiguration = HTTPServerConfiguration(),
        handler: any HTTPHandler
    ) {
        self.init(loop: loop, others: [], configuration: configuration, handler: handler)
    }

    /// Makes a server whose connections are dealt out to several loops, one after the other.
    ///
    /// A connection stays on its loop, where the handler is called for each of its exchanges.
    ///
    /// - Parameters:
    ///   - loop: Accepts, and has connections as the others do.
    ///   - others: More loops; all are started by their owner.
    ///   - configuration: Of the server as a whole: `connectionsMax` counts all loops together.
    ///   - handler: Called on all the loops.
    package init(
        loop: EventLoop,
        others: [EventLoop],
        configuration: HTTPServerConfiguration = HTTPServerConfiguration(),
        handler: any HTTPHandler
    ) {
        let capacity = HTTPServerCapacity(connectionsMax: configuration.connectionsMax)
        let states = ([loop] + others).map { loop in
            HTTPServerState(
                loop: loop,
                configuration: configuration,
                handler: handler,
                capacity: capacity
            )
        }
        self.states = states
        self.acceptor = states[0]
        self.acceptor.deal(to: states)
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
        let acceptor = self.acceptor
        return try await acceptor.loop.run { try acceptor.adopt(fd) }
    }

    /// Stops accepting, lets what runs finish, and closes; graceful shutdown, not cancellation.
    ///
    /// When it is called again, the earlier deadline holds.
    ///
    /// - Parameter deadline: When this much time has passed, what still runs is cut off.
    package func drain(deadline: Duration) async {
        let left = Atomic<Int>(self.states.count)
        await withCheckedContinuation { continuation in
            let drained = { @Sendable in
                if left.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 {
                    continuation.resume()
                }
            }
            // The others hear of it behind the connections that they were dealt before.
            self.acceptor.loop.execute { [acceptor, states] in
                acceptor.drain(deadline: deadline, drained)
                for state in states where state !== acceptor {
                    state.loop.execute { state.drain(deadline: deadline, drained) }
                }
            }
        }
    }
}

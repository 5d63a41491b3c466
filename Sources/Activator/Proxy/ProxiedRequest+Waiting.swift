// SPDX-License-Identifier: Apache-2.0

internal import EventLoop

/// A request whose instance has no room in its queue of connections.
extension ProxiedRequest: ConnectionWaiter {
    /// The instance has the request: its time runs.
    func awaitConnection() {
        let loop = self.revision.context.loop
        self.waitTimer = loop.schedule(at: loop.now.advanced(by: self.revision.timeout)) {
            [weak self] in self?.connectingTimedOut()
        }
    }

    private func connectingTimedOut() {
        self.endWaiting()
        self.upstreamFailed(.timedOut)
    }

    /// Whether the request waits for a connection, and no instance has seen it.
    var awaitsConnection: Bool { self.waitTimer != .none }

    /// The request waits for no connection any more.
    func endWaiting() {
        guard self.awaitsConnection else { return }
        self.revision.context.loop.cancel(self.waitTimer)
        self.waitTimer = .none
        self.instance?.pool.leave(self)
    }

    func connected(_ connection: any UpstreamCarrier) {
        self.endWaiting()
        self.send(on: connection)
    }
}

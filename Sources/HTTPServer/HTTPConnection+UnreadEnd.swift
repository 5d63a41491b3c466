// SPDX-License-Identifier: Apache-2.0

internal import EventLoop
internal import HTTP

/// A client that sends no more while what it sent lies unread: its handler takes nothing, and as
/// much was read ahead as may be.
extension HTTPConnection {
    /// What to be told of while nothing is read; a reset is told in any case.
    var interestInUnreadEnd: IOEvents {
        guard !self.hasSeenUnreadEnd, !self.hasInputEnded, case .exchange = self.phase else {
            return IOEvents(rawValue: 0)
        }
        return .peerClosed
    }

    /// Gives up a request that can never be complete (RFC 9112 section 8).
    ///
    /// One that may be is answered like that of any client which only ends its sending side.
    func inputEndedUnread() {
        self.hasSeenUnreadEnd = true
        guard case .exchange = self.phase else { return self.updateInterest() }
        if self.configuration.halfClose == .cancel || self.isUnreadTooShort {
            self.close()
        } else {
            self.updateInterest()
        }
    }

    /// Whether less has come than the body's length says.
    ///
    /// How long a body of chunks is shows only when it is read, and so does what TLS has hidden.
    private var isUnreadTooShort: Bool {
        guard self.transport.tls == nil, let left = self.decoder?.bytesLeft,
            let unread = Socket.unreadLength(of: self.transport.fd)
        else { return false }
        return self.pending.count + unread < left
    }
}

// SPDX-License-Identifier: Apache-2.0

internal import EventLoop
internal import HTTP

/// Begins a connection with TLS, and reads through it.
extension HTTPConnection {
    /// How many reads a connection gets in one turn; the library reads 16 KiB at most.
    private static let readsPerTurnMax = 8

    /// Takes the next step of the handshake.
    func continueHandshake() {
        guard let tls = self.transport.tls else { return }
        switch tls.handshake() {
        case .wantsRead: self.setInterest(.readable)
        case .wantsWrite: self.setInterest(.writable)
        case .failed: self.reset()
        case .plainHTTP:
            self.transport.tls = nil
            self.answerAndLinger(.badRequest, "this port speaks HTTPS alone: say https:// to it")
        case .done:
            if tls.choseHTTP2 {
                self.startHTTP2()
                self.flush()
            } else {
                // With TLS there is no other way to it than ALPN (RFC 9113 section 3.2).
                self.mayBeHTTP2 = false
                self.phase = .head(hasBegun: false)
                self.setDeadline(after: self.times.keepAlive)
            }
            self.setInterest(.readable)
            // What came with the end of the handshake is in the library's hands already.
            self.readThroughTLS()
        }
    }

    /// Reads until the socket has nothing more: what the library keeps, no event tells of.
    func readThroughTLS() {
        for _ in 0..<Self.readsPerTurnMax {
            guard !self.isClosed, self.wantsInput else { return }
            guard self.readOnce() else { return }
        }
        self.scheduleRead()
    }

    /// Reads again in a job of its own, after those of others.
    func scheduleRead() {
        self.loop.execute {
            guard self.transport.tls != nil else { return }
            if case .handshake = self.phase { return }
            self.readThroughTLS()
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

internal import EventLoop

/// The socket of a connection, and TLS on it where there is.
///
/// A value that is asked directly: in plaintext it costs no more than the system call.
struct HTTPTransport {
    let fd: Int32
    /// `nil` in plaintext.
    var tls: TLSSession?

    @inline(__always)
    func read(into buffer: UnsafeMutableRawBufferPointer) -> Socket.Transfer {
        guard let tls = self.tls else { return Socket.receive(self.fd, into: buffer) }
        return tls.read(into: buffer)
    }

    /// Sends two pieces, of which the second may be empty.
    @inline(__always)
    func write(
        from first: UnsafeRawBufferPointer,
        _ second: UnsafeRawBufferPointer
    ) -> Socket.Transfer {
        // A record of TLS holds no more than 16 KiB: two pieces would save nothing.
        if let tls = self.tls { return tls.write(from: first) }
        guard second.isEmpty else { return Socket.write(self.fd, from: first, second) }
        return Socket.write(self.fd, from: first)
    }

    /// Ends the sending side, so that the peer sees an end and no failure.
    func shutdownWrite() {
        self.tls?.shutdown()
        Socket.shutdownWrite(self.fd)
    }
}

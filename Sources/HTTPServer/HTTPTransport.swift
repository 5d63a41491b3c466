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
        guard let tls = self.tls else { return Socket.read(self.fd, into: buffer) }
        return tls.read(into: buffer)
    }

    @inline(__always)
    func write(from buffer: UnsafeRawBufferPointer) -> Socket.Transfer {
        guard let tls = self.tls else { return Socket.write(self.fd, from: buffer) }
        return tls.write(from: buffer)
    }

    /// Ends the sending side, so that the peer sees an end and no failure.
    func shutdownWrite() {
        self.tls?.shutdown()
        Socket.shutdownWrite(self.fd)
    }
}

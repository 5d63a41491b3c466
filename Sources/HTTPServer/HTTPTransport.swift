// SPDX-License-Identifier: Apache-2.0

internal import EventLoop

/// The socket of a connection, in plaintext.
///
/// A value that is asked directly: what it does costs no more than the system call.
struct HTTPTransport {
    let fd: Int32

    @inline(__always)
    func read(into buffer: UnsafeMutableRawBufferPointer) -> Socket.Transfer {
        Socket.read(self.fd, into: buffer)
    }

    @inline(__always)
    func write(from buffer: UnsafeRawBufferPointer) -> Socket.Transfer {
        Socket.write(self.fd, from: buffer)
    }
}

// SPDX-License-Identifier: Apache-2.0

internal import COpenSSL
internal import EventLoop
internal import Glibc

/// TLS on one connection, whose socket it reads and writes but does not own.
///
/// Owns the session of the library. Belongs to the loop's thread.
final class TLSSession {
    enum Handshake {
        case done
        case wantsRead
        case wantsWrite
        /// The client speaks HTTP without TLS.
        case plainHTTP
        case failed
    }

    private let raw: OpaquePointer
    /// Whether the last call waits for room in the socket, though it may have been a read.
    private(set) var wantsWrite = false

    init(_ raw: OpaquePointer) { self.raw = raw }

    deinit { swiftlet_tls_session_free(self.raw) }

    func handshake() -> Handshake {
        switch Int(swiftlet_tls_handshake(self.raw)) {
        case 1: .done
        case swiftlet_tls_wants_read: .wantsRead
        case swiftlet_tls_wants_write: .wantsWrite
        case swiftlet_tls_plain_http: .plainHTTP
        default: .failed
        }
    }

    /// Whether ALPN has chosen HTTP/2.
    var choseHTTP2: Bool { swiftlet_tls_chose_http2(self.raw) == 1 }

    /// As `Socket.read`; an end that the peer has not announced is a failure, because anybody on
    /// the way could have made it.
    func read(into buffer: UnsafeMutableRawBufferPointer) -> Socket.Transfer {
        guard let address = buffer.baseAddress else { return .wouldBlock }
        return self.transfer(swiftlet_tls_read(self.raw, address, buffer.count))
    }

    /// As `Socket.write`; what was not taken has to come first the next time.
    func write(from buffer: UnsafeRawBufferPointer) -> Socket.Transfer {
        guard let address = buffer.baseAddress else { return .wouldBlock }
        return self.transfer(swiftlet_tls_write(self.raw, address, buffer.count))
    }

    private func transfer(_ result: Int) -> Socket.Transfer {
        self.wantsWrite = result == swiftlet_tls_wants_write
        if result > 0 { return .count(result) }
        switch result {
        case swiftlet_tls_end: return .end
        case swiftlet_tls_wants_read, swiftlet_tls_wants_write:
            return .wouldBlock
        default: return .failed(EPROTO)
        }
    }

    /// Tells the peer that nothing more comes.
    func shutdown() { swiftlet_tls_shutdown(self.raw) }
}

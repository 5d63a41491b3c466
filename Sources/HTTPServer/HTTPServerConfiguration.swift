// SPDX-License-Identifier: Apache-2.0

package import HTTP

/// The limits and times of an ``HTTPServer``; each has a default, and none is infinite.
package struct HTTPServerConfiguration: Sendable {
    /// What an end of input after a complete request means.
    package enum HalfClose: Sendable {
        /// The client still reads, and gets its answer (RFC 9112 section 9.6).
        case answer
        /// The client is gone: its handler is cancelled. For clients that are known to end nothing
        /// but whole connections, and lose patience.
        case cancel
    }

    /// How much of a request head is accepted (414, 431).
    package var limits = HTTPLimits()
    /// The largest request body in bytes (413).
    package var bodyBytesMax = 16 * 1024 * 1024
    /// Certificate and key, or `nil` for plaintext.
    ///
    /// HTTP/2 and HTTP/1.1 are offered by ALPN.
    package var tls: TLSIdentity?
    /// From the connection to the end of the handshake of TLS; then the connection is reset.
    package var handshakeTimeout = Duration.seconds(10)
    /// From the first byte of a head to its last (408).
    package var headerTimeout = Duration.seconds(10)
    /// Between two reads of a body that somebody waits for (408).
    package var bodyTimeout = Duration.seconds(30)
    /// Between two writes that the peer accepts; then the connection is reset.
    package var writeTimeout = Duration.seconds(30)
    /// How long a connection may lie idle between requests; then it is closed.
    package var keepAliveTimeout = Duration.seconds(75)
    /// How long a connection that a handler took over may carry nothing either way; then it is
    /// reset.
    package var tunnelIdleTimeout = Duration.seconds(3600)
    /// How long a refused client may go on sending before the connection is closed on it.
    package var lingerTimeout = Duration.seconds(2)
    /// Open connections; more wait in the kernel's queue.
    package var connectionsMax = 20_000
    /// Body bytes that are read ahead of the handler.
    package var bodyBufferBytesMax = 64 * 1024
    /// Response bytes that wait for a slow reader before the handler is told to pause.
    package var outputBufferBytesMax = 256 * 1024
    /// Body bytes that are read and dropped, after an answer, to keep the connection.
    package var discardBytesMax = 256 * 1024
    /// The limits that only HTTP/2 has.
    package var http2 = HTTP2Limits()
    /// What it means when a client ends its sending side after a complete request.
    ///
    /// A client that closes its socket looks the same until something is written to it; one that
    /// resets the connection is gone in any case.
    package var halfClose = HalfClose.answer
    /// The value of the `Server` field; none by default.
    package var serverName: String?
    /// Told of handlers' mistakes, for example an invalid header field.
    package var report: @Sendable (String) -> Void = { _ in }

    /// The defaults.
    package init() {}
}

// SPDX-License-Identifier: Apache-2.0

package import HTTP

/// A request to be sent, and what to do with the answer.
package struct HTTPClientRequest: Sendable {
    /// What the request carries.
    package enum Body: Sendable {
        /// Nothing; `POST`, `PUT` and `PATCH` say `Content-Length: 0`.
        case none
        /// These bytes.
        case bytes([UInt8])
        /// A part of a regular file.
        ///
        /// Read with `pread(2)` while the request is sent: the file position is left alone, the
        /// descriptor stays the caller's and must stay open until the completion.
        case file(descriptor: Int32, offset: Int64, length: Int64)
    }

    /// Where the body of the answer goes.
    package enum ResponseSink: Sendable {
        /// Into ``HTTPClientResponse/body``.
        case buffer
        /// Its first bytes into ``HTTPClientResponse/body``; the rest is read and dropped.
        case beginning(bytesMax: Int)
        /// Written to a descriptor at its position, when the status is 2xx; the body of any other
        /// answer is an explanation and goes into ``HTTPClientResponse/body``.
        ///
        /// The descriptor stays the caller's and must stay open until the completion.
        case file(descriptor: Int32)
        /// Handed over on the client's loop as it comes; never from within a call of the receiver.
        case stream(@Sendable (StreamEvent, HTTPClientTransfer) -> Void)
    }

    /// Which versions of HTTP are spoken.
    package enum Version: Sendable, Hashable {
        /// HTTP/1.1 alone.
        case http1
        /// HTTP/2 where TLS agrees upon it (ALPN), else HTTP/1.1.
        case negotiated
        /// HTTP/2; without TLS the peer is known to speak it (RFC 9113 section 3.3).
        case http2
    }

    /// A part of an answer.
    package enum StreamEvent: Sendable {
        /// The head, first and once.
        case head(HTTPResponseHead)
        /// Bytes of the body, at least one.
        case chunk([UInt8])
    }

    /// The method.
    package var method: HTTPMethod
    /// An absolute URL, `http` or `https`, in visible ASCII; its path is sent as it is.
    package var url: String
    /// Fields to send.
    ///
    /// `Host` replaces the URL's; `Content-Length` follows from the body and is ignored;
    /// `Transfer-Encoding` is refused.
    package var fields: HTTPFields
    /// What the request carries.
    package var body: Body
    /// How long all may take, from the start to the last byte of the answer.
    package var timeout: Duration
    /// How long it may take until there is a connection, name look-up and TLS counted in.
    package var connectTimeout: Duration
    /// The longest body of an answer, in bytes, wherever it goes.
    package var responseBytesMax: Int
    /// Connect to this socket in the file system instead of the URL's host and port.
    package var unixSocket: String?
    /// Where the body of the answer goes.
    package var responseSink: ResponseSink
    /// Which versions of HTTP are spoken.
    package var version = Version.http1
    /// Certificates to trust, in PEM, instead of the client's.
    package var authorities: String?

    /// Makes a request.
    package init(
        method: HTTPMethod = .get,
        url: String,
        fields: HTTPFields = HTTPFields(),
        body: Body = .none,
        timeout: Duration = .seconds(30),
        connectTimeout: Duration = .seconds(10),
        responseBytesMax: Int = 1024 * 1024,
        unixSocket: String? = nil,
        responseSink: ResponseSink = .buffer
    ) {
        self.method = method
        self.url = url
        self.fields = fields
        self.body = body
        self.timeout = timeout
        self.connectTimeout = connectTimeout
        self.responseBytesMax = responseBytesMax
        self.unixSocket = unixSocket
        self.responseSink = responseSink
    }
}

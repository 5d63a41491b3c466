// SPDX-License-Identifier: Apache-2.0

/// Why there is no answer, or not all of it.
package struct HTTPClientError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The kinds of failure.
    package enum Kind: String, Sendable, CaseIterable {
        /// The request cannot be sent as it is; nothing was sent.
        case invalidRequest
        /// The name of the host leads nowhere.
        case couldNotResolve
        /// Nobody accepts connections there.
        case couldNotConnect
        /// No TLS connection, or one to somebody who cannot prove who they are.
        case tlsFailed
        /// The time was up.
        case timedOut
        /// The connection broke before the answer was complete.
        case connectionLost
        /// The peer does not speak HTTP/1.1 as the standard says.
        case protocolError
        /// The head or the body of the answer is larger than the limit.
        case responseTooLarge
        /// The file that is the request's body could not be read as far as promised.
        case bodyUnreadable
        /// The file that takes the answer's body could not be written.
        case sinkUnwritable
        /// ``HTTPClientTransfer/cancel()``, or the task was cancelled.
        case cancelled
        /// The client was closed.
        case closed
        /// More requests under way than the client's limit.
        case overloaded
        /// The system, or libcurl, gave out.
        case failed
    }

    /// The kind of failure.
    package var kind: Kind
    /// One sentence for the log: no body, no credentials, no query of the URL.
    package var message: String

    /// The message.
    package var description: String { self.message }

    /// Makes an error.
    package init(kind: Kind, message: String) {
        self.kind = kind
        self.message = message
    }
}

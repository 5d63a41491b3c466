// SPDX-License-Identifier: Apache-2.0

package import HTTP

/// Answers the requests of a server.
package protocol HTTPHandler: Sendable {
    /// A request's head is complete; called on the exchange's loop, which must not be blocked.
    func handle(_ exchange: HTTPExchange)
}

/// A handler written as an async function, which runs on the connection's loop.
package struct AsyncHTTPHandler: HTTPHandler {
    private let body: @Sendable (HTTPExchange) async throws -> Void

    /// Makes a handler.
    ///
    /// - Parameter body: Answers before it returns. When it throws instead, or forgets, the answer
    ///   is 500, or the status of an ``HTTPBodyError``; an answer that was begun is cut off.
    package init(_ body: @escaping @Sendable (HTTPExchange) async throws -> Void) {
        self.body = body
    }

    package func handle(_ exchange: HTTPExchange) {
        let body = self.body
        _ = Task(executorPreference: exchange.loop) {
            do {
                try await body(exchange)
                exchange.handlerReturned()
            } catch {
                exchange.fail(with: error)
            }
        }
    }
}

/// Why a request body cannot be read to its end.
package enum HTTPBodyError: Error, Equatable, Sendable {
    /// It is larger than the limit.
    case tooLarge
    /// The client stopped sending.
    case timedOut
    /// The connection ended before the body did.
    case connectionClosed
    /// Its framing is broken.
    case malformed(HTTPParseError)

    /// The status of the answer that reports it.
    package var status: HTTPStatus {
        switch self {
        case .tooLarge: .contentTooLarge
        case .timedOut: .requestTimeout
        case .connectionClosed: .badRequest
        case .malformed(let error): error.status
        }
    }
}

/// What a request body does, in callback form.
package enum HTTPBodyEvent: Sendable {
    /// The next bytes, at least one.
    case chunk([UInt8])
    /// The body is complete.
    case end(trailers: HTTPFields)
    /// The body will not be complete.
    case failed(HTTPBodyError)
}

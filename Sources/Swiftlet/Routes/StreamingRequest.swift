// SPDX-License-Identifier: Apache-2.0

/// A plain HTTP request whose body comes piece by piece.
public struct StreamingRequest: Sendable {
    /// The request without its body, whose own ``Request/body`` is empty.
    public var head: Request
    /// The body.
    public var body: RequestBody

    /// The method, for example `PUT`.
    public var method: String { self.head.method }
    /// The path as sent, without the query.
    public var path: String { self.head.path }
    /// The header fields.
    public var headers: Headers { self.head.headers }
    /// What the `{name}`s of the route stand for.
    public var parameters: [String: String] { self.head.parameters }
    /// The first value of a query parameter, decoded as HTML forms encode it.
    public func query(_ name: String) -> String? { self.head.query(name) }
}

/// The body of a request as it arrives.
///
/// What is not asked for is not received: a client cannot send more than a window ahead. One task
/// reads it, once.
public struct RequestBody: AsyncSequence, Sendable {
    private let source: any RequestBodySource

    package init(source: any RequestBodySource) { self.source = source }

    /// Begins where the last reader stopped.
    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(source: self.source) }

    /// Waits for the pieces one after the other.
    public struct AsyncIterator: AsyncIteratorProtocol {
        fileprivate let source: any RequestBodySource

        /// Waits for the next piece, at least one byte; `nil` at the end.
        ///
        /// - Throws: What keeps the body from being complete: it is too large (413), too slow
        ///   (408), or the client is gone.
        public mutating func next() async throws -> [UInt8]? { try await self.source.next() }
    }

    /// The fields that came behind the body, for example a checksum (RFC 9110 section 6.5).
    ///
    /// There are none before the last piece was read. They are no header fields: nothing that
    /// decides about the request may be taken from them.
    public var trailers: Headers {
        get async { await self.source.trailers }
    }

    /// Waits for all that is left.
    ///
    /// - Parameter bytesMax: How many bytes it may have.
    /// - Returns: The bytes.
    /// - Throws: ``FunctionError`` with 413 when there are more.
    public func collect(upTo bytesMax: Int) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        for try await chunk in self {
            guard chunk.count <= bytesMax - bytes.count else {
                throw FunctionError(413, "the body is larger than \(bytesMax) bytes")
            }
            bytes += chunk
        }
        return bytes
    }
}

/// Where the pieces of a body come from.
package protocol RequestBodySource: Sendable {
    /// The fields behind the body; none before its end.
    var trailers: Headers { get async }

    /// The next piece, at least one byte; `nil` at the end.
    func next() async throws -> [UInt8]?
}

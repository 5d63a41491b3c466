// SPDX-License-Identifier: Apache-2.0

internal import HTTP

/// Writes an answer piece by piece; one task writes at a time.
public struct ResponseWriter: Sendable {
    private let sink: any ResponseSink

    package init(sink: any ResponseSink) { self.sink = sink }

    /// Sends the status and the header fields; without it, the first write sends 200.
    ///
    /// - Parameters:
    ///   - status: 200…599.
    ///   - headers: The fields; framing and connection are the server's to say.
    ///   - length: How many bytes will be written, if that is known; they come in chunks else.
    /// - Throws: ``FunctionError`` when the answer was begun before.
    public func start(status: Int = 200, headers: Headers = [:], length: Int? = nil) async throws {
        try await self.sink.start(status: status, headers: headers, length: length)
    }

    /// Sends bytes, and waits until the client has taken enough of what was sent before.
    ///
    /// - Throws: `CancellationError` when the client is gone or the deadline has passed.
    public func write(_ bytes: [UInt8]) async throws {
        guard !bytes.isEmpty else { return }
        try await self.sink.write(bytes)
    }

    /// Sends text in UTF-8.
    public func write(_ text: String) async throws { try await self.write(Array(text.utf8)) }

    /// Sends an event of a stream whose content type is `text/event-stream`.
    public func write(_ event: ServerSentEvent) async throws { try await self.write(event.bytes) }

    /// Ends the answer; without it, it ends when the handler returns.
    ///
    /// - Parameter trailers: Fields after the body, as gRPC has them; HTTP/1.0 loses them, and so
    ///   does an answer of known length.
    /// - Throws: ``FunctionError`` when the answer has ended before.
    public func finish(trailers: Headers = [:]) async throws {
        try await self.sink.finish(trailers: trailers)
    }
}

/// Where the pieces of an answer go.
package protocol ResponseSink: Sendable {
    func start(status: Int, headers: Headers, length: Int?) async throws
    func write(_ bytes: [UInt8]) async throws
    func finish(trailers: Headers) async throws
}

/// How an answer must not be written.
enum ResponseMistake {
    static let startedTwice = FunctionError(500, "the handler began its answer twice")
    static let over = FunctionError(500, "the handler wrote after the end of its answer")
    static let concurrent = FunctionError(500, "two tasks of the handler wrote at once")
}

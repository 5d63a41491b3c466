// SPDX-License-Identifier: Apache-2.0

public import Swiftlet

/// Calls a function without a socket.
///
/// ```swift
/// let tester = FunctionTester(Shop.function)
/// let reply = try await tester.send(CloudEvent(type: "com.example.order", …))
/// ```
///
/// Messages pass through the same decoder, routing and encoder as in production. Handlers run in
/// the calling task: there are no turns to wait for and no deadlines.
public struct FunctionTester: Sendable {
    private let runtime: FunctionRuntime

    /// Makes a tester of a function, whose handlers see `environment`.
    ///
    /// The variables that a function heeds hold here too; one that is wrong ends the test.
    public init(_ function: Function, environment: Environment = Environment(variables: [:])) {
        do {
            self.runtime = try FunctionRuntime(function, environment: environment)
        } catch {
            preconditionFailure("the environment of this test is wrong: \(error)")
        }
    }

    /// Sends an event in binary mode.
    ///
    /// - Returns: The reply; `nil` when the handler gave none.
    /// - Throws: ``FunctionError`` with the status and text of an answer that is no success.
    public func send(_ event: CloudEvent) async throws -> CloudEvent? {
        try await self.events(try Request(event: event)).first
    }

    /// Sends several events as one batch.
    ///
    /// - Returns: The replies, in order.
    /// - Throws: ``FunctionError`` with the status and text of an answer that is no success.
    public func send(batch: [CloudEvent]) async throws -> [CloudEvent] {
        try await self.events(try Request(batch: batch))
    }

    /// Sends a plain request; the answer of a streaming route comes as a whole.
    public func send(_ request: Request) async -> Response { await self.runtime.answer(request) }

    /// Sends a request to a streaming route.
    ///
    /// - Parameters:
    ///   - request: The request, whose own body is not used.
    ///   - chunks: The pieces of the body.
    ///   - trailers: The fields behind the body.
    /// - Returns: The answer, piece by piece.
    public func stream(
        _ request: Request,
        chunks: [[UInt8]] = [],
        trailers: Headers = [:]
    ) async -> StreamedResponse {
        let recorder = ResponseRecorder()
        let body = ChunkSource(chunks, trailers: trailers)
        await self.runtime.answer(request, body: body, to: recorder)
        let recorded = recorder.recorded
        return StreamedResponse(
            status: recorded.status,
            headers: recorded.headers,
            chunks: recorded.chunks,
            trailers: recorded.trailers,
            isAborted: recorded.isAborted
        )
    }

    /// Waits until the background work of all messages so far is done.
    public func finishBackgroundWork() async { await self.runtime.finishBackgroundWork() }

    private func events(_ request: Request) async throws -> [CloudEvent] {
        let response = await self.send(request)
        guard 200...299 ~= response.status else {
            throw FunctionError(response.status, String(decoding: response.body, as: UTF8.self))
        }
        return try response.events()
    }
}

/// What a streaming route answered.
public struct StreamedResponse: Sendable, Equatable {
    /// The status.
    public var status: Int
    /// The header fields.
    public var headers: Headers
    /// The body as the handler wrote it, one element a write.
    public var chunks: [[UInt8]]
    /// The fields after the body.
    public var trailers: Headers
    /// Whether the handler failed in the middle, so that a client sees the connection cut.
    public var isAborted: Bool

    /// The whole body as text.
    public var text: String { String(decoding: self.chunks.joined(), as: UTF8.self) }
}

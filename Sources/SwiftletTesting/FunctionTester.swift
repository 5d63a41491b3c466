// SPDX-License-Identifier: Apache-2.0

public import Swiftlet

/// Calls a function without a socket.
///
/// ```swift
/// let tester = FunctionTester(Shop.function)
/// let reply = try await tester.send(CloudEvent(type: "com.example.order", …))
/// ```
///
/// Events pass through the same encoder, decoder and routing as in production, in binary mode.
public struct FunctionTester: Sendable {
    private let function: Function
    private let environment: Environment

    /// Makes a tester of a function, whose handlers see `environment`.
    public init(_ function: Function, environment: Environment = Environment(variables: [:])) {
        self.function = function
        self.environment = environment
    }

    /// Sends an event.
    ///
    /// - Returns: The reply; `nil` when the handler gave none.
    /// - Throws: ``FunctionError`` with the status and text of an answer that is no success.
    public func send(_ event: CloudEvent) async throws -> CloudEvent? {
        let response = await self.send(try Request(event: event))
        guard 200...299 ~= response.status else {
            throw FunctionError(response.status, String(decoding: response.body, as: UTF8.self))
        }
        return try response.event()
    }

    /// Sends a plain request.
    public func send(_ request: Request) async -> Response {
        await self.function.answer(request, environment: self.environment)
    }
}

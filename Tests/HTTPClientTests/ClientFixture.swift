// SPDX-License-Identifier: Apache-2.0

import EventLoop
import HTTP
import HTTPClient
import Testing

/// Runs each test twice: with HTTP spoken by libcurl, and without.
struct BothWays: SuiteTrait, TestTrait, TestScoping {
    /// Whether the clients of a test speak HTTP themselves.
    @TaskLocal static var speaksPlainHTTP = false

    var isRecursive: Bool { true }

    func provideScope(
        for test: Test,
        testCase: Test.Case?,
        performing function: @concurrent @Sendable () async throws -> Void
    ) async throws {
        for way in [false, true] {
            try await Self.$speaksPlainHTTP.withValue(way) { try await function() }
        }
    }
}

/// A client on a loop of its own, both gone when the body has returned.
func withClient<Value>(
    _ configuration: HTTPClientConfiguration = .init(),
    _ body: (HTTPClient) async throws -> Value
) async throws -> Value {
    var configuration = configuration
    configuration.speaksPlainHTTP = BothWays.speaksPlainHTTP
    let loop = try EventLoop(name: "client-test")
    loop.start()
    let client = HTTPClient(loop: loop, configuration: configuration)
    let result: Result<Value, any Error>
    do {
        result = .success(try await body(client))
    } catch {
        result = .failure(error)
    }
    await client.close()
    loop.stop()
    loop.join()
    return try result.get()
}

/// The kind of failure of a request that fails.
func failure(
    of request: HTTPClientRequest,
    on client: HTTPClient,
    sourceLocation: SourceLocation = #_sourceLocation
) async -> HTTPClientError? {
    do {
        let response = try await client.send(request)
        Issue.record("it succeeded: \(response.status)", sourceLocation: sourceLocation)
        return nil
    } catch {
        #expect(error is HTTPClientError, sourceLocation: sourceLocation)
        return error as? HTTPClientError
    }
}

extension HTTPClientResponse {
    var text: String { String(decoding: self.body, as: UTF8.self) }
}

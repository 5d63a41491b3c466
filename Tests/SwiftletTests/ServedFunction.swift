// SPDX-License-Identifier: Apache-2.0

import EventLoop
import Telemetry
import TestSupport

@testable import Swiftlet

/// A function on real sockets of this machine, for one test.
struct ServedFunction: Sendable {
    let service: FunctionService
    let address: SocketAddress
    let loop: EventLoop

    func client(receiveBuffer: Int32? = nil) throws -> TestClient {
        try TestClient(port: self.address.port, receiveBuffer: receiveBuffer)
    }

    /// Sends one request on a connection of its own and reads the whole answer.
    func exchange(_ request: String) async throws -> TestAnswer {
        try await TestThread.run { try self.client().exchange(request) }
    }

    func get(_ target: String, _ fields: String = "") async throws -> TestAnswer {
        try await self.exchange("GET \(target) HTTP/1.1\r\nHost: test\r\n\(fields)\r\n")
    }

    /// Waits until so many run or wait under the function's limit.
    func depth(_ depth: Int) async throws {
        let deadline = ContinuousClock.now.advanced(by: .seconds(60))
        while await self.loop.run({ self.service.handler.turns.depth }) != depth {
            guard ContinuousClock.now < deadline else { throw TestClientError.malformed("depth") }
            await Task.yield()
        }
    }

    /// Delivers an event in binary mode.
    func deliver(_ type: String) async throws -> TestAnswer {
        try await self.exchange(Self.delivery(type))
    }

    static func delivery(_ type: String) -> String {
        "POST / HTTP/1.1\r\nHost: test\r\nce-specversion: 1.0\r\nce-id: 1\r\nce-source: /s\r\n"
            + "ce-type: \(type)\r\nContent-Length: 0\r\n\r\n"
    }
}

/// What a test sets that no variable says, times below a second above all.
struct SettingChange {
    let apply: (inout FunctionSettings) -> Void

    static func set<Value>(
        _ path: WritableKeyPath<FunctionSettings, Value>,
        _ value: Value
    ) -> Self {
        Self { $0[keyPath: path] = value }
    }
}

/// Runs `body` beside a function that is served, and drains it.
func withServed<Result: Sendable>(
    _ function: Function,
    _ variables: [String: String] = [:],
    settings changes: [SettingChange] = [],
    _ body: (ServedFunction) async throws -> Result
) async throws -> Result {
    let variables = ["LISTEN_ADDRESS": "127.0.0.1:0"].merging(variables) { _, last in last }
    let environment = Environment(variables: variables)
    var settings = try FunctionSettings(environment, processID: 0)
    for change in changes { change.apply(&settings) }
    let loop = try EventLoop(name: "function")
    loop.start()
    let runtime = FunctionRuntime(
        function,
        environment: environment,
        settings: settings,
        logger: Logger(label: "test")
    )
    let service = try FunctionService(runtime, settings: settings, loop: loop)
    let address = try await service.start()
    let served = ServedFunction(service: service, address: address, loop: loop)
    let outcome: Swift.Result<Result, any Error>
    do { outcome = .success(try await body(served)) } catch { outcome = .failure(error) }
    await service.drain()
    loop.stop()
    try await TestThread.run { loop.join() }
    return try outcome.get()
}

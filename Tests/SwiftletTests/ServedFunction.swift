// SPDX-License-Identifier: Apache-2.0

import EventLoop
import Glibc
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
    let service = FunctionService(runtime, settings: settings, loop: loop)
    let address = try await service.start()
    let served = ServedFunction(service: service, address: address, loop: loop)
    let outcome: Swift.Result<Result, any Error>
    do { outcome = .success(try await body(served)) } catch { outcome = .failure(error) }
    await service.drain()
    loop.stop()
    try await TestThread.run { loop.join() }
    return try outcome.get()
}

/// What a client read.
struct TestAnswer: Sendable, Equatable {
    var status: Int
    var fields: [String: String]
    var body: [UInt8]
    var trailers: [String: String] = [:]

    var text: String { String(decoding: self.body, as: UTF8.self) }
}

enum TestClientError: Error, Equatable {
    case failed(Int32)
    case ended
    case malformed(String)
}

/// A blocking connection; every call ends at a deadline.
///
/// `@unchecked Sendable`: used by one thread of a test at a time.
final class TestClient: @unchecked Sendable {
    private static let deadlineSeconds = 60

    private var fd: Int32
    private var buffer: [UInt8] = []

    init(port: UInt16, receiveBuffer: Int32? = nil) throws {
        self.fd = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard self.fd >= 0 else { throw TestClientError.failed(errno) }
        if let receiveBuffer { self.set(SO_RCVBUF, receiveBuffer) }
        self.set(SO_RCVTIMEO, timeval(tv_sec: Self.deadlineSeconds, tv_usec: 0))
        self.set(SO_SNDTIMEO, timeval(tv_sec: Self.deadlineSeconds, tv_usec: 0))
        var form = sockaddr_in()
        form.sin_family = sa_family_t(AF_INET)
        form.sin_port = port.bigEndian
        form.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let result = withUnsafePointer(to: &form) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(self.fd, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { throw TestClientError.failed(errno) }
    }

    deinit { self.close() }

    private func set<Value: BitwiseCopyable>(_ option: Int32, _ value: Value) {
        var value = value
        setsockopt(self.fd, SOL_SOCKET, option, &value, socklen_t(MemoryLayout<Value>.size))
    }

    func send(_ text: String) throws {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Glibc.send(self.fd, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw TestClientError.failed(errno) }
            rest = rest.dropFirst(count)
        }
    }

    func close() {
        guard self.fd >= 0 else { return }
        Glibc.close(self.fd)
        self.fd = -1
    }

    func exchange(_ request: String) throws -> TestAnswer {
        try self.send(request)
        return try self.answer(hasBody: !request.hasPrefix("HEAD "))
    }

    // MARK: Reading

    private func fill() throws {
        var block = [UInt8](repeating: 0, count: 64 * 1024)
        let count = recv(self.fd, &block, block.count, 0)
        guard count >= 0 else { throw TestClientError.failed(errno) }
        guard count > 0 else { throw TestClientError.ended }
        self.buffer += block[..<count]
    }

    func read(count: Int) throws -> [UInt8] {
        while self.buffer.count < count { try self.fill() }
        defer { self.buffer.removeFirst(count) }
        return Array(self.buffer[..<count])
    }

    func line() throws -> String {
        while true {
            if let end = self.buffer.firstIndex(of: UInt8(ascii: "\n")) {
                defer { self.buffer.removeFirst(end + 1) }
                let line = self.buffer[..<end]
                return String(decoding: line.last == 13 ? line.dropLast() : line, as: UTF8.self)
            }
            try self.fill()
        }
    }

    private func fields() throws -> [String: String] {
        var fields: [String: String] = [:]
        while case let line = try self.line(), !line.isEmpty {
            guard let colon = line.firstIndex(of: ":") else {
                throw TestClientError.malformed(line)
            }
            let value = line[line.index(after: colon)...].drop { $0 == " " }
            fields[line[..<colon].lowercased()] = String(value)
        }
        return fields
    }

    /// The status line and the fields.
    func head() throws -> TestAnswer {
        let words = try self.line().split(separator: " ")
        guard words.count >= 2, let status = Int(words[1]) else {
            throw TestClientError.malformed("status line")
        }
        return TestAnswer(status: status, fields: try self.fields(), body: [])
    }

    /// The next chunk of a chunked body; `nil` at its end.
    func chunk() throws -> [UInt8]? {
        let line = try self.line()
        guard let length = Int(line, radix: 16) else { throw TestClientError.malformed(line) }
        guard length > 0 else { return nil }
        let chunk = try self.read(count: length)
        _ = try self.line()
        return chunk
    }

    func answer(hasBody: Bool = true) throws -> TestAnswer {
        var answer = try self.head()
        guard hasBody, answer.status != 204 else { return answer }
        if answer.fields["transfer-encoding"] == "chunked" {
            while let chunk = try self.chunk() { answer.body += chunk }
            answer.trailers = try self.fields()
        } else if let length = answer.fields["content-length"].flatMap({ Int($0) }) {
            answer.body = try self.read(count: length)
        }
        return answer
    }

    /// Whether the server ended the connection, in whatever way.
    func isCut() -> Bool {
        do {
            while true { try self.fill() }
        } catch {
            return error as? TestClientError != .failed(EAGAIN)
        }
    }
}

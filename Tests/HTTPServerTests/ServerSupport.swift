// SPDX-License-Identifier: Apache-2.0

import EventLoop
import Glibc
import HTTP
import HTTPServer
import Synchronization

/// A handler that is called on the loop and answers when it likes.
struct ClosureHandler: HTTPHandler {
    private let body: @Sendable (HTTPExchange) -> Void
    init(_ body: @escaping @Sendable (HTTPExchange) -> Void) { self.body = body }
    func handle(_ exchange: HTTPExchange) { self.body(exchange) }
}

/// A server on a loop of its own, and what it reported.
struct TestServer: Sendable {
    let loop: EventLoop
    let server: HTTPServer
    let address: SocketAddress
    let reports: Recorder<String>

    func client(receiveBuffer: Int32? = nil) throws -> RawClient {
        try RawClient(self.address, receiveBuffer: receiveBuffer)
    }
}

extension HTTPServerConfiguration {
    /// The defaults with a change.
    static func with(_ change: (inout Self) -> Void) -> Self {
        var configuration = Self()
        change(&configuration)
        return configuration
    }
}

/// Runs `body` beside a server; `client` code in it belongs on a ``TestThread``.
func withServer<Result: Sendable>(
    _ handler: any HTTPHandler,
    on address: SocketAddress = .ipv4Loopback(port: 0),
    sendBuffer: Int32? = nil,
    configuration: HTTPServerConfiguration = HTTPServerConfiguration(),
    _ body: (TestServer) async throws -> Result
) async throws -> Result {
    let loop = try EventLoop(name: "server")
    loop.start()
    let reports = Recorder<String>()
    var configuration = configuration
    configuration.report = { reports.append($0) }
    let server = HTTPServer(loop: loop, configuration: configuration, handler: handler)
    let listener = try Socket.listen(on: address)
    if let sendBuffer {
        // Accepted connections inherit it.
        var bytes = sendBuffer
        let length = socklen_t(MemoryLayout<Int32>.size)
        setsockopt(listener, SOL_SOCKET, SO_SNDBUF, &bytes, length)
        setsockopt(listener, SOL_SOCKET, SO_RCVBUF, &bytes, length)
    }
    let bound = try await server.adopt(listeningDescriptor: listener)
    let test = TestServer(
        loop: loop,
        server: server,
        address: { if case .unix = address { address } else { bound } }(),
        reports: reports
    )
    let outcome: Swift.Result<Result, any Error>
    do { outcome = .success(try await body(test)) } catch { outcome = .failure(error) }
    await server.drain(deadline: .zero)
    loop.stop()
    try await TestThread.run { loop.join() }
    return try outcome.get()
}

/// A thread for code that blocks: the pool of the concurrency runtime has few, and all share it.
enum TestThread {
    private final class Start {
        let body: () -> Void
        init(_ body: @escaping () -> Void) { self.body = body }
    }

    static func run<Result: Sendable>(
        _ body: @escaping @Sendable () throws -> Result
    ) async throws -> Result {
        try await withCheckedThrowingContinuation { continuation in
            self.start { continuation.resume(with: Swift.Result { try body() }) }
        }
    }

    static func start(_ body: @escaping @Sendable () -> Void) {
        let context = Unmanaged.passRetained(Start(body)).toOpaque()
        var thread = pthread_t()
        let result = pthread_create(
            &thread,
            nil,
            { context in
                guard let context else { return nil }
                Unmanaged<Start>.fromOpaque(context).takeRetainedValue().body()
                return nil
            },
            context
        )
        precondition(result == 0, "the system grants a few threads to a test")
        pthread_detach(thread)
    }
}

/// Counts up, and lets a thread or a task wait for it; nobody waits longer than the deadline.
///
/// `@unchecked Sendable`: owns `raw` from `init` to `deinit`, and sem_overview(7) says that the
/// calls on it are thread-safe.
final class Semaphore: @unchecked Sendable {
    private let raw = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

    init() { sem_init(self.raw, 0, 0) }

    deinit {
        sem_destroy(self.raw)
        self.raw.deallocate()
    }

    func signal() { sem_post(self.raw) }

    /// Whether a signal came before the deadline.
    func wait(seconds: Int = 20) -> Bool {
        var deadline = timespec()
        clock_gettime(CLOCK_REALTIME, &deadline)
        deadline.tv_sec += seconds
        while sem_timedwait(self.raw, &deadline) != 0 {
            guard errno == EINTR else { return false }
        }
        return true
    }

    func arrives() async -> Bool {
        await withCheckedContinuation { continuation in
            TestThread.start { continuation.resume(returning: self.wait()) }
        }
    }
}

/// Collects values from any thread.
final class Recorder<Value: Sendable>: Sendable {
    private let storage = Mutex<[Value]>([])

    var values: [Value] { self.storage.withLock { $0 } }
    var count: Int { self.storage.withLock { $0.count } }
    func append(_ value: Value) { self.storage.withLock { $0.append(value) } }
    func take() -> [Value] {
        self.storage.withLock { values in
            defer { values = [] }
            return values
        }
    }
}

/// Removes a file.
func unlinkPath(_ path: String) { unlink(path) }

/// Waits until the kernel says that the peer has broken the connection; reads nothing.
///
/// `bySending` a byte now and then finds out that the peer has closed its socket.
func hangsUp(_ fd: Int32, bySending: Bool = false) -> Bool {
    for _ in 0..<1000 {
        var byte: UInt8 = 0x0A
        if bySending { _ = send(fd, &byte, 1, Int32(MSG_NOSIGNAL)) }
        var entry = pollfd(fd: fd, events: 0, revents: 0)
        if poll(&entry, 1, 20) == 1 { return true }
    }
    return false
}

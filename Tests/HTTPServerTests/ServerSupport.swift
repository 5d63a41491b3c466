// SPDX-License-Identifier: Apache-2.0

import EventLoop
import Glibc
import HTTP
import HTTPServer
import Synchronization
import TestSupport

/// A handler that is called on the loop and answers when it likes.
struct ClosureHandler: HTTPHandler {
    private let body: @Sendable (HTTPExchange) -> Void
    init(_ body: @escaping @Sendable (HTTPExchange) -> Void) { self.body = body }
    func handle(_ exchange: HTTPExchange) { self.body(exchange) }

    /// Makes one that never answers, and tells of its beginning and its end.
    static func waiting(
        _ begun: TestSupport.Semaphore,
        _ cancelled: TestSupport.Semaphore
    ) -> ClosureHandler {
        ClosureHandler { exchange in
            exchange.onCancelled = { cancelled.signal() }
            begun.signal()
        }
    }
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

private let socketsTotal = Atomic<Int>(0)

/// A path that no other test and no other process has.
func uniqueSocketPath(_ name: String) -> String {
    let number = socketsTotal.add(1, ordering: .relaxed).newValue
    return "/tmp/swiftlet-\(name)-\(getpid())-\(number)"
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

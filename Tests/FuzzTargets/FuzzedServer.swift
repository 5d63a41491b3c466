// SPDX-License-Identifier: Apache-2.0

internal import EventLoop
internal import Glibc
internal import HTTP
internal import HTTPServer
internal import TestSupport

/// A server on a loop of its own that sends bodies back, for all inputs of a target.
final class FuzzedServer: Sendable {
    /// How a connection ended.
    struct Outcome: Equatable {
        /// What the server sent.
        var output: [UInt8] = []
        var isReset = false
    }

    /// Far more than the server allows itself.
    private static let deadlineSeconds = 30

    static let shared = Result { try FuzzedServer() }

    private let path: String
    private let loop: EventLoop
    private let server: HTTPServer

    private init() throws {
        // No port is used up by connections that follow one another without a pause.
        self.path = "/tmp/swiftlet-fuzz-\(getpid())"
        self.loop = try EventLoop(name: "fuzz")
        self.server = HTTPServer(
            loop: self.loop,
            configuration: Self.configuration,
            handler: EchoHandler()
        )
        let listener = try Socket.listen(on: .unix(path: self.path))
        self.loop.start()
        let (server, isListening) = (self.server, Semaphore())
        Task(executorPreference: self.loop) {
            _ = try await server.adopt(listeningDescriptor: listener)
            isListening.signal()
        }
        guard isListening.wait() else { throw SystemError("listen", code: ETIMEDOUT) }
    }

    /// Small limits, and no time that is worth waiting for.
    private static var configuration: HTTPServerConfiguration {
        var configuration = HTTPServerConfiguration()
        configuration.bodyBytesMax = 64
        configuration.limits.headerBytesMax = 256
        configuration.limits.headerCountMax = 8
        configuration.http2.streamsMax = 4
        configuration.http2.resetsMax = 4
        configuration.headerTimeout = .milliseconds(50)
        configuration.bodyTimeout = .milliseconds(50)
        configuration.writeTimeout = .milliseconds(50)
        configuration.keepAliveTimeout = .milliseconds(50)
        configuration.lingerTimeout = .milliseconds(50)
        return configuration
    }

    /// Sends bytes on a connection of their own, ends its sending side, and reads to the end.
    ///
    /// - Throws: ``BrokenProperty`` when the connection does not end.
    func exchange(_ bytes: [UInt8]) throws(BrokenProperty) -> Outcome {
        let fd = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(fd) }
        guard fd >= 0, Self.connect(fd, self.path) else {
            throw BrokenProperty(description: "a connection can be made, errno \(errno)")
        }
        var time = timeval(tv_sec: Self.deadlineSeconds, tv_usec: 0)
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
        // A server that has heard enough may be gone before all is sent.
        _ = send(fd, bytes, bytes.count, Int32(MSG_NOSIGNAL))
        shutdown(fd, Int32(SHUT_WR))
        var outcome = Outcome()
        var block = [UInt8](repeating: 0, count: 16 * 1024)
        while true {
            let count = recv(fd, &block, block.count, 0)
            guard count != 0 else { return outcome }
            guard count > 0 else {
                // The fuzzer has a timer that interrupts calls.
                if errno == EINTR { continue }
                outcome.isReset = errno == ECONNRESET
                try require(outcome.isReset, "a connection ends, errno \(errno)")
                return outcome
            }
            outcome.output += block[..<count]
        }
    }

    private static func connect(_ fd: Int32, _ path: String) -> Bool {
        var form = sockaddr_un()
        form.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &form.sun_path) { $0.copyBytes(from: path.utf8) }
        return withUnsafePointer(to: &form) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(fd, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
            }
        }
    }
}

/// Sends each body back.
private struct EchoHandler: HTTPHandler {
    func handle(_ exchange: HTTPExchange) {
        exchange.collectBody(upTo: 64) { result in
            switch result {
            case .success(let body): exchange.respond(.ok, body: body)
            case .failure(let error): exchange.fail(with: error)
            }
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

import Glibc
import Synchronization

/// A peer that does exactly what a test says, well-behaved or not.
///
/// One thread accepts; each connection runs the script on a thread of its own, with blocking calls.
/// A peer that sends nothing for ``patienceSeconds`` counts as gone.
final class ScriptedServer: Sendable {
    static let patienceSeconds: Int32 = 20

    /// What the threads share with the object, and outlive it with.
    private final class Shared: Sendable {
        let connections = Atomic<Int>(0)
        let acceptingEnded = Signal()
        let connectionEnded = Signal()
    }

    let port: UInt16
    private let listener: Int32
    private let shared = Shared()

    /// How many connections were accepted.
    var connectionCount: Int { self.shared.connections.load(ordering: .relaxed) }
    var url: String { "http://127.0.0.1:\(self.port)" }

    /// Starts to listen; `script` gets each connection and its number, from 0, and need not close.
    init(_ script: @escaping @Sendable (ScriptedConnection, Int) -> Void) {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = bind(listener, $0, length)
                _ = listen(listener, 128)
                _ = getsockname(listener, $0, &length)
            }
        }
        self.listener = listener
        self.port = UInt16(bigEndian: address.sin_port)
        let shared = self.shared
        Thread.start {
            while true {
                let fd = accept(listener, nil, nil)
                guard fd >= 0 else { break }
                let index = shared.connections.wrappingAdd(1, ordering: .relaxed).oldValue
                Thread.start {
                    let connection = ScriptedConnection(fd)
                    script(connection, index)
                    connection.close()
                    shared.connectionEnded.raise()
                }
            }
            Glibc.close(listener)
            shared.acceptingEnded.raise()
        }
    }

    /// Accepts no more, and comes back when every descriptor of the server is closed.
    func stop() async {
        shutdown(self.listener, Int32(SHUT_RDWR))
        await self.shared.acceptingEnded.wait()
        await self.shared.connectionEnded.wait(self.connectionCount)
    }

    deinit { shutdown(self.listener, Int32(SHUT_RDWR)) }
}

/// The server's end of one connection.
final class ScriptedConnection {
    struct Request {
        var head: String
        var body: [UInt8]

        var lines: [String] { self.head.split(separator: "\r\n").map(String.init) }
        var line: String { self.lines.first ?? "" }

        /// The values of a name, in lower case.
        func values(_ name: String) -> [String] {
            self.lines.dropFirst().compactMap { line in
                guard let colon = line.firstIndex(of: ":"),
                    line[..<colon].lowercased() == name
                else { return nil }
                return String(line[line.index(after: colon)...].drop { $0 == " " })
            }
        }
    }

    private(set) var fd: Int32
    private var buffer: [UInt8] = []

    init(_ fd: Int32) { self.fd = fd }

    /// Reads one request with a `Content-Length` body; `nil` when the peer closed.
    func readRequest() -> Request? {
        guard let head = self.readHead() else { return nil }
        var request = Request(head: head, body: [])
        let length = request.values("content-length").first.flatMap { Int($0) } ?? 0
        guard self.fill(length) else { return nil }
        request.body = Array(self.buffer.prefix(length))
        self.buffer.removeFirst(length)
        return request
    }

    /// Reads up to the empty line.
    func readHead() -> String? {
        let end = Array("\r\n\r\n".utf8)
        var searched = 0
        while true {
            let start = max(0, searched - 3)
            for index in start..<max(start, self.buffer.count - 3)
            where self.buffer[index..<index + 4].elementsEqual(end) {
                let head = String(decoding: self.buffer[..<index], as: UTF8.self)
                self.buffer.removeFirst(index + 4)
                return head
            }
            searched = self.buffer.count
            guard self.fill(self.buffer.count + 1) else { return nil }
        }
    }

    /// Waits until `count` bytes are buffered; false when the peer closed.
    func fill(_ count: Int) -> Bool {
        var piece = [UInt8](repeating: 0, count: 65_536)
        while self.fd >= 0, self.buffer.count < count {
            var entry = pollfd(fd: self.fd, events: Int16(POLLIN), revents: 0)
            guard poll(&entry, 1, ScriptedServer.patienceSeconds * 1000) == 1 else { return false }
            let received = recv(self.fd, &piece, piece.count, 0)
            guard received > 0 else { return false }
            self.buffer.append(contentsOf: piece.prefix(received))
        }
        return self.buffer.count >= count
    }

    /// Whether the peer sends nothing more, and ends the connection by a reset.
    func isReset() -> Bool {
        var entry = pollfd(fd: self.fd, events: Int16(POLLIN), revents: 0)
        guard poll(&entry, 1, ScriptedServer.patienceSeconds * 1000) == 1 else { return false }
        var byte: UInt8 = 0
        return recv(self.fd, &byte, 1, 0) < 0 && errno == ECONNRESET
    }

    /// Waits until the peer closes.
    func waitForClose() { while self.fill(self.buffer.count + 1) {} }

    @discardableResult
    func send(_ text: String) -> Bool { self.send(Array(text.utf8)) }

    @discardableResult
    func send(_ bytes: [UInt8]) -> Bool {
        var offset = 0
        while offset < bytes.count {
            let sent = bytes[offset...].withUnsafeBytes {
                Glibc.send(self.fd, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard sent > 0 else { return false }
            offset += sent
        }
        return true
    }

    /// An answer with a `Content-Length`.
    func respond(_ status: String = "200 OK", _ fields: String = "", body: String = "") {
        self.send(
            "HTTP/1.1 \(status)\r\n\(fields)Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
        )
    }

    /// Closes; the peer notices even while a child of another test holds a copy of the descriptor.
    func close() {
        guard self.fd >= 0 else { return }
        shutdown(self.fd, Int32(SHUT_RDWR))
        Glibc.close(self.fd)
        self.fd = -1
    }

    /// Closes so that the peer sees a reset.
    func reset() {
        // Dissolves the connection (connect(2)), whoever else holds a copy of the descriptor.
        var nowhere = sockaddr()
        nowhere.sa_family = sa_family_t(AF_UNSPEC)
        connect(self.fd, &nowhere, socklen_t(MemoryLayout<sockaddr>.size))
        self.close()
    }
}

/// Something that a test waits for without looking again and again.
final class Signal: Sendable {
    private let state = Mutex<(count: Int, waiters: [(Int, CheckedContinuation<Void, Never>)])>(
        (0, [])
    )

    func raise() {
        let due = self.state.withLock { state in
            state.count += 1
            let due = state.waiters.filter { $0.0 <= state.count }
            state.waiters.removeAll { $0.0 <= state.count }
            return due
        }
        for (_, continuation) in due { continuation.resume() }
    }

    /// Comes back when it was raised `count` times.
    func wait(_ count: Int = 1) async {
        await withCheckedContinuation { continuation in
            let isDue = self.state.withLock { state in
                if state.count >= count { return true }
                state.waiters.append((count, continuation))
                return false
            }
            if isDue { continuation.resume() }
        }
    }
}

/// As much of a thread as a test needs.
enum Thread {
    private final class Box {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }

    static func start(_ body: @escaping @Sendable () -> Void) {
        var thread = pthread_t()
        let context = Unmanaged.passRetained(Box(body)).toOpaque()
        let code = pthread_create(
            &thread,
            nil,
            { context in
                guard let context else { return nil }
                Unmanaged<Box>.fromOpaque(context).takeRetainedValue().body()
                return nil
            },
            context
        )
        precondition(code == 0, "a test can start a thread")
        pthread_detach(thread)
    }
}

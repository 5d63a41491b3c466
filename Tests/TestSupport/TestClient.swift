// SPDX-License-Identifier: Apache-2.0

import Glibc

/// What a client read.
package struct TestAnswer: Sendable, Equatable {
    /// The status of the answer.
    package var status: Int
    /// The fields by lower-case name; of several lines the last.
    package var fields: [String: String]
    /// The body, joined of its chunks.
    package var body: [UInt8]
    /// The fields after a chunked body.
    package var trailers: [String: String] = [:]

    /// Makes an answer of its parts.
    package init(status: Int, fields: [String: String], body: [UInt8]) {
        self.status = status
        self.fields = fields
        self.body = body
    }

    /// The body as text.
    package var text: String { String(decoding: self.body, as: UTF8.self) }
}

/// Why a call did not do what the test expected.
package enum TestClientError: Error, Equatable {
    case failed(Int32)
    /// The server ended the connection.
    case ended
    case malformed(String)
}

/// A blocking connection; every call ends at a deadline.
///
/// `@unchecked Sendable`: used by one thread of a test at a time.
package final class TestClient: @unchecked Sendable {
    private static let deadlineSeconds = 60

    private var fd: Int32
    private var buffer: [UInt8] = []

    /// Connects to this machine; `receiveBuffer` makes the kernel take little from the server.
    package init(port: UInt16, receiveBuffer: Int32? = nil) throws {
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

    /// Sends text as it is.
    package func send(_ text: String) throws {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Glibc.send(self.fd, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw TestClientError.failed(errno) }
            rest = rest.dropFirst(count)
        }
    }

    /// Sends no more; the answer can still be read.
    package func shutdownWrite() { shutdown(self.fd, Int32(SHUT_WR)) }

    /// Ends the connection so that the server cannot miss it.
    package func reset() {
        self.set(SO_LINGER, linger(l_onoff: 1, l_linger: 0))
        self.close()
    }

    /// Ends the connection.
    package func close() {
        guard self.fd >= 0 else { return }
        Glibc.close(self.fd)
        self.fd = -1
    }

    /// Sends a request and reads its whole answer.
    package func exchange(_ request: String) throws -> TestAnswer {
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

    /// Waits for so many bytes.
    package func read(count: Int) throws -> [UInt8] {
        while self.buffer.count < count { try self.fill() }
        defer { self.buffer.removeFirst(count) }
        return Array(self.buffer[..<count])
    }

    /// The next line without its end.
    package func line() throws -> String {
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
    package func head() throws -> TestAnswer {
        let words = try self.line().split(separator: " ")
        guard words.count >= 2, let status = Int(words[1]) else {
            throw TestClientError.malformed("status line")
        }
        return TestAnswer(status: status, fields: try self.fields(), body: [])
    }

    /// The next chunk of a chunked body; `nil` at its end.
    package func chunk() throws -> [UInt8]? {
        let line = try self.line()
        guard let length = Int(line, radix: 16) else { throw TestClientError.malformed(line) }
        guard length > 0 else { return nil }
        let chunk = try self.read(count: length)
        _ = try self.line()
        return chunk
    }

    package func answer(hasBody: Bool = true) throws -> TestAnswer {
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
    package func isCut() -> Bool {
        do {
            while true { try self.fill() }
        } catch {
            return error as? TestClientError != .failed(EAGAIN)
        }
    }
}

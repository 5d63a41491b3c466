// SPDX-License-Identifier: Apache-2.0

import EventLoop
import Glibc

/// What a client read, by the letter and without the parser under test.
struct RawResponse: Equatable, Sendable {
    var statusLine: String
    var lines: [String]
    var body: [UInt8]
    var trailers: [String] = []

    var status: Int { Int(self.statusLine.split(separator: " ")[1]) ?? 0 }
    var text: String { String(decoding: self.body, as: UTF8.self) }

    /// The values of all lines of a name.
    func values(_ name: String) -> [String] {
        self.lines.compactMap { line in
            guard let colon = line.firstIndex(of: ":"), line[..<colon].lowercased() == name
            else { return nil }
            return String(line[line.index(colon, offsetBy: 2)...])
        }
    }
}

/// Why a client's call did not do what the test expected.
enum RawClientError: Error, Equatable {
    case timedOut
    case ended
    case reset
    case failed(Int32)
    case malformed(String)
}

/// A blocking connection that sends and receives bare bytes; each call ends at a deadline.
///
/// `@unchecked Sendable`: used by one thread of a test at a time.
final class RawClient: @unchecked Sendable {
    static let deadlineSeconds = 240

    private(set) var fd: Int32
    private var buffer: [UInt8] = []

    /// Connects; `receiveBuffer` makes the kernel take little from the server.
    init(_ address: SocketAddress, receiveBuffer: Int32? = nil) throws {
        switch address {
        case .unix: self.fd = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        default: self.fd = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        }
        guard self.fd >= 0 else { throw RawClientError.failed(errno) }
        if let receiveBuffer {
            var bytes = receiveBuffer
            setsockopt(self.fd, SOL_SOCKET, SO_RCVBUF, &bytes, socklen_t(MemoryLayout<Int32>.size))
        }
        self.setDeadline(seconds: Self.deadlineSeconds)
        guard Self.connect(self.fd, address) == 0 else { throw RawClientError.failed(errno) }
    }

    deinit { self.close() }

    private static func connect(_ fd: Int32, _ address: SocketAddress) -> Int32 {
        switch address {
        case .ipv4(let host, let port):
            var form = sockaddr_in()
            form.sin_family = sa_family_t(AF_INET)
            form.sin_port = port.bigEndian
            form.sin_addr.s_addr = host.bigEndian
            return withUnsafePointer(to: &form) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    Glibc.connect(fd, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
        case .unix(let path):
            var form = sockaddr_un()
            form.sun_family = sa_family_t(AF_UNIX)
            withUnsafeMutableBytes(of: &form.sun_path) { $0.copyBytes(from: path.utf8) }
            return withUnsafePointer(to: &form) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    Glibc.connect(fd, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
                }
            }
        case .ipv6: return -1
        }
    }

    /// How long each further call may last.
    func setDeadline(seconds: Int = 0, milliseconds: Int = 0) {
        var time = timeval(tv_sec: seconds, tv_usec: milliseconds * 1000)
        let length = socklen_t(MemoryLayout<timeval>.size)
        setsockopt(self.fd, SOL_SOCKET, SO_RCVTIMEO, &time, length)
        setsockopt(self.fd, SOL_SOCKET, SO_SNDTIMEO, &time, length)
    }

    // MARK: Sending

    /// Makes the kernel keep little of what the server does not take.
    func limitSendBuffer() {
        var bytes: Int32 = 16 * 1024
        setsockopt(self.fd, SOL_SOCKET, SO_SNDBUF, &bytes, socklen_t(MemoryLayout<Int32>.size))
    }

    func send(_ text: String) throws { try self.send(bytes: Array(text.utf8)) }

    func send(bytes: [UInt8]) throws {
        var sent = 0
        while sent < bytes.count { sent += try self.sendSome(bytes[sent...]) }
    }

    /// Sends what the kernel takes before the deadline.
    func sendSome(_ bytes: ArraySlice<UInt8>) throws -> Int {
        let count = bytes.withUnsafeBytes {
            Glibc.send(self.fd, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
        }
        guard count >= 0 else { throw Self.error(errno) }
        return count
    }

    func shutdownWrite() { shutdown(self.fd, Int32(SHUT_WR)) }

    func close() {
        guard self.fd >= 0 else { return }
        Glibc.close(self.fd)
        self.fd = -1
    }

    /// Closes with a reset.
    func reset() {
        var option = linger(l_onoff: 1, l_linger: 0)
        setsockopt(self.fd, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
        self.close()
    }

    // MARK: Receiving

    private static func error(_ code: Int32) -> RawClientError {
        switch code {
        case EAGAIN: .timedOut
        case ECONNRESET, EPIPE: .reset
        default: .failed(code)
        }
    }

    /// Reads some bytes; `false` at the end.
    @discardableResult
    private func fill() throws -> Bool {
        var block = [UInt8](repeating: 0, count: 64 * 1024)
        let count = recv(self.fd, &block, block.count, 0)
        guard count >= 0 else { throw Self.error(errno) }
        self.buffer += block[..<count]
        return count > 0
    }

    func read(count: Int) throws -> [UInt8] {
        while self.buffer.count < count {
            guard try self.fill() else { throw RawClientError.ended }
        }
        defer { self.buffer.removeFirst(count) }
        return Array(self.buffer[..<count])
    }

    /// All up to the end of the connection.
    func readToEnd() throws -> String {
        while try self.fill() {}
        defer { self.buffer = [] }
        return String(decoding: self.buffer, as: UTF8.self)
    }

    /// Whether the server ended the connection in order, and sent nothing before.
    func isEnded() throws -> Bool { try self.readToEnd().isEmpty }

    /// Whether the server reset the connection, after whatever it sent before.
    func isReset() -> Bool {
        do {
            while try self.fill() {}
            return false
        } catch { return error as? RawClientError == .reset }
    }

    private func line() throws -> String {
        var searched = 0
        while true {
            if let end = self.buffer[searched...].firstIndex(of: 10) {
                guard end > 0, self.buffer[end - 1] == 13 else {
                    throw RawClientError.malformed("a line without CR")
                }
                defer { self.buffer.removeFirst(end + 1) }
                return String(decoding: self.buffer[..<(end - 1)], as: UTF8.self)
            }
            searched = self.buffer.count
            guard try self.fill() else { throw RawClientError.ended }
        }
    }

    private func lines() throws -> [String] {
        var lines: [String] = []
        while true {
            let line = try self.line()
            if line.isEmpty { return lines }
            lines.append(line)
        }
    }

    /// Reads a status line and its fields alone.
    func readHead() throws -> RawResponse {
        RawResponse(statusLine: try self.line(), lines: try self.lines(), body: [])
    }

    /// Reads a whole response.
    func readResponse(isToHead: Bool = false) throws -> RawResponse {
        var response = try self.readHead()
        let isBodiless = isToHead || [204, 304].contains(response.status) || response.status < 200
        if isBodiless { return response }
        if let length = response.values("content-length").first {
            guard let length = Int(length) else { throw RawClientError.malformed(length) }
            response.body = try self.read(count: length)
        } else if response.values("transfer-encoding") == ["chunked"] {
            while true {
                let line = try self.line()
                guard let length = Int(line, radix: 16) else {
                    throw RawClientError.malformed(line)
                }
                if length == 0 { break }
                response.body += try self.read(count: length)
                guard try self.line().isEmpty else { throw RawClientError.malformed("chunk end") }
            }
            response.trailers = try self.lines()
        } else {
            while try self.fill() {}
            response.body = self.buffer
            self.buffer = []
        }
        return response
    }

    /// Sends a request and reads its answer.
    func exchange(_ request: String) throws -> RawResponse {
        try self.send(request)
        return try self.readResponse(isToHead: request.hasPrefix("HEAD "))
    }

    func get(_ target: String = "/") throws -> RawResponse {
        try self.exchange("GET \(target) HTTP/1.1\r\nHost: test\r\n\r\n")
    }
}

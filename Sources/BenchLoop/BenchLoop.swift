// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc

/// The least that a server can do: an epoll loop that parses nothing and answers always the same.
///
/// It looks for the blank line and the length, to know where a request ends, and nothing more. What
/// any server does beyond this is its own cost.
@main
struct BenchLoop {
    private static let eventsMax = Int(swiftlet_epoll_events_max)
    private static let bufferBytes = 64 * 1024

    private let epollFD: Int32
    private let listenerFD: Int32
    private let answer: [UInt8]
    private let buffer = UnsafeMutableRawBufferPointer.allocate(
        byteCount: Self.bufferBytes,
        alignment: 16
    )
    /// What each connection still has to send of its request, by descriptor.
    private var missing: [Int] = []

    /// Serves on loopback until it is killed: `BenchLoop PORT ANSWER-BYTES`.
    static func main() {
        let numbers = CommandLine.arguments.dropFirst().compactMap { Int($0) }
        guard numbers.count == 2, let port = UInt16(exactly: numbers[0]) else {
            puts("usage: BenchLoop PORT ANSWER-BYTES")
            exit(2)
        }
        guard var loop = BenchLoop(port: port, answerBytes: numbers[1]) else {
            perror("BenchLoop")
            exit(1)
        }
        loop.run()
    }

    init?(port: UInt16, answerBytes: Int) {
        self.epollFD = swiftlet_epoll_create()
        self.listenerFD = swiftlet_stream_socket(AF_INET)
        self.answer = Self.answer(ofBytes: answerBytes)
        var one: Int32 = 1
        setsockopt(self.listenerFD, SOL_SOCKET, SO_REUSEADDR, &one, 4)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let isBound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(self.listenerFD, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        guard isBound, listen(self.listenerFD, 4096) == 0,
            swiftlet_epoll_add(
                self.epollFD,
                self.listenerFD,
                swiftlet_EPOLLIN,
                UInt64(self.listenerFD)
            ) == 0
        else { return nil }
    }

    /// An answer whose head and body have `count` bytes together.
    private static func answer(ofBytes count: Int) -> [UInt8] {
        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: "
        let bodyBytes = max(0, count - head.utf8.count - 8)
        let text = head + "\(bodyBytes)\r\n\r\n"
        return Array(text.utf8) + [UInt8](repeating: UInt8(ascii: "x"), count: bodyBytes)
    }

    private mutating func run() {
        let events = UnsafeMutablePointer<swiftlet_epoll_event>.allocate(capacity: Self.eventsMax)
        while true {
            let count = swiftlet_epoll_wait(self.epollFD, events, Int32(Self.eventsMax), -1)
            for index in 0..<max(0, Int(count)) {
                let fd = Int32(truncatingIfNeeded: events[index].data)
                if fd == self.listenerFD { self.accept() } else { self.serve(fd) }
            }
        }
    }

    private mutating func accept() {
        while true {
            var length: UInt32 = 0
            let fd = swiftlet_accept(self.listenerFD, nil, &length)
            guard fd >= 0 else { return }
            var one: Int32 = 1
            setsockopt(fd, Int32(IPPROTO_TCP), TCP_NODELAY, &one, 4)
            while self.missing.count <= Int(fd) { self.missing.append(0) }
            self.missing[Int(fd)] = 0
            _ = swiftlet_epoll_add(self.epollFD, fd, swiftlet_EPOLLIN, UInt64(fd))
        }
    }

    private mutating func serve(_ fd: Int32) {
        let count = read(fd, self.buffer.baseAddress, self.buffer.count)
        guard count > 0 else {
            if count == 0 || errno != EAGAIN { close(fd) }
            return
        }
        let index = Int(fd)
        if self.missing[index] == 0 { self.missing[index] = self.requestBytes(count) }
        self.missing[index] -= count
        guard self.missing[index] <= 0 else { return }
        self.missing[index] = 0
        _ = self.answer.withUnsafeBytes { send(fd, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
    }

    /// The length of the request at the start of the buffer, of which `count` bytes are there.
    private func requestBytes(_ count: Int) -> Int {
        let name = "Content-Length:"
        var line = 0
        var bodyBytes = 0
        while line < count, let start = self.buffer.baseAddress?.advanced(by: line),
            let end = memchr(start, 0x0A, count - line)
        {
            let lineBytes = end - start + 1
            line += lineBytes
            if lineBytes == 2 { return line + bodyBytes }
            let text = start.assumingMemoryBound(to: CChar.self)
            if strncasecmp(text, name, name.utf8.count) == 0 {
                bodyBytes = strtol(text + name.utf8.count, nil, 10)
            }
        }
        return count + 1
    }
}

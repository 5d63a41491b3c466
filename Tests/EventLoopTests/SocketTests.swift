// SPDX-License-Identifier: Apache-2.0

import EventLoop
import Glibc
import Testing

@Suite("Sockets", .timeLimit(.minutes(5)))
struct SocketTests {
    /// Waits until the descriptor can do `events`; whether it could before the deadline.
    private static func poll(_ fd: Int32, _ events: Int32) -> Bool {
        var entry = pollfd(fd: fd, events: Int16(events), revents: 0)
        return Glibc.poll(&entry, 1, 20_000) == 1
    }

    private static func accept(_ listener: Int32) throws -> (fd: Int32, peer: SocketAddress)? {
        guard self.poll(listener, POLLIN) else { return nil }
        guard case .connection(let fd, let peer) = try Socket.accept(from: listener) else {
            return nil
        }
        return (fd, peer)
    }

    private static func read(_ fd: Int32) -> String? {
        guard self.poll(fd, POLLIN) else { return nil }
        var bytes = [UInt8](repeating: 0, count: 100)
        switch bytes.withUnsafeMutableBytes({ Socket.read(fd, into: $0) }) {
        case .count(let count): return String(decoding: bytes[..<count], as: UTF8.self)
        case .end: return ""
        case .wouldBlock, .failed: return nil
        }
    }

    private static func write(_ fd: Int32, _ text: String) -> Socket.Transfer {
        Array(text.utf8).withUnsafeBytes { Socket.write(fd, from: $0) }
    }

    private static func code(_ body: () throws -> Int32) -> Int32? {
        do {
            Socket.close(try body())
            return nil
        } catch {
            return (error as? SystemError)?.code
        }
    }

    @Test("every interface is there by IPv6, where there is any, and by IPv4, named as such")
    func everywhere() throws {
        let listener = try Socket.listenEverywhere(port: 0)
        defer { Socket.close(listener) }
        let bound = try Socket.localAddress(of: listener)
        #expect(bound == .ipv6Any(port: bound.port) || bound == .ipv4Any(port: bound.port))
        var addresses = [SocketAddress.ipv4Loopback(port: bound.port)]
        if case .ipv6 = bound, let listener = try? Socket.listen(on: Self.ipv6Loopback(port: 0)) {
            Socket.close(listener)
            addresses.append(Self.ipv6Loopback(port: bound.port))
        }
        for address in addresses {
            let client = try Socket.connect(to: address)
            let server = try #require(try Self.accept(listener))
            #expect(server.peer == (try Socket.localAddress(of: client)))
            Socket.close(client)
            Socket.close(server.fd)
        }
        #expect(Self.code { try Socket.listenEverywhere(port: bound.port) } == EADDRINUSE)
    }

    private static func ipv6Loopback(port: UInt16) -> SocketAddress {
        .ipv6(address: [UInt8](repeating: 0, count: 15) + [1], port: port)
    }

    /// Listens, connects, says a word both ways, and hangs up.
    private static func converse(on address: SocketAddress) throws {
        let listener = try Socket.listen(on: address)
        defer { Socket.close(listener) }
        guard case .none = try Socket.accept(from: listener) else {
            Issue.record("nobody has connected")
            return
        }
        let bound: SocketAddress
        if case .unix = address {
            bound = address
        } else {
            bound = try Socket.localAddress(of: listener)
            #expect(bound.port != 0)
            #expect(bound.host == address.host)
        }
        let client = try Socket.connect(to: bound)
        let server = try #require(try self.accept(listener))
        #expect(self.poll(client, POLLOUT))
        #expect(Socket.takeError(of: client) == 0)
        if case .unix = address {
        } else {
            #expect(server.peer == (try Socket.localAddress(of: client)))
        }
        for fd in [client, server.fd] {
            #expect(fcntl(fd, F_GETFL) & O_NONBLOCK != 0)
            #expect(fcntl(fd, F_GETFD) & FD_CLOEXEC != 0)
        }
        #expect(self.write(client, "ping") == .count(4))
        #expect(self.read(server.fd) == "ping")
        #expect(self.write(server.fd, "pong") == .count(4))
        #expect(self.read(client) == "pong")
        var byte: UInt8 = 0
        #expect(withUnsafeMutableBytes(of: &byte) { Socket.read(client, into: $0) } == .wouldBlock)
        Socket.shutdownWrite(client)
        #expect(self.read(server.fd) == "")
        Socket.close(client)
        Socket.close(server.fd)
    }

    @Test("IPv4") func version4() throws { try Self.converse(on: .ipv4Loopback(port: 0)) }

    @Test("IPv6, where the machine has it")
    func version6() throws {
        let address = try #require(SocketAddress(parsing: "[::1]:0"))
        do {
            Socket.close(try Socket.listen(on: address))
        } catch {
            let code = (error as? SystemError)?.code
            try #require(code == EADDRNOTAVAIL || code == EAFNOSUPPORT)
            return
        }
        try Self.converse(on: address)
    }

    @Test("a path in the file system")
    func path() throws {
        let path = "/tmp/swiftlet-socket-\(getpid())"
        defer { unlink(path) }
        try Self.converse(on: .unix(path: path))
    }

    @Test("a path that does not fit is refused, one that just fits is not")
    func longPath() throws {
        let path = "/tmp/swiftlet-\(getpid())-"
        let longest = path + String(repeating: "x", count: 107 - path.utf8.count)
        defer { unlink(longest) }
        #expect(Self.code { try Socket.listen(on: .unix(path: longest)) } == nil)
        #expect(Self.code { try Socket.listen(on: .unix(path: longest + "x")) } == ENAMETOOLONG)
        #expect(Self.code { try Socket.connect(to: .unix(path: longest + "x")) } == ENAMETOOLONG)
        #expect(Self.code { try Socket.listen(on: .unix(path: "/tmp/a\u{0}b")) } == ENAMETOOLONG)
    }

    @Test("an address in use is an error that names it")
    func inUse() throws {
        let listener = try Socket.listen(on: .ipv4Loopback(port: 0))
        defer { Socket.close(listener) }
        let address = try Socket.localAddress(of: listener)
        let error = #expect(throws: SystemError.self) { try Socket.listen(on: address) }
        #expect(error?.isAddressInUse == true)
        #expect(error?.description == "bind \(address): Address already in use")
    }

    @Test("a refused connection shows when it is decided")
    func refused() throws {
        let listener = try Socket.listen(on: .ipv4Loopback(port: 0))
        let address = try Socket.localAddress(of: listener)
        Socket.close(listener)
        let client: Int32
        do {
            client = try Socket.connect(to: address)
        } catch {
            #expect((error as? SystemError)?.code == ECONNREFUSED)
            return
        }
        defer { Socket.close(client) }
        #expect(Self.poll(client, POLLOUT))
        #expect(Socket.takeError(of: client) == ECONNREFUSED)
        #expect(Socket.takeError(of: client) == 0)
    }

    @Test("a reset is an error for the peer, and so is writing to it")
    func reset() throws {
        let listener = try Socket.listen(on: .ipv4Loopback(port: 0))
        defer { Socket.close(listener) }
        let client = try Socket.connect(to: try Socket.localAddress(of: listener))
        defer { Socket.close(client) }
        let server = try #require(try Self.accept(listener))
        Socket.resetOnClose(server.fd)
        Socket.close(server.fd)
        #expect(Self.poll(client, POLLIN))
        var byte: UInt8 = 0
        let outcome = withUnsafeMutableBytes(of: &byte) { Socket.read(client, into: $0) }
        #expect(outcome == .failed(ECONNRESET))
        #expect(Self.write(client, "x") == .failed(EPIPE))
    }

    @Test("a full socket says that it would block")
    func full() throws {
        let listener = try Socket.listen(on: .ipv4Loopback(port: 0))
        defer { Socket.close(listener) }
        let client = try Socket.connect(to: try Socket.localAddress(of: listener))
        defer { Socket.close(client) }
        let server = try #require(try Self.accept(listener))
        defer { Socket.close(server.fd) }
        #expect(Self.poll(client, POLLOUT))
        let block = String(repeating: "x", count: 1 << 20)
        var outcome = Socket.Transfer.count(0)
        for _ in 0..<1000 where outcome != .wouldBlock { outcome = Self.write(client, block) }
        #expect(outcome == .wouldBlock)
    }

    @Test("two pieces are written one behind the other, as far as there is room")
    func pieces() throws {
        let listener = try Socket.listen(on: .ipv4Loopback(port: 0))
        defer { Socket.close(listener) }
        let client = try Socket.connect(to: Socket.localAddress(of: listener))
        defer { Socket.close(client) }
        #expect(Self.poll(client, POLLOUT))
        let all = [UInt8](repeating: 1, count: 100_000) + [UInt8](repeating: 2, count: 16 << 20)
        var sent = 0
        try all.withUnsafeBytes { bytes in
            // The first piece is empty, whole or the rest of one, as the kernel takes it.
            while true {
                let cut = max(sent, 100_000)
                let first = UnsafeRawBufferPointer(rebasing: bytes[sent..<cut])
                let second = UnsafeRawBufferPointer(rebasing: bytes[cut...])
                switch Socket.write(client, from: first, second) {
                case .count(let count): sent += count
                case .wouldBlock: return
                case let other: throw SystemError("\(other)", code: 0)
                }
            }
        }
        #expect(sent > 100_000 && sent < all.count)
        let server = try #require(try Self.accept(listener)).fd
        defer { Socket.close(server) }
        var received: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        while received.count < sent {
            let count = Glibc.read(server, &buffer, buffer.count)
            guard count >= 0 else {
                try #require(errno == EAGAIN)
                try #require(Self.poll(server, POLLIN))
                continue
            }
            received += buffer[..<count]
        }
        #expect(received == Array(all[..<sent]))
    }

    @Test("an inherited listener is made non-blocking; what does not listen is refused")
    func inherited() throws {
        let listener = try Socket.listen(on: .ipv4Loopback(port: 0))
        defer { Socket.close(listener) }
        #expect(fcntl(listener, F_SETFL, 0) == 0)
        #expect(fcntl(listener, F_SETFD, 0) == 0)
        try Socket.prepareListener(listener)
        #expect(fcntl(listener, F_GETFL) & O_NONBLOCK != 0)
        #expect(fcntl(listener, F_GETFD) & FD_CLOEXEC != 0)
        let client = try Socket.connect(to: try Socket.localAddress(of: listener))
        defer { Socket.close(client) }
        let pipe = Pipe()
        defer { pipe.close() }
        for (fd, code) in [(client, EINVAL), (pipe.readEnd, ENOTSOCK), (-1, EBADF)] {
            let error = #expect(throws: SystemError.self) { try Socket.prepareListener(fd) }
            #expect(error?.code == code)
        }
    }

    @Test("no descriptor left is not the end of a listener")
    func exhausted() async {
        await #expect(processExitsWith: .success) {
            let listener = try Socket.listen(on: .ipv4Loopback(port: 0))
            let address = try Socket.localAddress(of: listener)
            let client = try Socket.connect(to: address)
            precondition(Self.poll(client, POLLOUT) && Self.poll(listener, POLLIN))
            var former = rlimit()
            getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &former)
            var none = rlimit(rlim_cur: 1, rlim_max: former.rlim_max)
            setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &none)
            guard case .exhausted = try Socket.accept(from: listener) else {
                preconditionFailure("accepted beyond the limit")
            }
            precondition((try? Socket.connect(to: address)) == nil)
            precondition((try? EventLoop(name: "none")) == nil)
            setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &former)
            guard case .connection = try Socket.accept(from: listener) else {
                preconditionFailure("the connection waited")
            }
        }
    }

    @Test("a broken listener is an error")
    func broken() throws {
        let pipe = Pipe()
        defer { pipe.close() }
        let error = #expect(throws: SystemError.self) { try Socket.accept(from: pipe.readEnd) }
        #expect(error?.code == ENOTSOCK)
        #expect(throws: SystemError.self) { try Socket.localAddress(of: pipe.readEnd) }
    }
}

@Suite("System errors")
struct SystemErrorTests {
    @Test(
        "say what was tried and the system's words",
        arguments: [
            ("bind 127.0.0.1:80", EACCES, "bind 127.0.0.1:80: Permission denied"),
            ("open", ENOENT, "open: No such file or directory"),
            ("odd", 12345, "odd: Unknown error 12345"), ("fine", 0, "fine: Success"),
            ("odd", -1, "odd: Unknown error -1"),
        ]
    )
    func text(_ call: String, _ code: Int32, _ text: String) {
        #expect(SystemError(call, code: code).description == text)
    }

    @Test("take errno of the calling thread")
    func last() {
        errno = EMFILE
        #expect(SystemError.last("accept") == SystemError("accept", code: EMFILE))
    }

    @Test("know the kinds that callers ask for")
    func kinds() {
        #expect(SystemError("", code: EADDRINUSE).isAddressInUse)
        #expect(!SystemError("", code: EACCES).isAddressInUse)
        #expect(SystemError("", code: ENOSPC).isStorageFull)
        #expect(SystemError("", code: EDQUOT).isStorageFull)
        #expect(!SystemError("", code: EIO).isStorageFull)
    }
}

// SPDX-License-Identifier: Apache-2.0

internal import CLinux
internal import Glibc

/// Stream sockets, non-blocking and closed on exec; descriptors are plain integers with one owner.
package enum Socket {
    /// How many connections the kernel keeps for a listener that is slow to accept.
    package static let backlog: Int32 = 4096

    /// Binds and listens.
    ///
    /// - Parameters:
    ///   - address: Where to listen; port 0 picks a free one.
    ///   - reusesAddress: Whether a port in `TIME_WAIT` may be taken.
    /// - Returns: The socket, owned by the caller.
    /// - Throws: ``SystemError`` naming the address.
    package static func listen(
        on address: SocketAddress,
        reusesAddress: Bool = true
    ) throws -> Int32 {
        try address.check()
        let fd = swiftlet_stream_socket(address.family)
        guard fd >= 0 else { throw SystemError.last("socket") }
        do {
            if reusesAddress { self.set(fd, SOL_SOCKET, SO_REUSEADDR, 1) }
            // Whatever the machine's default is, `::` is every interface.
            if case .ipv6 = address { self.set(fd, Int32(IPPROTO_IPV6), IPV6_V6ONLY, 0) }
            guard address.withSystemAddress({ Glibc.bind(fd, $0, $1) }) == 0 else {
                throw SystemError.last("bind \(address)")
            }
            guard Glibc.listen(fd, self.backlog) == 0 else {
                throw SystemError.last("listen on \(address)")
            }
            return fd
        } catch {
            Glibc.close(fd)
            throw error
        }
    }

    /// Binds and listens on every interface, of IPv6 and IPv4 where there is IPv6.
    ///
    /// - Throws: ``SystemError`` naming the address.
    package static func listenEverywhere(port: UInt16) throws -> Int32 {
        do {
            return try self.listen(on: .ipv6Any(port: port))
        } catch let error as SystemError where [EAFNOSUPPORT, EADDRNOTAVAIL].contains(error.code) {
            return try self.listen(on: .ipv4Any(port: port))
        }
    }

    /// Readies a listener that was inherited: such a one may be blocking, or no listener at all.
    ///
    /// - Throws: ``SystemError`` when it does not listen.
    package static func prepareListener(_ fd: Int32) throws {
        var isListening: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        guard getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &isListening, &length) == 0 else {
            throw SystemError.last("use descriptor \(fd) as a listener")
        }
        guard isListening != 0 else {
            throw SystemError("use descriptor \(fd) as a listener", code: EINVAL)
        }
        let flags = fcntl(fd, F_GETFL)
        guard flags >= 0, fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0,
            fcntl(fd, F_SETFD, FD_CLOEXEC) == 0
        else { throw SystemError.last("fcntl") }
    }

    /// The address that a socket is bound to.
    package static func localAddress(of fd: Int32) throws -> SocketAddress {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let result = withUnsafeMutablePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                getsockname(fd, $0, &length)
            }
        }
        guard result == 0 else { throw SystemError.last("getsockname") }
        return SocketAddress(storage)
    }

    /// What ``accept(from:)`` found.
    package enum Accepted {
        /// A new connection, owned by the caller.
        case connection(fd: Int32, peer: SocketAddress)
        /// No connection waits.
        case none
        /// No descriptor is left in the process or the system.
        case exhausted
    }

    /// Takes one waiting connection.
    ///
    /// - Throws: ``SystemError`` when the listener itself is broken.
    package static func accept(from listener: Int32) throws -> Accepted {
        while true {
            var storage = sockaddr_storage()
            var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
            let fd = swiftlet_accept(listener, &storage, &length)
            if fd >= 0 { return .connection(fd: fd, peer: SocketAddress(storage)) }
            switch errno {
            case EINTR, ECONNABORTED, EPROTO, ENETDOWN, EHOSTDOWN, EHOSTUNREACH, ENETUNREACH:
                continue  // The connection died in the queue: accept(2), error handling.
            case EAGAIN:
                return .none
            case EMFILE, ENFILE, ENOBUFS, ENOMEM:
                return .exhausted
            default:
                throw SystemError.last("accept")
            }
        }
    }

    /// Begins to connect; the socket turns writable when that is decided.
    package static func connect(to address: SocketAddress) throws -> Int32 {
        try address.check()
        let fd = swiftlet_stream_socket(address.family)
        guard fd >= 0 else { throw SystemError.last("socket") }
        let result = address.withSystemAddress { Glibc.connect(fd, $0, $1) }
        guard result == 0 || errno == EINPROGRESS || errno == EINTR else {
            let error = SystemError.last("connect \(address)")
            Glibc.close(fd)
            throw error
        }
        return fd
    }

    /// The pending error of a socket, taken; 0 when there is none.
    package static func takeError(of fd: Int32) -> Int32 {
        var code: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &length)
        return code
    }

    /// Sends small writes at once.
    package static func disableDelay(_ fd: Int32) {
        self.set(fd, Int32(IPPROTO_TCP), TCP_NODELAY, 1)
    }

    /// Makes `close` send a reset, so that the peer sees an error and not an end.
    package static func resetOnClose(_ fd: Int32) {
        var linger = linger(l_onoff: 1, l_linger: 0)
        setsockopt(
            fd,
            SOL_SOCKET,
            SO_LINGER,
            &linger,
            socklen_t(MemoryLayout.size(ofValue: linger))
        )
    }

    /// Ends the sending direction.
    package static func shutdownWrite(_ fd: Int32) { Glibc.shutdown(fd, Int32(SHUT_WR)) }

    /// Closes a descriptor; on Linux it is gone even when this fails.
    package static func close(_ fd: Int32) { Glibc.close(fd) }

    /// The outcome of one read or write.
    package enum Transfer: Equatable {
        /// That many bytes, at least one.
        case count(Int)
        /// Nothing now; wait for the event.
        case wouldBlock
        /// The peer sends no more (reads only).
        case end
        /// The connection is broken, with this `errno`.
        case failed(Int32)
    }

    /// Reads what is there, at most the room in `buffer`.
    @inline(__always)
    package static func read(_ fd: Int32, into buffer: UnsafeMutableRawBufferPointer) -> Transfer {
        while true {
            let count = Glibc.read(fd, buffer.baseAddress, buffer.count)
            if count > 0 { return .count(count) }
            if count == 0 { return .end }
            let code = errno
            if code == EINTR { continue }
            return code == EAGAIN ? .wouldBlock : .failed(code)
        }
    }

    /// As ``read(_:into:)``, from a socket alone, which costs the kernel less.
    @inline(__always)
    package static func receive(
        _ fd: Int32,
        into buffer: UnsafeMutableRawBufferPointer
    ) -> Transfer {
        while true {
            let count = Glibc.recv(fd, buffer.baseAddress, buffer.count, 0)
            if count > 0 { return .count(count) }
            if count == 0 { return .end }
            let code = errno
            if code == EINTR { continue }
            return code == EAGAIN ? .wouldBlock : .failed(code)
        }
    }

    /// How many bytes were received and not read; `nil` when the kernel does not tell.
    package static func unreadLength(of fd: Int32) -> Int? {
        let length = swiftlet_unread_length(fd)
        return length < 0 ? nil : Int(length)
    }

    /// Writes what the kernel takes.
    @inline(__always)
    package static func write(_ fd: Int32, from buffer: UnsafeRawBufferPointer) -> Transfer {
        while true {
            let count = Glibc.send(fd, buffer.baseAddress, buffer.count, Int32(MSG_NOSIGNAL))
            if count >= 0 { return .count(count) }
            let code = errno
            if code == EINTR { continue }
            return code == EAGAIN ? .wouldBlock : .failed(code)
        }
    }

    /// Writes what the kernel takes of two pieces, one behind the other.
    package static func write(
        _ fd: Int32,
        from first: UnsafeRawBufferPointer,
        _ second: UnsafeRawBufferPointer
    ) -> Transfer {
        var pieces = (Self.piece(first), Self.piece(second))
        return withUnsafeMutableBytes(of: &pieces) { pieces in
            var message = msghdr()
            message.msg_iov = pieces.bindMemory(to: iovec.self).baseAddress
            message.msg_iovlen = 2
            while true {
                let count = Glibc.sendmsg(fd, &message, Int32(MSG_NOSIGNAL))
                if count >= 0 { return .count(count) }
                let code = errno
                if code == EINTR { continue }
                return code == EAGAIN ? .wouldBlock : .failed(code)
            }
        }
    }

    private static func piece(_ bytes: UnsafeRawBufferPointer) -> iovec {
        iovec(iov_base: UnsafeMutableRawPointer(mutating: bytes.baseAddress), iov_len: bytes.count)
    }

    private static func set(_ fd: Int32, _ level: Int32, _ option: Int32, _ value: Int32) {
        var value = value
        setsockopt(fd, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
    }
}

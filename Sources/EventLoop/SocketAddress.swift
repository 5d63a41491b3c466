// SPDX-License-Identifier: Apache-2.0

internal import CLinux
internal import Glibc

/// An address that a stream socket can be bound or connected to.
package enum SocketAddress: Sendable, Hashable, CustomStringConvertible {
    /// Four bytes in network order, and a port.
    case ipv4(address: UInt32, port: UInt16)
    /// Sixteen bytes, and a port.
    case ipv6(address: [UInt8], port: UInt16)
    /// A path in the file system.
    case unix(path: String)

    /// `127.0.0.1`, reachable from this machine alone.
    package static func ipv4Loopback(port: UInt16) -> Self {
        .ipv4(address: 0x7F00_0001, port: port)
    }

    /// `0.0.0.0`, every interface.
    package static func ipv4Any(port: UInt16) -> Self { .ipv4(address: 0, port: port) }

    /// `::`, every interface, of IPv4 too.
    package static func ipv6Any(port: UInt16) -> Self {
        .ipv6(address: [UInt8](repeating: 0, count: 16), port: port)
    }

    /// Reads `127.0.0.1:8080`, `[::1]:8080`, `localhost:8080` or `:8080` (every interface).
    ///
    /// Names other than `localhost` are not looked up. The port is digits alone.
    package init?(parsing text: String) {
        guard let colon = text.lastIndex(of: ":"), !text.utf8.contains(0) else { return nil }
        let digits = text[text.index(after: colon)...]
        guard digits.utf8.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }),
            let port = UInt16(digits)
        else { return nil }
        let host = String(text[..<colon])
        if host.hasPrefix("["), host.hasSuffix("]") {
            var address = in6_addr()
            guard inet_pton(AF_INET6, String(host.dropFirst().dropLast()), &address) == 1
            else { return nil }
            self = .ipv6(address: withUnsafeBytes(of: &address) { Array($0) }, port: port)
            return
        }
        let dotted = host.isEmpty ? "0.0.0.0" : host == "localhost" ? "127.0.0.1" : host
        var address = in_addr()
        guard inet_pton(AF_INET, dotted, &address) == 1 else { return nil }
        self = .ipv4(address: UInt32(bigEndian: address.s_addr), port: port)
    }

    /// The port; 0 for a path.
    package var port: UInt16 {
        switch self {
        case .ipv4(_, let port), .ipv6(_, let port): port
        case .unix: 0
        }
    }

    /// The same address with another port; a path stays as it is.
    package func with(port: UInt16) -> Self {
        switch self {
        case .ipv4(let address, _): .ipv4(address: address, port: port)
        case .ipv6(let address, _): .ipv6(address: address, port: port)
        case .unix: self
        }
    }

    /// The address alone, for example `127.0.0.1`.
    package var host: String {
        switch self {
        case .ipv4(let address, _):
            return (0..<4).map { String(address >> (24 - UInt32($0) * 8) & 0xFF) }
                .joined(separator: ".")
        case .ipv6(let address, _):
            guard address.count == 16 else { return "::" }
            var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
            let written = address.withUnsafeBytes {
                inet_ntop(AF_INET6, $0.baseAddress, &text, socklen_t(INET6_ADDRSTRLEN))
            }
            guard let written else { return "::" }
            return String(cString: written)
        case .unix(let path):
            return path
        }
    }

    /// The text form that ``init(parsing:)`` reads; a path has `unix:` before it.
    package var description: String {
        switch self {
        case .ipv4(_, let port): "\(self.host):\(port)"
        case .ipv6(_, let port): "[\(self.host)]:\(port)"
        case .unix(let path): "unix:\(path)"
        }
    }

    var family: Int32 {
        switch self {
        case .ipv4: AF_INET
        case .ipv6: AF_INET6
        case .unix: AF_UNIX
        }
    }

    /// - Throws: ``SystemError`` when a path does not fit, of which a part would be another path.
    func check() throws {
        guard case .unix(let path) = self else { return }
        let room = MemoryLayout.size(ofValue: sockaddr_un().sun_path)
        guard path.utf8.count < room, !path.utf8.contains(0) else {
            throw SystemError("use the path \(path)", code: ENAMETOOLONG)
        }
    }

    /// Lends the address in the form of the system's calls.
    func withSystemAddress<Result>(
        _ body: (UnsafePointer<sockaddr>, socklen_t) throws -> Result
    ) rethrows -> Result {
        var storage = sockaddr_storage()
        let length = withUnsafeMutableBytes(of: &storage) { self.write(into: $0) }
        return try withUnsafePointer(to: &storage) { pointer in
            try pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { try body($0, length) }
        }
    }

    private func write(into bytes: UnsafeMutableRawBufferPointer) -> socklen_t {
        switch self {
        case .ipv4(let address, let port):
            var form = sockaddr_in()
            form.sin_family = sa_family_t(AF_INET)
            form.sin_port = port.bigEndian
            form.sin_addr.s_addr = address.bigEndian
            withUnsafeBytes(of: &form) { bytes.copyMemory(from: $0) }
            return socklen_t(MemoryLayout<sockaddr_in>.size)
        case .ipv6(let address, let port):
            var form = sockaddr_in6()
            form.sin6_family = sa_family_t(AF_INET6)
            form.sin6_port = port.bigEndian
            withUnsafeMutableBytes(of: &form.sin6_addr) { $0.copyBytes(from: address.prefix(16)) }
            withUnsafeBytes(of: &form) { bytes.copyMemory(from: $0) }
            return socklen_t(MemoryLayout<sockaddr_in6>.size)
        case .unix(let path):
            var form = sockaddr_un()
            form.sun_family = sa_family_t(AF_UNIX)
            withUnsafeMutableBytes(of: &form.sun_path) {
                $0.copyBytes(from: path.utf8.prefix($0.count - 1))
            }
            withUnsafeBytes(of: &form) { bytes.copyMemory(from: $0) }
            return socklen_t(MemoryLayout<sockaddr_un>.size)
        }
    }

    /// Takes sixteen bytes; those of an IPv4 address (RFC 4291 section 2.5.5.2) are one again.
    private init(ipv6 bytes: UnsafeRawBufferPointer, port: UInt16) {
        let isMapped =
            bytes.prefix(10).allSatisfy { $0 == 0 } && bytes[10] == 255 && bytes[11] == 255
        if isMapped {
            let address = bytes.loadUnaligned(fromByteOffset: 12, as: UInt32.self)
            self = .ipv4(address: UInt32(bigEndian: address), port: port)
        } else {
            self = .ipv6(address: Array(bytes), port: port)
        }
    }

    /// Reads the form of the system's calls; an unknown family becomes an empty path.
    init(_ storage: sockaddr_storage) {
        self = withUnsafeBytes(of: storage) { bytes in
            switch Int32(storage.ss_family) {
            case AF_INET:
                let form = bytes.loadUnaligned(as: sockaddr_in.self)
                return .ipv4(
                    address: UInt32(bigEndian: form.sin_addr.s_addr),
                    port: UInt16(bigEndian: form.sin_port)
                )
            case AF_INET6:
                let form = bytes.loadUnaligned(as: sockaddr_in6.self)
                let port = UInt16(bigEndian: form.sin6_port)
                return withUnsafeBytes(of: form.sin6_addr) { Self(ipv6: $0, port: port) }
            default:
                return .unix(path: "")
            }
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

import EventLoop
import Glibc

/// A port of loopback that nobody is given by chance, also while nobody listens there.
///
/// Its socket never listens, so connections are refused, and a server that reuses addresses may
/// listen at the port, stop, and listen again.
final class ReservedPort: Sendable {
    let number: UInt16
    private let descriptor: Int32

    init() throws {
        let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        let descriptor = socket(AF_INET, type, 0)
        guard descriptor >= 0 else { throw SystemError.last("socket") }
        do {
            self.number = try Self.bindToLoopback(descriptor)
            self.descriptor = descriptor
        } catch {
            close(descriptor)
            throw error
        }
    }

    private static func bindToLoopback(_ descriptor: Int32) throws -> UInt16 {
        var isOn: Int32 = 1
        let length = socklen_t(MemoryLayout<Int32>.size)
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &isOn, length)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = INADDR_LOOPBACK.bigEndian
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { throw SystemError.last("bind") }
        return try Socket.localAddress(of: descriptor).port
    }

    deinit { close(self.descriptor) }
}

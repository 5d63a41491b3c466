// SPDX-License-Identifier: Apache-2.0

internal import Bytes
internal import CLinux
internal import EventLoop
internal import Glibc

/// Hears from a program that it is ready, as systemd does: `READY=1` in a datagram, sd_notify(3).
///
/// Nothing waits for it, because requests can be sent before: it says when a start was over. The
/// address cannot be guessed by other programs. Belongs to the loop's thread.
final class ReadinessSocket: EventHandler {
    /// The longest datagram that is looked at, in bytes.
    private static let datagramBytesMax = 4096

    /// The value of `NOTIFY_SOCKET`.
    let address: String
    private let loop: EventLoop
    private let ready: () -> Void
    private var fd: Int32

    /// Makes a socket; `ready` is called at most once.
    init(loop: EventLoop, ready: @escaping () -> Void) throws {
        let secret = (0..<16).map { _ in UInt8.random(in: 0 ... .max) }
        self.address = "@swiftlet-" + Hex.encode(secret)
        self.loop = loop
        self.ready = ready
        self.fd = swiftlet_notify_listen(self.address)
        guard self.fd >= 0 else { throw SystemError.last("bind \(self.address)") }
        do {
            try loop.register(self.fd, for: .readable, handler: self)
        } catch {
            Socket.close(self.fd)
            throw error
        }
    }

    func handleEvents(_ events: IOEvents) {
        var datagram = [UInt8](repeating: 0, count: Self.datagramBytesMax)
        let count = datagram.withUnsafeMutableBytes { recv(self.fd, $0.baseAddress, $0.count, 0) }
        guard count > 0 else { return }
        let lines = datagram[..<count].split(separator: UInt8(ascii: "\n"))
        guard lines.contains(where: { $0.elementsEqual("READY=1".utf8) }) else { return }
        self.close()
        self.ready()
    }

    /// Hears no more.
    func close() {
        guard self.fd >= 0 else { return }
        self.loop.deregister(self.fd)
        Socket.close(self.fd)
        self.fd = -1
    }
}

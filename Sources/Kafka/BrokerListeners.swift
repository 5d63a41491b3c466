// SPDX-License-Identifier: Apache-2.0

internal import EventLoop
internal import Glibc

/// The listening sockets of an embedded broker, which librdkafka keeps to itself.
///
/// Its mock cluster sends an answer in pieces and lets the kernel hold back the last one until the
/// client acknowledges those before (RFC 896), which the client's kernel puts off for 40 ms: every
/// other second, all partitions waited for that. Connections have the options of their listener
/// (Linux), so it is enough to find that.
enum BrokerListeners {
    /// Lets all connections that are accepted from now on send at once.
    ///
    /// `bootstrapServers`: `127.0.0.1:PORT`, several joined by commas, of this process.
    static func disableDelay(of bootstrapServers: String) {
        for fd in self.listeners(of: bootstrapServers) { Socket.disableDelay(fd) }
    }

    /// The sockets that listen there; they stay the broker's.
    static func listeners(of bootstrapServers: String) -> [Int32] {
        let addresses = bootstrapServers.split(separator: ",").map(String.init)
        return self.descriptors().filter { fd in
            guard self.isListening(fd), let address = try? Socket.localAddress(of: fd) else {
                return false
            }
            return addresses.contains("\(address)")
        }
    }

    private static func isListening(_ fd: Int32) -> Bool {
        var isListening: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &isListening, &length) == 0
            && isListening != 0
    }

    /// The descriptors that are open.
    private static func descriptors() -> [Int32] {
        guard let folder = opendir("/proc/self/fd") else { return [] }
        defer { closedir(folder) }
        var descriptors: [Int32] = []
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if let descriptor = Int32(name) { descriptors.append(descriptor) }
        }
        return descriptors
    }
}

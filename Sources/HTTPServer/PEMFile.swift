// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// Says what is wrong with a file of PEM, in words that lead to its mending.
enum PEMFile {
    /// More than any chain of certificates has.
    private static let bytesMax = 1 << 20

    /// What keeps a file from being used, when a look at it shows it.
    static func problem(_ path: String, _ content: PEMContent) -> String? {
        let fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard fd >= 0 else { return self.words(errno) }
        defer { close(fd) }
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 16 * 1024)
        while bytes.count <= self.bytesMax {
            let count = read(fd, &block, block.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { return self.words(errno) }
            guard count > 0 else { return content.problem(in: bytes) }
            bytes += block[..<count]
        }
        return "it is larger than 1 MiB"
    }

    private static func words(_ code: Int32) -> String { String(cString: strerror(code)) }
}

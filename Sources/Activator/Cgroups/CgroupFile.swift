// SPDX-License-Identifier: Apache-2.0

internal import EventLoop
internal import Glibc

/// The small files by which the kernel is told about groups.
enum CgroupFile {
    /// The longest text that is read, in bytes.
    private static let bytesMax = 256 * 1024

    /// The text of a file.
    ///
    /// - Throws: `SystemError` naming the file.
    static func read(_ path: String) throws -> String {
        let fd = open(path, O_RDONLY | O_CLOEXEC)
        guard fd >= 0 else { throw SystemError.last("open \(path)") }
        defer { close(fd) }
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 4096)
        while bytes.count < self.bytesMax {
            let count = Glibc.read(fd, &block, block.count)
            guard count >= 0 else { throw SystemError.last("read \(path)") }
            guard count > 0 else { break }
            bytes += block[..<count]
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The words of a file; none when it cannot be read.
    static func words(_ path: String) -> Set<Substring> {
        guard let text = try? self.read(path) else { return [] }
        return Set(text.split { $0 == " " || $0 == "\n" })
    }

    /// The number after a name in a file of lines; `nil` when it is not there.
    static func number(_ name: String, in path: String) -> UInt64? {
        guard let text = try? self.read(path) else { return nil }
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ")
            if words.count == 2, words[0] == name { return UInt64(words[1]) }
        }
        return nil
    }

    /// Writes a text in one piece.
    ///
    /// - Throws: `SystemError` naming the file.
    static func write(_ text: String, to path: String) throws {
        let fd = open(path, O_WRONLY | O_CLOEXEC)
        guard fd >= 0 else { throw SystemError.last("open \(path)") }
        defer { close(fd) }
        guard Glibc.write(fd, text, text.utf8.count) == text.utf8.count else {
            throw SystemError.last("write \(text) to \(path)")
        }
    }
}

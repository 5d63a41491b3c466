// SPDX-License-Identifier: Apache-2.0

internal import EventLoop
internal import Glibc

/// Files that a person names on the command line.
enum Files {
    /// Reads a whole file, or standard input for `-`.
    ///
    /// - Throws: `SystemError` naming the file, or a ``CommandError`` when it is too large.
    static func read(_ path: String, bytesMax: Int) throws -> [UInt8] {
        let fd = path == "-" ? STDIN_FILENO : Glibc.open(path, O_RDONLY | O_CLOEXEC)
        guard fd >= 0 else { throw SystemError.last(path) }
        defer { if fd != STDIN_FILENO { close(fd) } }
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 64 * 1024)
        while true {
            let count = Glibc.read(fd, &block, block.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw SystemError.last(path) }
            guard count > 0 else { return bytes }
            bytes.append(contentsOf: block[..<count])
            guard bytes.count <= bytesMax else {
                throw CommandError("\(path) is larger than \(Terminal.size(bytesMax))")
            }
        }
    }

    /// Writes a whole file, in place of one that is there.
    ///
    /// - Throws: `SystemError` naming the file.
    static func write(_ bytes: [UInt8], to path: String) throws {
        let fd = Glibc.open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard fd >= 0 else { throw SystemError.last(path) }
        defer { close(fd) }
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(fd, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw SystemError.last(path) }
            rest = rest.dropFirst(count)
        }
    }

    /// Opens a regular file and tells how long it is.
    static func open(_ path: String) throws -> (descriptor: Int32, length: Int64) {
        let fd = Glibc.open(path, O_RDONLY | O_CLOEXEC)
        guard fd >= 0 else { throw SystemError.last(path) }
        var status = stat()
        guard fstat(fd, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(fd)
            throw CommandError("\(path) is not a regular file")
        }
        return (fd, Int64(status.st_size))
    }

    /// Whether a path leads to a folder.
    static func isFolder(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    static func close(_ fd: Int32) { Glibc.close(fd) }
}

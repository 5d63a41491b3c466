// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Why a system call failed, in the system's words.
struct SystemFailure: Error {
    var text: String

    static var last: Self { Self(text: String(cString: strerror(errno))) }
}

/// What the system says of files and descriptors.
enum SystemFile {
    /// More of a file of the system is never looked at.
    private static let textBytesMax = 64 * 1024

    /// The first bytes of a file as text.
    static func text(_ path: String) -> Result<String, SystemFailure> {
        let fd = open(path, O_RDONLY | O_CLOEXEC)
        guard fd >= 0 else { return .failure(.last) }
        defer { close(fd) }
        var bytes = [UInt8](repeating: 0, count: self.textBytesMax)
        var length = 0
        while length < bytes.count {
            let count = bytes.withUnsafeMutableBytes {
                Glibc.read(fd, $0.baseAddress.map { $0 + length }, $0.count - length)
            }
            guard count >= 0 else { return .failure(.last) }
            guard count > 0 else { break }
            length += count
        }
        return .success(String(decoding: bytes[..<length], as: UTF8.self))
    }

    static func information(_ path: String) -> FileInfo {
        var status = stat()
        guard stat(path, &status) == 0 else { return FileInfo(error: SystemFailure.last.text) }
        return FileInfo(
            mode: self.permissions(status.st_mode),
            isDir: status.st_mode & S_IFMT == S_IFDIR,
            sourceFile: self.linkTarget(path)
        )
    }

    private static func permissions(_ mode: mode_t) -> String {
        var text = ""
        for shift in [6, 3, 0] {
            let bits = mode >> mode_t(shift)
            text += bits & 4 != 0 ? "r" : "-"
            text += bits & 2 != 0 ? "w" : "-"
            text += bits & 1 != 0 ? "x" : "-"
        }
        return text
    }

    private static func linkTarget(_ path: String) -> String? {
        var bytes = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink(path, &bytes, bytes.count)
        guard count > 0 else { return nil }
        return String(decoding: bytes[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    static func access(_ path: String) -> FileAccess {
        FileAccess(
            readErr: Glibc.access(path, R_OK) == 0 ? nil : SystemFailure.last.text,
            writeErr: Glibc.access(path, W_OK) == 0 ? nil : SystemFailure.last.text
        )
    }

    static func workingDirectory() -> String {
        var bytes = [CChar](repeating: 0, count: Int(PATH_MAX))
        return getcwd(&bytes, bytes.count).map { String(cString: $0) } ?? ""
    }

    /// Whether standard input is at its end, without waiting for one that is not.
    static func standardInput() -> StandardInput {
        var entry = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
        guard poll(&entry, 1, 0) == 1 else { return StandardInput(eof: false) }
        var byte: UInt8 = 0
        let count = Glibc.read(STDIN_FILENO, &byte, 1)
        guard count >= 0 else { return StandardInput(error: SystemFailure.last.text) }
        return StandardInput(eof: count == 0)
    }

    /// The open descriptors and what they lead to.
    static func descriptors() -> [String: String] {
        guard let directory = opendir("/proc/self/fd") else { return [:] }
        defer { closedir(directory) }
        var descriptors: [String: String] = [:]
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard Int32(name) != nil, Int32(name) != dirfd(directory) else { continue }
            descriptors[name] = self.linkTarget("/proc/self/fd/\(name)") ?? ""
        }
        return descriptors
    }
}

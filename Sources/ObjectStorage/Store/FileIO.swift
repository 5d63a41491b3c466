// SPDX-License-Identifier: Apache-2.0

import EventLoop
import Glibc

/// The system calls on files that the store makes: interrupted ones repeated, short ones completed.
enum FileIO {
    private static let copyBytesMax = 1024 * 1024

    /// `open(2)`, closed on `exec`.
    static func open(_ path: String, _ flags: Int32) throws(SystemError) -> OpenFile {
        let descriptor = Glibc.open(path, flags | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw SystemError.last("open") }
        return OpenFile(descriptor: descriptor)
    }

    /// Writes all bytes at the file's position.
    static func write(_ bytes: UnsafeRawBufferPointer, to file: OpenFile) throws(SystemError) {
        var left = bytes
        while let base = left.baseAddress, !left.isEmpty {
            let count = Glibc.write(file.descriptor, base, left.count)
            if count < 0 {
                guard errno == EINTR else { throw SystemError.last("write") }
            } else {
                left = UnsafeRawBufferPointer(rebasing: left[count...])
            }
        }
    }

    /// Writes all bytes at the file's position.
    static func write(_ bytes: [UInt8], to file: OpenFile) throws(SystemError) {
        let result = bytes.withUnsafeBytes { buffer in
            Result { () throws(SystemError) in try self.write(buffer, to: file) }
        }
        try result.get()
    }

    /// Reads at most `count` bytes at `offset`; fewer only at the end of the file.
    static func read(
        _ count: Int,
        at offset: UInt64,
        of file: OpenFile
    ) throws(SystemError) -> [UInt8] {
        var failure: SystemError?
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            while filled < count {
                let result = pread(
                    file.descriptor,
                    buffer.baseAddress.map { $0 + filled },
                    count - filled,
                    off_t(clamping: offset) + filled
                )
                if result == 0 { return }
                if result > 0 {
                    filled += result
                } else if errno != EINTR {
                    failure = SystemError.last("pread")
                    return
                }
            }
        }
        if let failure { throw failure }
        return bytes
    }

    /// Copies a part of one file to the position of another.
    static func copy(
        _ length: UInt64,
        at offset: UInt64,
        of source: OpenFile,
        to target: OpenFile
    ) throws(SystemError) {
        var done: UInt64 = 0
        while done < length {
            let count = Int(min(length - done, UInt64(self.copyBytesMax)))
            let bytes = try self.read(count, at: offset + done, of: source)
            guard !bytes.isEmpty else { throw SystemError("pread", code: EIO) }
            try self.write(bytes, to: target)
            done += UInt64(bytes.count)
        }
    }

    /// The length of a regular file; an error for anything else.
    static func length(of file: OpenFile) throws(SystemError) -> UInt64 {
        var status = stat()
        guard fstat(file.descriptor, &status) == 0 else { throw SystemError.last("fstat") }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw SystemError("fstat", code: EISDIR)
        }
        return UInt64(clamping: status.st_size)
    }

    /// Waits until a file's bytes are safe from a loss of power.
    static func synchronise(_ file: OpenFile) throws(SystemError) {
        while fdatasync(file.descriptor) != 0 {
            guard errno == EINTR else { throw SystemError.last("fdatasync") }
        }
    }

    /// Waits until the names in a folder are safe from a loss of power.
    static func synchroniseFolder(_ path: String) throws(SystemError) {
        let folder = try self.open(path, O_RDONLY | O_DIRECTORY)
        while fsync(folder.descriptor) != 0 {
            guard errno == EINTR else { throw SystemError.last("fsync") }
        }
    }

    /// `rename(2)`: the new name means either the old file or the whole new one, at any moment.
    static func rename(_ path: String, to target: String) throws(SystemError) {
        guard Glibc.rename(path, target) == 0 else { throw SystemError.last("rename") }
    }

    /// Removes a file; one that is missing is as good as removed.
    static func remove(_ path: String) throws(SystemError) {
        guard unlink(path) == 0 || errno == ENOENT else { throw SystemError.last("unlink") }
    }

    /// Makes a folder, which may exist already.
    static func makeFolder(_ path: String) throws(SystemError) {
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw SystemError.last("mkdir") }
    }

    /// Makes a folder and those above it.
    static func makeFolders(_ path: String) throws(SystemError) {
        var prefix = path.hasPrefix("/") ? "" : "."
        for part in path.split(separator: "/") {
            prefix += "/" + part
            try self.makeFolder(prefix)
        }
    }

    /// The names in a folder, in no order.
    static func names(in path: String) throws(SystemError) -> [String] {
        guard let folder = opendir(path) else { throw SystemError.last("opendir") }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(
                    to: CChar.self,
                    capacity: MemoryLayout.size(ofValue: entry.pointee.d_name)
                ) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    /// Removes a folder and all in it; links are removed, not followed.
    static func removeTree(_ path: String) throws(SystemError) {
        guard unlink(path) != 0 else { return }
        guard errno == EISDIR || errno == EPERM else {
            if errno == ENOENT { return }
            throw SystemError.last("unlink")
        }
        for name in try self.names(in: path) { try self.removeTree("\(path)/\(name)") }
        guard rmdir(path) == 0 || errno == ENOENT else { throw SystemError.last("rmdir") }
    }
}

/// A descriptor that is closed with its last owner.
final class OpenFile: Sendable {
    /// The descriptor, open as long as this object lives.
    let descriptor: Int32

    /// Takes over a descriptor.
    init(descriptor: Int32) { self.descriptor = descriptor }

    deinit { close(self.descriptor) }
}

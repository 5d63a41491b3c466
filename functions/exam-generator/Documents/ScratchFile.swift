// SPDX-License-Identifier: Apache-2.0

import EventLoop
import Glibc

/// A file without a name, which is gone as soon as it is closed.
///
/// It is made in a directory that only this user can enter, and both are unlinked at once: nothing
/// stays behind, not even when the process is killed.
final class ScratchFile: Sendable {
    /// For reading and writing; closed with the object.
    let descriptor: Int32

    /// Makes an empty file under `directory`.
    ///
    /// - Throws: ``SystemError`` that names the directory.
    init(in directory: String) throws {
        var template = Array("\(directory)/exam-generator.XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw SystemError.last("make a directory in \(directory)")
        }
        let bytes = template.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        let folder = String(decoding: bytes, as: UTF8.self)
        let path = "\(folder)/document.pdf"
        let descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        let error = SystemError.last("make a file in \(directory)")
        unlink(path)
        rmdir(folder)
        guard descriptor >= 0 else { throw error }
        self.descriptor = descriptor
    }

    deinit { close(self.descriptor) }

    /// How many bytes the file holds.
    var length: Int {
        var status = stat()
        return fstat(self.descriptor, &status) == 0 ? Int(status.st_size) : 0
    }

    /// At most `count` bytes from the start.
    func prefix(_ count: Int) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            filled = max(0, pread(self.descriptor, buffer.baseAddress, count, 0))
        }
    }
}

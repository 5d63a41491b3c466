// SPDX-License-Identifier: Apache-2.0

internal import EventLoop
internal import Glibc

/// The group of one instance: what its process starts is in it too, and cannot leave.
///
/// Belongs to the loop's thread.
final class InstanceCgroup {
    private let path: String
    /// The directory, for whoever starts a process in it.
    let fd: Int32

    /// Makes the group.
    ///
    /// - Parameters:
    ///   - path: Its directory, which is not there yet.
    ///   - memoryBytesMax: What it may use in all, swap included; `nil` for no limit.
    /// - Throws: `SystemError` naming what cannot be done; then there is no group.
    init(path: String, memoryBytesMax: UInt64?) throws {
        self.path = path
        guard mkdir(path, 0o755) == 0 else { throw SystemError.last("mkdir \(path)") }
        do {
            if let memoryBytesMax {
                try CgroupFile.write("\(memoryBytesMax)", to: "\(path)/memory.max")
                // Kernels may have neither.
                try? CgroupFile.write("0", to: "\(path)/memory.swap.max")
                try? CgroupFile.write("1", to: "\(path)/memory.oom.group")
            }
            self.fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            guard self.fd >= 0 else { throw SystemError.last("open \(path)") }
        } catch {
            rmdir(path)
            throw error
        }
    }

    deinit { close(self.fd) }

    /// Whether the kernel ended a process because the group had no memory left.
    var hasRunOutOfMemory: Bool {
        CgroupFile.number("oom_kill", in: "\(self.path)/memory.events") ?? 0 > 0
    }

    /// Ends everything in it at once; the kernel needs a moment for it.
    func kill() { try? CgroupFile.write("1", to: "\(self.path)/cgroup.kill") }

    /// Removes the group; `false` while something is in it.
    func remove() -> Bool { rmdir(self.path) == 0 || errno == ENOENT }
}

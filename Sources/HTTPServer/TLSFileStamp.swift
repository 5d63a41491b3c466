// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// What changes about a file when its content does, be it written, replaced, or reached by another
/// link.
struct TLSFileStamp: Equatable, Sendable {
    private let device: dev_t
    private let inode: ino_t
    private let size: off_t
    private let seconds: time_t
    private let nanoseconds: Int

    /// Looks at a file, behind all links; `nil` when there is none to be seen.
    init?(_ path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        self.device = status.st_dev
        self.inode = status.st_ino
        self.size = status.st_size
        self.seconds = status.st_mtim.tv_sec
        self.nanoseconds = status.st_mtim.tv_nsec
    }
}

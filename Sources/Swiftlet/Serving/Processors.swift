// SPDX-License-Identifier: Apache-2.0

internal import CLinux
internal import Glibc

/// How many processors this process may use, which is what its container was granted.
enum Processors {
    /// Those it is bound to, or fewer when a quota (cgroup v2) grants less time than they have.
    static var count: Int {
        let bound = Int(swiftlet_processor_count())
        return max(1, min(bound, self.quota(self.text(of: "/sys/fs/cgroup/cpu.max")) ?? bound))
    }

    /// What the line of a `cpu.max` grants, in whole processors; `nil` when it sets no limit.
    static func quota(_ line: String) -> Int? {
        let words = line.split { $0 == " " || $0 == "\n" }
        guard words.count == 2, let quota = Int(words[0]), let period = Int(words[1]),
            quota > 0, period > 0
        else { return nil }
        return (quota - 1) / period + 1
    }

    /// A short file; empty when it cannot be read.
    private static func text(of path: String) -> String {
        let fd = open(path, O_RDONLY | O_CLOEXEC)
        guard fd >= 0 else { return "" }
        defer { close(fd) }
        var bytes = [UInt8](repeating: 0, count: 64)
        let count = bytes.withUnsafeMutableBytes { read(fd, $0.baseAddress, $0.count) }
        return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
    }
}

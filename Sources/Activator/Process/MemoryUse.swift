// SPDX-License-Identifier: Apache-2.0

/// The memory of one process that the kernel can only have back by ending it: its own, what it
/// shares that is no file's, and what of both is swapped out.
///
/// Pages of files do not count: the kernel drops them when it needs room, and who maps a large file
/// has done nothing wrong. Nor does what is only reserved, as the stacks of threads are.
struct MemoryUse: Equatable {
    /// In units of 1024 bytes, as the kernel tells it.
    let kilobytes: UInt64

    /// Reads what the kernel tells of a process; `nil` when that is nothing of memory, as of one
    /// that has ended.
    ///
    /// - Parameter status: `/proc/PID/status`, proc(5).
    init?(status: String) {
        var numbers: [Substring: UInt64] = [:]
        for line in status.split(separator: "\n") {
            let words = line.split { $0 == " " || $0 == "\t" }
            guard words.count == 3, words[2] == "kB", let number = UInt64(words[1]) else {
                continue
            }
            numbers[words[0]] = number
        }
        let parts =
            if let own = numbers["RssAnon:"] {
                [own, numbers["RssShmem:"] ?? 0, numbers["VmSwap:"] ?? 0]
            } else {
                // Not every kernel tells it apart from the pages of files.
                [numbers["VmRSS:"]].compactMap(\.self)
            }
        guard !parts.isEmpty else { return nil }
        self.kilobytes = parts.reduce(0) { sum, part in
            let (next, overflows) = sum.addingReportingOverflow(part)
            return overflows ? .max : next
        }
    }

    /// Whether it is more than so many bytes.
    func exceeds(_ bytesMax: UInt64) -> Bool { self.kilobytes > bytesMax / 1024 }
}

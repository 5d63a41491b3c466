// SPDX-License-Identifier: Apache-2.0

internal import EventLoop

/// Looks at the memory of a process that has a limit and no cgroup to hold it.
///
/// RLIMIT_DATA would not do: it counts what is reserved, and so refuses threads to programs that
/// use little, and it does not count what is shared. What the process starts is not looked at.
/// Belongs to the loop's thread.
final class MemoryWatch {
    /// The time between two looks, each of which is one read of a small file.
    private static let period = Duration.seconds(1)

    private let path: String
    private let bytesMax: UInt64
    private let loop: EventLoop
    private let exceeded: () -> Void
    private var timer = TimerID.none
    /// Whether there was more than the limit.
    private(set) var hasExceeded = false

    /// Starts to look.
    ///
    /// - Parameters:
    ///   - pid: The process, which has not been awaited before ``cancel()``.
    ///   - bytesMax: The limit.
    ///   - loop: The loop whose thread this is.
    ///   - exceeded: Called once, when there is more.
    init(
        of pid: Int32,
        bytesMax: UInt64,
        loop: EventLoop,
        exceeded: @escaping () -> Void
    ) {
        self.path = "/proc/\(pid)/status"
        self.bytesMax = bytesMax
        self.loop = loop
        self.exceeded = exceeded
        self.plan()
    }

    /// Looks no more.
    func cancel() { self.loop.cancel(self.timer) }

    private func plan() {
        self.timer = self.loop.schedule(after: Self.period) { [weak self] in self?.look() }
    }

    private func look() {
        // What cannot be read is ending, or hidden; neither is a reason to end it.
        let use = (try? CgroupFile.read(self.path)).flatMap(MemoryUse.init)
        guard use?.exceeds(self.bytesMax) == true else { return self.plan() }
        self.hasExceeded = true
        self.exceeded()
    }
}

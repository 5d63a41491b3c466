// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Counts up, and lets a thread or a task wait for it; nobody waits longer than the deadline.
///
/// `@unchecked Sendable`: owns `raw` from `init` to `deinit`, and sem_overview(7) says that the
/// calls on it are thread-safe.
package final class Semaphore: @unchecked Sendable {
    private let raw = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

    /// Makes one at zero.
    package init() { sem_init(self.raw, 0, 0) }

    deinit {
        sem_destroy(self.raw)
        self.raw.deallocate()
    }

    /// Counts up.
    package func signal() { sem_post(self.raw) }

    /// Whether a signal came before the deadline.
    package func wait(seconds: Int = 240) -> Bool {
        var deadline = timespec()
        clock_gettime(CLOCK_REALTIME, &deadline)
        deadline.tv_sec += seconds
        while sem_timedwait(self.raw, &deadline) != 0 {
            guard errno == EINTR else { return false }
        }
        return true
    }

    /// Waits on a thread of its own, so that no test keeps others from running.
    package func arrives() async -> Bool {
        await withCheckedContinuation { continuation in
            TestThread.start { continuation.resume(returning: self.wait()) }
        }
    }
}

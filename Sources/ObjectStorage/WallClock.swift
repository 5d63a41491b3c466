// SPDX-License-Identifier: Apache-2.0

import Glibc

/// The clock on the wall; everything else takes time as an argument.
enum WallClock {
    /// Nanoseconds since 1970.
    static func nanoseconds() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return UInt64(clamping: time.tv_sec) &* 1_000_000_000 &+ UInt64(clamping: time.tv_nsec)
    }
}

// SPDX-License-Identifier: Apache-2.0

import Bytes

/// Gives each moment once, so that times order objects and name requests.
struct RequestClock {
    private var last: UInt64

    /// Starts after `nanoseconds`, the youngest moment that was given before.
    init(after nanoseconds: UInt64) { self.last = nanoseconds }

    /// The wall clock's time in nanoseconds since 1970, or a little later when that was given.
    mutating func next(at now: UInt64) -> UInt64 {
        self.last = max(now, self.last &+ 1)
        return self.last
    }

    /// A moment as MinIO writes request identifiers: 16 upper-case hexadecimal digits.
    static func identifier(_ nanoseconds: UInt64) -> String {
        Hex.encode(
            (0..<8).reversed().map { UInt8(truncatingIfNeeded: nanoseconds >> ($0 * 8)) },
            uppercase: true
        )
    }
}

// SPDX-License-Identifier: Apache-2.0

public import Bytes
internal import CLinux

extension Timestamp {
    /// The present time.
    public static func now() -> Timestamp {
        Timestamp(nanosecondsSinceEpoch: swiftlet_realtime_nanoseconds())
    }
}

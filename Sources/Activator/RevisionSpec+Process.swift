// SPDX-License-Identifier: Apache-2.0

extension RevisionSpec {
    /// What a process may use; 0 is no limit.
    package struct ResourceLimits: Sendable, Hashable {
        /// Bytes of memory of the process and all that it starts (`resources.limits.memory`).
        ///
        /// Where the activator has no cgroup to hold it, it bounds what each process can write to
        /// and shares with nobody, as ``dataBytesMax`` does.
        package var memoryBytesMax: UInt64 = 0
        /// Bytes of address space.
        package var addressSpaceBytesMax: UInt64 = 0
        /// Bytes of memory that the process can write to and shares with nobody.
        package var dataBytesMax: UInt64 = 0
        /// Seconds of processor time.
        package var processorSecondsMax: UInt64 = 0
        /// Bytes of one file.
        package var fileBytesMax: UInt64 = 0

        /// No limits.
        package init() {}

        /// The limits of a process when no cgroup holds the memory.
        var withoutCgroup: Self {
            var limits = self
            if self.memoryBytesMax > 0 {
                let data = self.dataBytesMax > 0 ? self.dataBytesMax : .max
                limits.dataBytesMax = min(data, self.memoryBytesMax)
            }
            return limits
        }
    }

    /// As whom a program runs: with this group and no other (`securityContext`).
    package struct User: Sendable, Hashable {
        /// The user's number.
        package var id: UInt32
        /// The group's number.
        package var group: UInt32

        /// Names a user and its only group.
        package init(id: UInt32, group: UInt32) {
            self.id = id
            self.group = group
        }
    }
}

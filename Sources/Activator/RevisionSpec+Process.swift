// SPDX-License-Identifier: Apache-2.0

extension RevisionSpec {
    /// What a process may use; 0 is no limit.
    package struct ResourceLimits: Sendable, Hashable {
        /// Bytes of memory of the process and all that it starts (`resources.limits.memory`).
        ///
        /// Where the activator has no cgroup to hold it, it looks at the process alone, once a
        /// second; see ``MemoryUse`` for what counts then.
        package var memoryBytesMax: UInt64 = 0
        /// Bytes of address space.
        package var addressSpaceBytesMax: UInt64 = 0
        /// Seconds of processor time.
        package var processorSecondsMax: UInt64 = 0
        /// Bytes of one file.
        package var fileBytesMax: UInt64 = 0

        /// No limits.
        package init() {}
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

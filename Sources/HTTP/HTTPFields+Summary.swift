// SPDX-License-Identifier: Apache-2.0

extension HTTPFields {
    /// What is known of all lines together, so that nobody has to look at each.
    struct Summary: Sendable {
        /// Which of the names that are told apart are there.
        private(set) var names: HTTPFieldNameSet = []
        /// Those of them that are there more than once.
        private(set) var repeatedNames: HTTPFieldNameSet = []
        /// Whether the lines, from the first to the last, lie in the block as they are sent, all
        /// checked, and with nothing between them.
        private(set) var isRunChecked = true

        init() {}

        /// Adds a line that lies behind all others in the block.
        @inline(__always)
        mutating func add(_ entry: HTTPFieldLine) {
            if !entry.isChecked || !entry.isWireForm { self.isRunChecked = false }
            if entry.field != .other, self.names.insert(entry.field) {
                self.repeatedNames.insert(entry.field)
            }
        }

        /// Notes that other bytes lie between the lines, or may.
        mutating func distrustRun() { self.isRunChecked = false }

        /// Forgets all lines of a name.
        mutating func remove(_ name: HTTPFieldName) {
            self.distrustRun()
            self.names.remove(name)
            self.repeatedNames.remove(name)
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

extension HTTPFields {
    /// What is known of all lines together, so that nobody has to look at each.
    struct Summary: Sendable {
        /// Which of the names that are told apart are there.
        private(set) var names: HTTPFieldNameSet = []
        /// Those of them that are there more than once.
        private(set) var repeatedNames: HTTPFieldNameSet = []
        /// Whether the block is the lines as they are sent, all checked, and nothing else.
        private(set) var isBlockChecked = true

        init() {}

        /// Adds a line that lies behind all others in the block.
        @inline(__always)
        mutating func add(_ entry: HTTPFieldLine) {
            if !entry.isChecked || !entry.isWireForm { self.isBlockChecked = false }
            if entry.field != .other, self.names.insert(entry.field) {
                self.repeatedNames.insert(entry.field)
            }
        }

        /// Notes that other bytes lie between the lines, or may.
        mutating func distrustBlock() { self.isBlockChecked = false }

        /// Forgets all lines of a name.
        mutating func remove(_ name: HTTPFieldName) {
            self.distrustBlock()
            self.names.remove(name)
            self.repeatedNames.remove(name)
        }
    }
}

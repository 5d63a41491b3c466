// SPDX-License-Identifier: Apache-2.0

extension HTTPFields {
    /// What is known of all lines together, so that nobody has to look at each.
    struct Summary: Sendable {
        /// One of 64 bits for each name, and for some that were removed or left behind.
        ///
        /// Nearly all names that a server asks for are absent; this answers without a search.
        private var fingerprints: UInt64 = 0
        /// Which of the names that are told apart are there.
        private(set) var names: HTTPFieldNameSet = []
        /// Those of them that are there more than once.
        private(set) var repeatedNames: HTTPFieldNameSet = []
        /// Whether the block is the lines as they are sent, all checked, and nothing else.
        private(set) var isBlockChecked = true

        init() {}

        /// Adds a line that lies behind all others in the block.
        @inline(__always)
        mutating func add(_ entry: Entry, fingerprint: UInt64) {
            self.fingerprints |= fingerprint
            self.isBlockChecked = self.isBlockChecked && entry.isChecked && entry.isWireForm
            if entry.field != .other, self.names.insert(entry.field) {
                self.repeatedNames.insert(entry.field)
            }
        }

        /// As ``add(_:fingerprint:)``, of a line that is one of others.
        @inline(__always)
        mutating func add(_ entry: Entry, fingerprintsOf others: Self) {
            self.add(entry, fingerprint: others.fingerprints)
        }

        /// Forgets all lines of a name.
        mutating func remove(_ name: HTTPFieldName) {
            self.isBlockChecked = false
            self.names.remove(name)
            self.repeatedNames.remove(name)
        }

        /// Whether a line may have a name; when not, none has.
        @inline(__always)
        func mayContain(_ name: Span<UInt8>) -> Bool {
            self.fingerprints & Self.fingerprint(name) != 0
        }

        /// One of 64 bits, the same for names that differ in case alone.
        @inline(__always)
        static func fingerprint(_ name: Span<UInt8>) -> UInt64 {
            self.fingerprint(length: name.count, first: name.isEmpty ? 0 : UInt64(name[0]))
        }

        /// As ``fingerprint(_:)``, of what it is made from; bytes behind the first do not count.
        @inline(__always)
        static func fingerprint(length: Int, first: UInt64) -> UInt64 {
            // Letters of either case share five bits; a shift takes six of its distance.
            1 &<< (UInt64(truncatingIfNeeded: length &* 5) ^ first & 0x1F)
        }
    }
}

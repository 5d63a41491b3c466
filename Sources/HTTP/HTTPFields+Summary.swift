// SPDX-License-Identifier: Apache-2.0

extension HTTPFields {
    /// What is known of all lines together, so that nobody has to look at each.
    struct Summary: Sendable {
        /// One of 64 bits for each name, and for some that were removed.
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
            let first = name.isEmpty ? 0 : UInt16(name[0])
            let second = name.count < 2 ? UInt16(UInt8(ascii: ":")) : UInt16(name[1])
            return self.fingerprint(length: name.count, firstTwo: first | second &<< 8)
        }

        /// As ``fingerprint(_:)``, of what it is made from: of a name of one byte, that and a colon.
        @inline(__always)
        static func fingerprint(length: Int, firstTwo: UInt16) -> UInt64 {
            let seed = UInt64(firstTwo | 0x2020) | UInt64(truncatingIfNeeded: length) &<< 16
            // The highest bits of a product with many digits depend on all bits of the seed.
            return 1 &<< ((seed &* 0x9E37_79B9_7F4A_7C15) &>> 58)
        }
    }
}

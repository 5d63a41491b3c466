// SPDX-License-Identifier: Apache-2.0

/// Look-ups of names that are told apart; one that is absent costs a test of a bit.
extension HTTPFields {
    /// Whether there is a line of a name.
    package func contains(_ name: HTTPFieldName) -> Bool { self.summary.names.contains(name) }

    /// Whether the line at an index, which must be there, has a name.
    package func isLine(_ index: Int, _ name: HTTPFieldName) -> Bool {
        self.entries[index].field == name
    }

    /// Whether there is more than one line of a name.
    package func isRepeated(_ name: HTTPFieldName) -> Bool {
        self.summary.repeatedNames.contains(name)
    }

    /// Where the value of the first line of a name lies in ``block``.
    package func valueRange(_ name: HTTPFieldName) -> Range<Int>? {
        guard self.contains(name) else { return nil }
        let entries = self.entries.span
        for index in entries.indices where entries[index].field == name {
            return entries[index].valueRange
        }
        return nil
    }

    /// The bytes of the first value of a name.
    package func valueBytes(_ name: HTTPFieldName) -> ArraySlice<UInt8>? {
        self.valueRange(name).map { self.block[$0] }
    }
}

// SPDX-License-Identifier: Apache-2.0

extension String {
    /// Whether both have the same scalars; `==` would also take `é` for `e` with an accent.
    package func hasSameScalars(as other: String) -> Bool {
        let (left, right) = (self.utf8.span, other.utf8.span)
        guard left.count == right.count else { return false }
        for index in left.indices where left[index] != right[index] { return false }
        return true
    }
}

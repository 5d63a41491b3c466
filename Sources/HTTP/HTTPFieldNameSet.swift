// SPDX-License-Identifier: Apache-2.0

/// Some of the names that are told apart, one bit each.
package struct HTTPFieldNameSet: Sendable, Equatable, ExpressibleByArrayLiteral {
    private var bits: UInt32 = 0

    /// What a server says itself in each answer, whatever a handler says of it.
    package static let framing: Self = [
        .connection, .contentLength, .transferEncoding, .keepAlive,
    ]

    /// Makes a set of names.
    @inline(__always)
    package init(arrayLiteral names: HTTPFieldName...) {
        for name in names { self.insert(name) }
    }

    /// Whether a name is in the set.
    @inline(__always)
    package func contains(_ name: HTTPFieldName) -> Bool {
        self.bits &>> UInt32(name.rawValue) & 1 == 1
    }

    /// Adds a name.
    ///
    /// - Returns: Whether it was in the set already.
    @inline(__always) @discardableResult
    mutating func insert(_ name: HTTPFieldName) -> Bool {
        let had = self.contains(name)
        self.bits |= 1 &<< UInt32(name.rawValue)
        return had
    }

    mutating func remove(_ name: HTTPFieldName) { self.bits &= ~(1 &<< UInt32(name.rawValue)) }

    @inline(__always)
    func isDisjoint(with other: Self) -> Bool { self.bits & other.bits == 0 }
}

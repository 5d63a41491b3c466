// SPDX-License-Identifier: Apache-2.0

/// Where one line of ``HTTPFields`` lies in their block, and what is known of it.
///
/// Public, because nothing else is inlined into other modules.
public struct HTTPFieldLine: Sendable {
    @usableFromInline let nameStart: UInt32
    @usableFromInline let nameLength: UInt32
    @usableFromInline let valueStart: UInt32
    @usableFromInline let valueLength: UInt32
    /// Which of the names that are told apart it has.
    let field: HTTPFieldName
    /// Whether the name is a token and the value holds nothing that could end it.
    let isChecked: Bool
    /// Whether the block holds the line as it is sent: `name: value` and CRLF.
    let isWireForm: Bool

    @inline(__always)
    init(
        _ field: HTTPFieldName,
        nameStart: Int,
        nameLength: Int,
        valueStart: Int,
        valueLength: Int,
        isChecked: Bool,
        isWireForm: Bool
    ) {
        self.field = field
        self.nameStart = UInt32(truncatingIfNeeded: nameStart)
        self.nameLength = UInt32(truncatingIfNeeded: nameLength)
        self.valueStart = UInt32(truncatingIfNeeded: valueStart)
        self.valueLength = UInt32(truncatingIfNeeded: valueLength)
        self.isChecked = isChecked
        self.isWireForm = isWireForm
    }

    /// The name, as it was written.
    @inlinable @inline(__always)
    public var nameRange: Range<Int> {
        let start = Int(self.nameStart)
        return unsafe Range(uncheckedBounds: (start, start &+ Int(self.nameLength)))
    }

    /// The value, without the spaces around it.
    @inlinable @inline(__always)
    public var valueRange: Range<Int> {
        let start = Int(self.valueStart)
        return unsafe Range(uncheckedBounds: (start, start &+ Int(self.valueLength)))
    }

    /// The line with its CRLF, when it is in wire form.
    @inline(__always)
    var lineRange: Range<Int> {
        let end = Int(self.valueStart) &+ Int(self.valueLength) &+ 2
        return unsafe Range(uncheckedBounds: (Int(self.nameStart), end))
    }

    /// The same line in a block where it lies `distance` bytes further on.
    @inline(__always)
    func moved(by distance: Int) -> Self {
        Self(
            self.field,
            nameStart: Int(self.nameStart) &+ distance,
            nameLength: Int(self.nameLength),
            valueStart: Int(self.valueStart) &+ distance,
            valueLength: Int(self.valueLength),
            isChecked: self.isChecked,
            isWireForm: self.isWireForm
        )
    }
}

extension HTTPFields {
    /// The name of the line at `index`, in ``block``, as it was written.
    @inlinable @inline(__always)
    package func nameRange(at index: Int) -> Range<Int> { self.entries[index].nameRange }

    /// The value of the line at `index`, in ``block``.
    @inlinable @inline(__always)
    package func valueRange(at index: Int) -> Range<Int> { self.entries[index].valueRange }
}

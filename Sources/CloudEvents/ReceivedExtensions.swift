// SPDX-License-Identifier: Apache-2.0

import HTTP

/// The header lines of an event's extensions, in order.
struct ReceivedExtensions: BitwiseCopyable, Sendable {
    /// KafkaSource sends up to five; of more than this, all are kept as text.
    static let countMax = 16

    private var lines = InlineArray<16, ReceivedText>(repeating: .none)
    private(set) var count = 0

    subscript(_ index: Int) -> ReceivedText { self.lines[index] }

    /// Adds one; `false` when there is no room.
    mutating func append(_ line: ReceivedText) -> Bool {
        guard self.count < Self.countMax else { return false }
        self.lines[self.count] = line
        self.count &+= 1
        return true
    }

    /// Where the name of an extension lies, its letters in either case.
    @inline(__always)
    func nameRange(at index: Int, in headers: borrowing HTTPFields) -> Range<Int> {
        let range = headers.nameRange(at: self.lines[index].line)
        return range.lowerBound &+ Self.prefixLength..<range.upperBound
    }

    /// The length of `ce-`.
    static let prefixLength = 3

    /// Name and value of an extension.
    func attribute(at index: Int, in headers: borrowing HTTPFields) -> (String, CloudEventValue) {
        let range = self.nameRange(at: index, in: headers)
        let name = AttributeName.lowercased(headers.block.span.extracting(range))
        return (name ?? "", .string(self.lines[index].text(in: headers)))
    }

    /// Whether there is an extension with the name in `range`, the case of letters aside.
    @inline(__always)
    func contains(_ range: Range<Int>, in headers: borrowing HTTPFields) -> Bool {
        for index in 0..<self.count {
            let other = self.nameRange(at: index, in: headers)
            if other.count == range.count, Self.areSame(other, range, headers.block.span) {
                return true
            }
        }
        return false
    }

    private static func areSame(
        _ one: Range<Int>,
        _ other: Range<Int>,
        _ block: Span<UInt8>
    ) -> Bool {
        var offset = 0
        while offset < one.count {
            let count = one.count &- offset
            let left = HeaderWord(block, at: one.lowerBound &+ offset, count: count)
            let right = HeaderWord(block, at: other.lowerBound &+ offset, count: count)
            guard left.lowercased.bits == right.lowercased.bits else { return false }
            offset &+= 8
        }
        return true
    }

    /// The index of an extension by its name.
    func index(of name: String, in headers: borrowing HTTPFields) -> Int? {
        guard AttributeName.isValid(name) else { return nil }
        for index in 0..<self.count {
            let range = self.nameRange(at: index, in: headers)
            if AttributeName.equals(headers.block.span.extracting(range), name.utf8.span) {
                return index
            }
        }
        return nil
    }
}

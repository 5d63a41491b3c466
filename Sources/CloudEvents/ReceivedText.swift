// SPDX-License-Identifier: Apache-2.0

import Bytes
import HTTP

/// A header line whose value is that of an attribute, and what the value's bytes mean.
///
/// What was read and found to be right needs no `String` before somebody asks for one, and none to
/// be sent on. Such a value is printable ASCII; all others are kept as text.
struct ReceivedText: BitwiseCopyable, Sendable {
    /// What the bytes mean, and who would write them so.
    enum Form: UInt8, BitwiseCopyable {
        /// They stand for themselves, and both codings write them as they are.
        case bare
        /// They stand for themselves; the strict coding would write some as an escape.
        case plain
        /// They have escapes, which are those that the strict coding would write.
        case escaped
    }

    private let number: UInt16
    let form: Form

    /// No line.
    static let none = Self()

    private init() {
        self.number = .max
        self.form = .bare
    }

    /// The line at an index; `nil` for one that is further down than 16 bits can say.
    @inline(__always)
    init?(line: Int, _ form: Form) {
        guard line < UInt16.max else { return nil }
        self.number = UInt16(truncatingIfNeeded: line)
        self.form = form
    }

    /// Whether there is a line.
    @inline(__always)
    var isPresent: Bool { self.number != .max }

    /// The index of the line.
    @inline(__always)
    var line: Int { Int(self.number) }

    /// Whether a coding would write the value with the same bytes.
    @inline(__always)
    func isWritten(by coding: CloudEventHeaderCoding) -> Bool {
        switch self.form {
        case .bare: true
        case .plain: coding == .knative
        case .escaped: coding == .strict
        }
    }

    /// Lends the value as bytes.
    @inline(__always)
    func withBytes<Result>(
        in headers: borrowing HTTPFields,
        _ body: (Span<UInt8>) -> Result
    ) -> Result {
        let bytes = headers.block.span.extracting(headers.valueRange(at: self.line))
        return self.form == .escaped
            ? CloudEventHeaderCoding.withPercentDecoded(bytes, body) : body(bytes)
    }

    /// The value as text.
    func text(in headers: borrowing HTTPFields) -> String {
        let bytes = headers.block.span.extracting(headers.valueRange(at: self.line))
        // Escapes of ASCII leave ASCII.
        return self.form == .escaped
            ? CloudEventHeaderCoding.percentDecoded(bytes) ?? "" : String(ascii: bytes)
    }
}

extension ReceivedText.Form {
    /// The form of a value; `nil` when it must be decoded to be understood.
    @inline(__always)
    init?(_ block: Span<UInt8>, _ value: Range<Int>, _ coding: CloudEventHeaderCoding) {
        if HeaderWord.marks(block, value, { $0.notBare }) & HeaderWord.highBits == 0 {
            self = .bare
        } else if let form = Self.other(block, value, coding) {
            self = form
        } else {
            return nil
        }
    }

    /// The form of a text that means itself; `nil` when a line cannot hold it.
    init?(literal text: Span<UInt8>) {
        if HeaderWord.marks(text, 0..<text.count, { $0.notBare }) & HeaderWord.highBits == 0 {
            self = .bare
            return
        }
        // Spaces at either end of a line's value are lost.
        guard text[0] != 0x20, text[text.count - 1] != 0x20,
            PrintableASCII.holds(text, without: 0, 0, 0)
        else { return nil }
        self = .plain
    }

    /// Whether a text of this form is what an attribute may be; not for the version, the time and
    /// the content type.
    @inline(__always)
    func isRight(for attribute: CoreAttribute, _ text: Span<UInt8>) -> Bool {
        switch attribute {
        case .source: self == .bare && URIRules.isReference(text)
        case .dataSchema: self == .bare && URIRules.isAbsolute(text)
        default: !text.isEmpty
        }
    }

    /// The form of a value that is not bare.
    private static func other(
        _ block: Span<UInt8>,
        _ value: Range<Int>,
        _ coding: CloudEventHeaderCoding
    ) -> Self? {
        // Old producers send quoted strings.
        guard coding == .knative || block[value.lowerBound] != UInt8(ascii: "\"") else {
            return nil
        }
        var (hasEscape, hasOther) = (false, false)
        var index = value.lowerBound
        while index < value.upperBound {
            // Letters in the place of what lies behind the end.
            let count = value.upperBound &- index
            let place = HeaderWord(block, at: index, count: count, filler: 0x61).firstNotBare
            index &+= place
            guard place < 8 else { continue }
            let byte = block[index]
            if byte == UInt8(ascii: "%"), coding == .strict {
                guard self.isEscape(block, index, value.upperBound) else { return nil }
                hasEscape = true
                index &+= 3
            } else {
                guard byte &- 0x20 < 0x5F else { return nil }
                hasOther = true
                index &+= 1
            }
        }
        guard hasEscape else { return .plain }
        return hasOther ? nil : .escaped
    }

    /// Whether there is the escape of a space, `"` or `%`, which the strict coding writes.
    private static func isEscape(_ block: Span<UInt8>, _ index: Int, _ end: Int) -> Bool {
        guard index &+ 2 < end, block[index &+ 1] == UInt8(ascii: "2") else { return false }
        switch block[index &+ 2] {
        case UInt8(ascii: "0"), UInt8(ascii: "2"), UInt8(ascii: "5"): return true
        default: return false
        }
    }
}

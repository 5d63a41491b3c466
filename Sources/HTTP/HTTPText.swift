// SPDX-License-Identifier: Apache-2.0

internal import Bytes

/// The character classes and small text rules that HTTP messages are made of.
package enum HTTPText {
    /// `tchar` of RFC 9110 section 5.6.2, as two words of 64 bits; a test rebuilds them.
    @inlinable @inline(__always)
    package static func isToken(_ byte: UInt8) -> Bool {
        guard byte < 128 else { return false }
        let word: UInt64 = byte < 64 ? 0x03FF_6CFA_0000_0000 : 0x57FF_FFFF_C7FF_FFFE
        return (word >> UInt64(byte & 63)) & 1 == 1
    }

    /// What a field value may hold: `field-vchar`, space and tab (RFC 9110 section 5.5).
    @inlinable @inline(__always)
    package static func isFieldValue(_ byte: UInt8) -> Bool {
        (byte >= 0x20 && byte != 0x7F) || byte == 0x09
    }

    /// What a request target may hold: visible ASCII (RFC 9112 section 3.2).
    @inlinable @inline(__always)
    package static func isTarget(_ byte: UInt8) -> Bool { byte > 0x20 && byte < 0x7F }

    /// Behind the last of the `tchar` that begin at `start`.
    static func tokenEnd(_ bytes: Span<UInt8>, from start: Int) -> Int {
        var index = start
        while index < bytes.count {
            // Nearly all names are letters, digits and hyphens.
            if let window = SixteenBytes(bytes, at: index) {
                let place = window.firstSpecial
                index &+= place
                if place == 16 { continue }
            }
            guard self.isToken(bytes[index]) else { return index }
            index &+= 1
        }
        return index
    }

    /// Behind the last of the bytes of a request target that begin at `start`.
    static func targetEnd(_ bytes: Span<UInt8>, from start: Int) -> Int {
        var index = start
        while let place = SixteenBytes(bytes, at: index)?.firstInvisible {
            index &+= place
            if place < 16 { return index }
        }
        while index < bytes.count, self.isTarget(bytes[index]) { index &+= 1 }
        return index
    }

    /// Behind the last of the bytes of a field value that begin at `start`.
    @inline(__always)
    static func fieldValueEnd(_ bytes: Span<UInt8>, from start: Int) -> Int {
        var index = start
        while let window = SixteenBytes(bytes, at: index) {
            let place = window.firstControl
            index &+= place
            if place < 16, bytes[index] == 0x0D { return index }
            if place < 16 { break }
        }
        return self.fieldValueEndAtLeisure(bytes, from: index)
    }

    /// As ``fieldValueEnd(_:from:)``, for values with a tab, and close to the end of the bytes.
    private static func fieldValueEndAtLeisure(_ bytes: Span<UInt8>, from start: Int) -> Int {
        var index = start
        while true {
            while let place = EightBytes(bytes, at: index)?.firstControl {
                index &+= place
                if place < 8 { break }
            }
            // What was marked, or one of the last seven.
            guard index < bytes.count, self.isFieldValue(bytes[index]) else { return index }
            index &+= 1
        }
    }

    /// Whether all is `tchar`, and there is something.
    package static func isToken(_ text: some Collection<UInt8>) -> Bool {
        !text.isEmpty && text.allSatisfy { self.isToken($0) }
    }

    /// ASCII letters in lower case, all else as it is.
    @inlinable @inline(__always)
    package static func lowercased(_ byte: UInt8) -> UInt8 {
        byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z") ? byte | 0x20 : byte
    }

    /// Whether two texts are equal but for the case of ASCII letters.
    package static func equalsIgnoringCase(_ bytes: ArraySlice<UInt8>, _ text: String) -> Bool {
        self.equalsIgnoringCase(bytes.span, text.utf8.span)
    }

    /// Whether two texts are equal but for the case of ASCII letters.
    @inline(__always)
    static func equalsIgnoringCase(_ left: Span<UInt8>, _ right: Span<UInt8>) -> Bool {
        guard left.count == right.count else { return false }
        for index in left.indices where left[index] != right[index] {
            guard self.lowercased(left[index]) == self.lowercased(right[index]) else {
                return false
            }
        }
        return true
    }

    /// Without spaces and tabs at both ends (`OWS`, RFC 9110 section 5.6.3).
    package static func trim(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var bytes = bytes
        while let first = bytes.first, first == 0x20 || first == 0x09 { bytes.removeFirst() }
        while let last = bytes.last, last == 0x20 || last == 0x09 { bytes.removeLast() }
        return bytes
    }

    /// A decimal number of digits alone; `nil` for anything else, and past `Int.max`.
    package static func decimal(_ bytes: some Collection<UInt8>) -> Int? {
        guard !bytes.isEmpty else { return nil }
        var number = 0
        for byte in bytes {
            guard self.append(digit: byte, to: &number) else { return nil }
        }
        return number
    }

    /// As for any other bytes.
    package static func decimal(_ bytes: Span<UInt8>) -> Int? {
        guard !bytes.isEmpty else { return nil }
        var number = 0
        // Eighteen digits and fewer are no number past `Int.max`.
        if bytes.count <= 18 {
            for index in bytes.indices {
                let digit = bytes[index] &- UInt8(ascii: "0")
                guard digit <= 9 else { return nil }
                number = number &* 10 &+ Int(digit)
            }
            return number
        }
        for index in bytes.indices {
            guard self.append(digit: bytes[index], to: &number) else { return nil }
        }
        return number
    }

    /// Writes a digit behind a number; `false` for any other byte, and past `Int.max`.
    @inline(__always)
    private static func append(digit byte: UInt8, to number: inout Int) -> Bool {
        let digit = byte &- UInt8(ascii: "0")
        guard digit <= 9, number <= Int.max / 10 else { return false }
        let (sum, overflow) = (number &* 10).addingReportingOverflow(Int(digit))
        number = sum
        return !overflow
    }
}

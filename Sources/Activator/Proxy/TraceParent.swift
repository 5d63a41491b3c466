// SPDX-License-Identifier: Apache-2.0

internal import Bytes

/// The `traceparent` of W3C Trace Context: carried on when it is valid, created when it is not.
///
/// What was created says that nobody recorded anything (flags 00): functions can correlate their
/// log lines by it all the same. Belongs to the loop's thread.
struct TraceParent {
    /// `00-`, 32 digits, `-`, 16 digits, `-`, 2 digits.
    static let length = 55

    private var state: UInt64

    /// Makes a source of identifiers that nobody else has; they are unique, and no secret.
    init(seed: UInt64) { self.state = seed }

    /// Whether a value can be carried on (Trace Context section 3.2).
    ///
    /// Identifiers are in lower case and not zero; versions to come may add more behind.
    static func isValid(_ value: Span<UInt8>) -> Bool {
        guard value.count >= self.length, self.isHex(value, 0..<2), self.isHex(value, 3..<35),
            self.isHex(value, 36..<52), self.isHex(value, 53..<55)
        else { return false }
        let dash = UInt8(ascii: "-")
        guard value[2] == dash, value[35] == dash, value[52] == dash,
            !self.isZero(value, 3..<35), !self.isZero(value, 36..<52)
        else { return false }
        let f = UInt8(ascii: "f")
        if value[0] == f, value[1] == f { return false }
        guard value.count > self.length else { return true }
        return !self.isZero(value, 0..<2) && value[self.length] == dash
    }

    private static func isHex(_ value: Span<UInt8>, _ range: Range<Int>) -> Bool {
        for index in range {
            guard (0x30...0x39).contains(value[index]) || (0x61...0x66).contains(value[index])
            else { return false }
        }
        return true
    }

    private static func isZero(_ value: Span<UInt8>, _ range: Range<Int>) -> Bool {
        for index in range where value[index] != UInt8(ascii: "0") { return false }
        return true
    }

    /// Appends the line of a new trace, for which there must be room.
    mutating func appendLine(to output: inout OutputSpan<UInt8>) {
        output.append("traceparent: 00-")
        Self.append(self.next(), to: &output)
        Self.append(self.next(), to: &output)
        output.append(UInt8(ascii: "-"))
        Self.append(self.next(), to: &output)
        output.append("-00\r\n")
    }

    /// SplitMix64; zero, which no identifier may be, is left out.
    private mutating func next() -> UInt64 {
        while true {
            self.state &+= 0x9E37_79B9_7F4A_7C15
            var mixed = self.state
            mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
            mixed ^= mixed >> 31
            if mixed != 0 { return mixed }
        }
    }

    /// Appends sixteen digits: each byte of a word becomes one at once.
    private static func append(_ number: UInt64, to output: inout OutputSpan<UInt8>) {
        self.append(half: UInt32(truncatingIfNeeded: number >> 32), to: &output)
        self.append(half: UInt32(truncatingIfNeeded: number), to: &output)
    }

    private static func append(half number: UInt32, to output: inout OutputSpan<UInt8>) {
        // Four bits to a byte, the first at the top.
        var digits = UInt64(number)
        digits = (digits | digits << 16) & 0x0000_FFFF_0000_FFFF
        digits = (digits | digits << 8) & 0x00FF_00FF_00FF_00FF
        digits = (digits | digits << 4) & 0x0F0F_0F0F_0F0F_0F0F
        // Those above 9 carry into the fifth bit when 6 is added.
        let letters = ((digits &+ 0x0606_0606_0606_0606) >> 4) & 0x0101_0101_0101_0101
        digits = digits &+ 0x3030_3030_3030_3030 &+ letters &* 0x27
        for place in 1...8 {
            output.append(UInt8(truncatingIfNeeded: digits &>> UInt64(64 &- 8 &* place)))
        }
    }
}

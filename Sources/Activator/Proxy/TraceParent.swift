// SPDX-License-Identifier: Apache-2.0

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
    static func isValid(_ value: ArraySlice<UInt8>) -> Bool {
        let start = value.startIndex
        guard value.count >= self.length else { return false }
        func isHex(_ range: Range<Int>) -> Bool {
            value[(start + range.lowerBound)..<(start + range.upperBound)].allSatisfy {
                (0x30...0x39).contains($0) || (0x61...0x66).contains($0)
            }
        }
        func isZero(_ range: Range<Int>) -> Bool {
            value[(start + range.lowerBound)..<(start + range.upperBound)].allSatisfy {
                $0 == UInt8(ascii: "0")
            }
        }
        let dash = UInt8(ascii: "-")
        guard isHex(0..<2), isHex(3..<35), isHex(36..<52), isHex(53..<55),
            value[start + 2] == dash, value[start + 35] == dash, value[start + 52] == dash,
            !isZero(3..<35), !isZero(36..<52)
        else { return false }
        let version = value[start..<(start + 2)]
        if version.elementsEqual("ff".utf8) { return false }
        guard value.count > self.length else { return true }
        return !isZero(0..<2) && value[start + self.length] == dash
    }

    /// Appends the line of a new trace.
    mutating func appendLine(to output: inout [UInt8]) {
        output.append(contentsOf: "traceparent: 00-".utf8)
        Self.append(self.next(), to: &output)
        Self.append(self.next(), to: &output)
        output.append(UInt8(ascii: "-"))
        Self.append(self.next(), to: &output)
        output.append(contentsOf: "-00\r\n".utf8)
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

    private static func append(_ number: UInt64, to output: inout [UInt8]) {
        for shift in stride(from: UInt64(60), through: 0, by: -4) {
            let digit = UInt8(truncatingIfNeeded: number >> shift & 15)
            output.append(digit < 10 ? 0x30 + digit : 0x57 + digit)
        }
    }
}

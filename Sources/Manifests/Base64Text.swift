// SPDX-License-Identifier: Apache-2.0

/// Reads base64 as Kubernetes does (RFC 4648 section 4): padded, line ends allowed.
enum Base64Text {
    /// The bytes that `text` stands for; `nil` when it is not base64.
    static func decode(_ text: String) -> [UInt8]? {
        let lineEnds: Set<UInt8> = [UInt8(ascii: "\r"), UInt8(ascii: "\n")]
        let symbols = text.utf8.filter { !lineEnds.contains($0) }
        guard symbols.count.isMultiple(of: 4) else { return nil }
        let padding = symbols.suffix(2).count { $0 == UInt8(ascii: "=") }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(symbols.count / 4 * 3)
        var bits: UInt32 = 0
        for (index, symbol) in symbols.dropLast(padding).enumerated() {
            guard let value = self.value(of: symbol) else { return nil }
            bits = (bits & 0xFF_FFFF) << 6 | UInt32(value)
            // Every symbol but the first of four completes a byte.
            let surplus = 6 - index % 4 * 2
            if surplus < 6 { bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(surplus))) }
        }
        // What the last symbol has beyond the last byte is zero, or two texts would be one value.
        let surplusMask: UInt32 = padding == 2 ? 0b1111 : padding == 1 ? 0b11 : 0
        return bits & surplusMask == 0 ? bytes : nil
    }

    private static func value(of symbol: UInt8) -> UInt8? {
        switch symbol {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): symbol - UInt8(ascii: "A")
        case UInt8(ascii: "a")...UInt8(ascii: "z"): symbol - UInt8(ascii: "a") + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): symbol - UInt8(ascii: "0") + 52
        case UInt8(ascii: "+"): 62
        case UInt8(ascii: "/"): 63
        default: nil
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

import Bytes

/// What names and values of attributes may be (CloudEvents 1.0.2 sections 2.1 and 3.1).
enum AttributeRules {
    /// Years that RFC 3339 can write, in seconds since 1970.
    static let secondsRange: ClosedRange<Int64> = -62_167_219_200...253_402_300_799

    /// Whether `name` is one or more of `a`–`z` and `0`–`9`, and not `data`.
    static func isName(_ name: String) -> Bool {
        !name.isEmpty && name != "data"
            && name.utf8.allSatisfy { byte in
                UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte
                    || UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte
            }
    }

    /// Reads RFC 3339; `nil` also for an instant whose year in UTC has not four digits.
    static func timestamp(_ text: String) -> Timestamp? {
        guard let time = Timestamp(rfc3339: text), self.isWritable(time) else { return nil }
        return time
    }

    /// Whether RFC 3339 has a form for the instant.
    static func isWritable(_ time: Timestamp) -> Bool {
        self.secondsRange ~= time.secondsSinceEpoch && 0..<1_000_000_000 ~= time.nanoseconds
    }

    /// Whether all characters may stand in a String attribute.
    static func isAllowed(_ text: String) -> Bool {
        let bytes = text.utf8.span
        for index in bytes.indices where !self.isAllowed(bytes, at: index) { return false }
        return true
    }

    /// Whether the character whose UTF-8 *ends* at `index` is allowed; `bytes` is valid UTF-8.
    ///
    /// Refused: U+0000–001F, U+007F–009F and the 66 noncharacters (U+FDD0–FDEF, and the last two
    /// of each plane).
    static func isAllowed(_ bytes: Span<UInt8>, at index: Int) -> Bool {
        let byte = bytes[index]
        if byte < 0x80 { return byte >= 0x20 && byte != 0x7F }
        guard byte < 0xC0, index >= 1 else { return true }
        let lead = bytes[index - 1]
        if lead == 0xC2 { return byte >= 0xA0 }
        guard byte >= 0x90, index >= 2 else { return true }
        let first = bytes[index - 2]
        // EF B7 90…AF
        if first == 0xEF, lead == 0xB7 { return byte > 0xAF }
        guard lead == 0xBF, byte >= 0xBE else { return true }
        // EF BF BE…BF, and xF BF BE…BF after a lead of four bytes
        if first == 0xEF { return false }
        return !(index >= 3 && bytes[index - 3] >= 0xF0 && first & 0x0F == 0x0F)
    }
}

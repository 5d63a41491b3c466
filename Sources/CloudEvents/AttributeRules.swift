// SPDX-License-Identifier: Apache-2.0

import Bytes

/// What names and values of attributes may be (CloudEvents 1.0.2 sections 2.1 and 3.1).
enum AttributeRules {
    /// Years that RFC 3339 can write, in seconds since 1970.
    static let secondsRange: ClosedRange<Int64> = -62_167_219_200...253_402_300_799

    /// Reads RFC 3339 with its `T`; `nil` also for an instant whose year in UTC has not four
    /// digits.
    static func timestamp(_ text: String) -> Timestamp? {
        if let time = self.plainTimestamp(text.utf8.span) { return time }
        // A space there is for readers of logs (section 5.6).
        guard !text.utf8.contains(UInt8(ascii: " ")), let time = Timestamp(rfc3339: text),
            self.isWritable(time)
        else { return nil }
        return time
    }

    /// Reads `2026-01-02T15:04:05.678Z`, the form that nearly all senders use, and nothing else.
    ///
    /// One pass and no allocation; what it does not know goes the long way.
    static func plainTimestamp(_ text: Span<UInt8>) -> Timestamp? {
        guard text.count >= 20, text[4] == UInt8(ascii: "-"), text[7] == UInt8(ascii: "-"),
            text[10] == UInt8(ascii: "T"), text[13] == UInt8(ascii: ":"),
            text[16] == UInt8(ascii: ":"), text[text.count &- 1] == UInt8(ascii: "Z")
        else { return nil }
        var areDigits = true
        let year = self.pair(text, 0, &areDigits) &* 100 &+ self.pair(text, 2, &areDigits)
        let month = self.pair(text, 5, &areDigits)
        let day = self.pair(text, 8, &areDigits)
        let hour = self.pair(text, 11, &areDigits)
        let minute = self.pair(text, 14, &areDigits)
        let second = self.pair(text, 17, &areDigits)
        // Days past the 28th need the calendar.
        guard areDigits, 1...12 ~= month, 1...28 ~= day, hour < 24, minute < 60, second < 60,
            let nanoseconds = text.count == 20 ? 0 : self.fraction(text, from: 19)
        else { return nil }
        return Timestamp(
            year: Int64(year),
            month: month,
            day: day,
            hour: hour,
            minute: minute,
            second: second,
            nanoseconds: nanoseconds
        )
    }

    /// The number that two digits make.
    @inline(__always)
    private static func pair(_ text: Span<UInt8>, _ index: Int, _ areDigits: inout Bool) -> Int {
        let tens = text[index] &- UInt8(ascii: "0")
        let ones = text[index &+ 1] &- UInt8(ascii: "0")
        areDigits = areDigits && tens < 10 && ones < 10
        return Int(tens) &* 10 &+ Int(ones)
    }

    /// The nanoseconds of `.678Z`, which are one to nine digits up to the last byte.
    private static func fraction(_ text: Span<UInt8>, from start: Int) -> Int32? {
        let digits = start &+ 1..<text.count &- 1
        guard text[start] == UInt8(ascii: "."), 1...9 ~= digits.count else { return nil }
        var number: Int32 = 0
        for index in digits {
            let digit = text[index] &- UInt8(ascii: "0")
            guard digit < 10 else { return nil }
            number = number &* 10 &+ Int32(digit)
        }
        for _ in digits.count..<9 { number = number &* 10 }
        return number
    }

    /// Whether a text is ``CloudEvent/specVersion``.
    static func isSpecVersion(_ text: Span<UInt8>) -> Bool {
        text.count == 3 && text[0] == UInt8(ascii: "1") && text[1] == UInt8(ascii: ".")
            && text[2] == UInt8(ascii: "0")
    }

    /// Whether RFC 3339 has a form for the instant.
    static func isWritable(_ time: Timestamp) -> Bool {
        self.secondsRange ~= time.secondsSinceEpoch && 0..<1_000_000_000 ~= time.nanoseconds
    }

    /// Whether all characters may stand in a String attribute.
    static func isAllowed(_ text: String) -> Bool {
        let bytes = text.utf8.span
        if PrintableASCII.holds(bytes, without: 0, 0, 0) { return true }
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

// SPDX-License-Identifier: Apache-2.0

extension Timestamp {
    /// Reads `2026-01-02T15:04:05.123+01:00` (RFC 3339 section 5.6); `nil` when it is not that.
    ///
    /// A leap second, `23:59:60` in UTC (section 5.7), becomes the second after; digits past the
    /// ninth are dropped.
    public init?(rfc3339 text: some StringProtocol) {
        var reader = TimestampReader(text.utf8)
        guard let year = reader.number(digits: 4), reader.accept("-"),
            let month = reader.number(digits: 2), reader.accept("-"),
            let day = reader.number(digits: 2),
            reader.accept("T") || reader.accept("t") || reader.accept(" "),
            let hour = reader.number(digits: 2), reader.accept(":"),
            let minute = reader.number(digits: 2), reader.accept(":"),
            let second = reader.number(digits: 2)
        else { return nil }
        var nanoseconds: Int32 = 0
        if reader.accept(".") {
            guard let fraction = reader.fraction() else { return nil }
            nanoseconds = fraction
        }
        guard let offset = reader.offsetSeconds(), reader.isAtEnd,
            1...12 ~= month, 1...Self.dayCount(year: year, month: month) ~= day,
            hour < 24, minute < 60, second <= 60
        else { return nil }
        let local = Timestamp(
            year: Int64(year),
            month: month,
            day: day,
            hour: hour,
            minute: minute,
            second: second,
            nanoseconds: nanoseconds
        )
        let seconds = local.secondsSinceEpoch - Int64(offset)
        // Carried over, a leap second is the first of a day.
        guard second < 60 || seconds % 86_400 == 0 else { return nil }
        self.init(secondsSinceEpoch: seconds, nanoseconds: nanoseconds)
    }

    private static func dayCount(year: Int, month: Int) -> Int {
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        switch month {
        case 2: return isLeap ? 29 : 28
        case 4, 6, 9, 11: return 30
        default: return 31
        }
    }

    /// The instant itself, or the nearest one that four digits of a year can name.
    ///
    /// Timestamps come from outside, Kafka's as any 64 bits: all of them must have a text.
    private var inFourDigitYears: Timestamp {
        let first = Timestamp(secondsSinceEpoch: -62_167_219_200)  // 0000-01-01T00:00:00Z
        let last = Timestamp(secondsSinceEpoch: 253_402_300_799, nanoseconds: 999_999_999)
        return min(max(self, first), last)
    }

    /// `2026-01-02T15:04:05.123Z`, always in UTC (RFC 3339).
    ///
    /// Instants outside of the years 0…9999, which RFC 3339 cannot name, are held at their borders.
    ///
    /// - Parameter fractionDigits: 0…9 digits of a second, cut off, not rounded; `nil` writes as
    ///   many as the value has, and no point when it has none.
    /// - Returns: The text.
    public func rfc3339(fractionDigits: Int? = nil) -> String {
        self.rfc3339Text(fractionDigits).string
    }

    /// Lends ``rfc3339(fractionDigits:)`` as bytes, without an allocation.
    package func withRFC3339<Result>(_ body: (Span<UInt8>) -> Result) -> Result {
        self.rfc3339Text(nil).withBytes(body)
    }

    private func rfc3339Text(_ fractionDigits: Int?) -> TimestampWriter {
        let shown = self.inFourDigitYears
        let date = shown.components
        var text = TimestampWriter()
        text.date(date, separator: "-")
        text.append("T")
        text.clock(date, separator: ":")
        text.fraction(shown.nanoseconds, digits: fractionDigits)
        text.append("Z")
        return text
    }

    /// `Fri, 02 Jan 2026 15:04:05 GMT` (RFC 9110 section 5.6.7).
    public var httpDate: String {
        let date = self.inFourDigitYears.components
        var text = TimestampWriter()
        text.append(TimestampWriter.weekdays[date.weekday])
        text.append(", ")
        text.number(date.day, digits: 2)
        text.append(" ")
        text.append(TimestampWriter.months[date.month - 1])
        text.append(" ")
        text.number(Int(date.year), digits: 4)
        text.append(" ")
        text.clock(date, separator: ":")
        text.append(" GMT")
        return text.string
    }

    /// `20260102T150405Z`, the form of AWS signatures.
    public var amzDate: String {
        let date = self.inFourDigitYears.components
        var text = TimestampWriter()
        text.date(date, separator: "")
        text.append("T")
        text.clock(date, separator: "")
        text.append("Z")
        return text.string
    }

    /// Reads ``amzDate``; `nil` when it is not that.
    public init?(amzDate text: some StringProtocol) {
        let bytes = Array(text.utf8)
        guard bytes.count == 16 else { return nil }
        func part(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }
        let extended =
            part(0..<4) + "-" + part(4..<6) + "-" + part(6..<11) + ":" + part(11..<13) + ":"
            + part(13..<16)
        guard bytes[8] == UInt8(ascii: "T"), bytes[15] == UInt8(ascii: "Z") else { return nil }
        self.init(rfc3339: extended)
    }
}

/// Reads the fields of a timestamp from left to right.
private struct TimestampReader {
    private let bytes: [UInt8]
    private var index = 0

    init(_ bytes: some Sequence<UInt8>) { self.bytes = Array(bytes) }

    var isAtEnd: Bool { self.index == self.bytes.count }

    mutating func accept(_ character: Unicode.Scalar) -> Bool {
        guard self.index < self.bytes.count, self.bytes[self.index] == UInt8(ascii: character)
        else { return false }
        self.index += 1
        return true
    }

    private mutating func digit() -> Int? {
        guard self.index < self.bytes.count,
            UInt8(ascii: "0")...UInt8(ascii: "9") ~= self.bytes[self.index]
        else { return nil }
        defer { self.index += 1 }
        return Int(self.bytes[self.index] - UInt8(ascii: "0"))
    }

    mutating func number(digits: Int) -> Int? {
        var number = 0
        for _ in 0..<digits {
            guard let digit = self.digit() else { return nil }
            number = number * 10 + digit
        }
        return number
    }

    mutating func fraction() -> Int32? {
        guard var nanoseconds = self.digit() else { return nil }
        var count = 1
        while let digit = self.digit() {
            guard count < 9 else { continue }
            nanoseconds = nanoseconds * 10 + digit
            count += 1
        }
        while count < 9 {
            nanoseconds *= 10
            count += 1
        }
        return Int32(nanoseconds)
    }

    mutating func offsetSeconds() -> Int? {
        if self.accept("Z") || self.accept("z") { return 0 }
        let sign: Int
        if self.accept("+") {
            sign = 1
        } else if self.accept("-") {
            sign = -1
        } else {
            return nil
        }
        guard let hours = self.number(digits: 2), self.accept(":"),
            let minutes = self.number(digits: 2), hours < 24, minutes < 60
        else { return nil }
        return sign * (hours * 3600 + minutes * 60)
    }
}

/// Writes the fields of a timestamp from left to right.
private struct TimestampWriter {
    static let weekdays: [StaticString] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    static let months: [StaticString] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// Room for the longest form, `2026-01-02T15:04:05.123456789Z`.
    private var bytes = InlineArray<32, UInt8>(repeating: 0)
    private var count = 0

    var string: String { self.withBytes { String(decoding: [UInt8](copying: $0), as: UTF8.self) } }

    func withBytes<Result>(_ body: (Span<UInt8>) -> Result) -> Result {
        body(self.bytes.span.extracting(first: self.count))
    }

    private mutating func append(_ byte: UInt8) {
        self.bytes[self.count] = byte
        self.count += 1
    }

    mutating func append(_ text: StaticString) {
        // Safety: a static string has that many bytes, for ever.
        for index in 0..<text.utf8CodeUnitCount { self.append(unsafe text.utf8Start[index]) }
    }

    /// Writes the last digits of a number of 0 or more.
    mutating func number(_ value: Int, digits: Int) {
        var rest = UInt32(truncatingIfNeeded: value)
        for place in (0..<digits).reversed() {
            self.bytes[self.count + place] = UInt8(ascii: "0") + UInt8(rest % 10)
            rest /= 10
        }
        self.count += digits
    }

    mutating func date(_ date: Timestamp.Components, separator: StaticString) {
        self.number(Int(date.year), digits: 4)
        self.append(separator)
        self.number(date.month, digits: 2)
        self.append(separator)
        self.number(date.day, digits: 2)
    }

    mutating func clock(_ date: Timestamp.Components, separator: StaticString) {
        self.number(date.hour, digits: 2)
        self.append(separator)
        self.number(date.minute, digits: 2)
        self.append(separator)
        self.number(date.second, digits: 2)
    }

    mutating func fraction(_ nanoseconds: Int32, digits: Int?) {
        var digitsLeft = min(max(digits ?? 9, 0), 9)
        var value = Int(nanoseconds)
        for _ in digitsLeft..<9 { value /= 10 }
        if digits == nil {
            while digitsLeft > 0, value % 10 == 0 {
                value /= 10
                digitsLeft -= 1
            }
        }
        guard digitsLeft > 0 else { return }
        self.append(".")
        self.number(value, digits: digitsLeft)
    }
}

// SPDX-License-Identifier: Apache-2.0

/// An instant on the UTC calendar, to the nanosecond.
public struct Timestamp: Sendable, Hashable, Comparable {
    /// Whole seconds since 1970-01-01T00:00:00Z, rounded down.
    public var secondsSinceEpoch: Int64
    /// The rest, 0…999 999 999.
    public var nanoseconds: Int32

    /// Makes an instant; `nanoseconds` beyond a second are carried over.
    public init(secondsSinceEpoch: Int64, nanoseconds: Int32 = 0) {
        let carry = Self.floorDivide(Int64(nanoseconds), 1_000_000_000)
        self.secondsSinceEpoch = secondsSinceEpoch &+ carry
        self.nanoseconds = Int32(Int64(nanoseconds) - carry * 1_000_000_000)
    }

    /// Makes an instant from nanoseconds since 1970.
    public init(nanosecondsSinceEpoch: UInt64) {
        self.secondsSinceEpoch = Int64(nanosecondsSinceEpoch / 1_000_000_000)
        self.nanoseconds = Int32(nanosecondsSinceEpoch % 1_000_000_000)
    }

    /// Makes an instant from milliseconds since 1970, Kafka's unit.
    public init(millisecondsSinceEpoch: Int64) {
        let (seconds, rest) = millisecondsSinceEpoch.quotientAndRemainder(dividingBy: 1000)
        self.init(secondsSinceEpoch: seconds, nanoseconds: Int32(rest) * 1_000_000)
    }

    /// Makes an instant from a date and time of day in UTC.
    ///
    /// Fields out of range give no error but are carried over. Years are for people: within ±10^9.
    public init(
        year: Int64,
        month: Int,
        day: Int,
        hour: Int = 0,
        minute: Int = 0,
        second: Int = 0,
        nanoseconds: Int32 = 0
    ) {
        let days = Self.daysSinceEpoch(year: year, month: month, day: day)
        let clock = Int64(hour) * 3600 + Int64(minute) * 60 + Int64(second)
        self.init(secondsSinceEpoch: days * 86_400 + clock, nanoseconds: nanoseconds)
    }

    /// Orders by time.
    public static func < (left: Self, right: Self) -> Bool {
        (left.secondsSinceEpoch, left.nanoseconds) < (right.secondsSinceEpoch, right.nanoseconds)
    }

    /// A calendar date and time of day in UTC.
    public struct Components: Sendable, Equatable {
        /// The year, for example 2026.
        public var year: Int64
        /// 1…12.
        public var month: Int
        /// 1…31.
        public var day: Int
        /// 0…23.
        public var hour: Int
        /// 0…59.
        public var minute: Int
        /// 0…59.
        public var second: Int
        /// 0 is Sunday.
        public var weekday: Int
    }

    /// The date and time of day in UTC.
    public var components: Components {
        let days = Self.floorDivide(self.secondsSinceEpoch, 86_400)
        // By the remainder: `days * 86_400` would not fit for the first day that Int64 can name.
        let remainder = Int(self.secondsSinceEpoch % 86_400)
        let clock = remainder < 0 ? remainder + 86_400 : remainder
        // Counted in eras of 400 years that begin on 1 March, so that leap days come last.
        let shifted = days + 719_468
        let era = Self.floorDivide(shifted, 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = Int(shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9)
        return Components(
            year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
            month: month,
            day: Int(dayOfYear - (153 * shiftedMonth + 2) / 5 + 1),
            hour: clock / 3600,
            minute: clock / 60 % 60,
            second: clock % 60,
            weekday: Int(days + 4 - Self.floorDivide(days + 4, 7) * 7)
        )
    }

    private static func daysSinceEpoch(year: Int64, month: Int, day: Int) -> Int64 {
        let shiftedYear = month <= 2 ? year - 1 : year
        let era = self.floorDivide(shiftedYear, 400)
        let yearOfEra = shiftedYear - era * 400
        let shiftedMonth = Int64(month > 2 ? month - 3 : month + 9)
        let dayOfYear = (153 * shiftedMonth + 2) / 5 + Int64(day) - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }

    private static func floorDivide(_ value: Int64, _ divisor: Int64) -> Int64 {
        let quotient = value / divisor
        return value % divisor < 0 ? quotient - 1 : quotient
    }
}

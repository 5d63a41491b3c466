// SPDX-License-Identifier: Apache-2.0

/// Reads the two forms in which manifests write lengths of time.
enum DurationText {
    /// Why a length of time cannot be read.
    enum Failure: Error {
        /// It is not of the expected form.
        case malformed
        /// Years and months have no fixed length.
        case calendarUnit
        /// It is longer than ``hoursMax``.
        case tooLong
    }

    /// The longest that is read: a year.
    static let hoursMax: Int64 = 366 * 24

    private static let nanosecondsMax = hoursMax * 3_600_000_000_000

    /// Reads `PT0.3S` or `P1DT2H` (ISO 8601-1 section 5.5.2).
    ///
    /// Only the last part may have a fraction; each unit occurs once, in descending order.
    static func iso8601(_ text: String) throws(Failure) -> Duration {
        var rest = Substring(text)
        guard rest.popFirst() == "P" else { throw .malformed }
        var isTime = false
        var units = Substring("YMWD")
        var sum: Int64 = 0
        var partCount = 0
        while !rest.isEmpty {
            if rest.first == "T" {
                guard !isTime, rest.count > 1 else { throw .malformed }
                rest.removeFirst()
                isTime = true
                units = "HMS"
            }
            let number = rest.prefix { self.isDigit($0) || $0 == "." || $0 == "," }
            rest = rest[number.endIndex...]
            guard let unit = rest.popFirst(), let index = units.firstIndex(of: unit) else {
                throw .malformed
            }
            units = units[units.index(after: index)...]
            if !isTime, unit == "Y" || unit == "M" { throw .calendarUnit }
            let digits = String(number.map { $0 == "," ? "." : $0 })
            guard !digits.contains(".") || rest.isEmpty else { throw .malformed }
            sum = try self.sum(sum, digits, of: self.isoUnits[unit])
            partCount += 1
        }
        guard partCount > 0 else { throw .malformed }
        return .nanoseconds(sum)
    }

    /// Reads `90s`, `1m30s` or `1.5h`, as Go's `time.ParseDuration` does.
    static func go(_ text: String) throws(Failure) -> Duration {
        guard text != "0" else { return .zero }
        var rest = Substring(text)
        if rest.first == "+" { rest.removeFirst() }
        guard !rest.isEmpty else { throw .malformed }
        var sum: Int64 = 0
        while !rest.isEmpty {
            let number = rest.prefix { self.isDigit($0) || $0 == "." }
            rest = rest[number.endIndex...]
            let unit = rest.prefix { !self.isDigit($0) && $0 != "." }
            rest = rest[unit.endIndex...]
            sum = try self.sum(sum, String(number), of: self.goUnits[unit])
        }
        return .nanoseconds(sum)
    }

    private static let isoUnits: [Character: Int64] = [
        "W": 604_800_000_000_000, "D": 86_400_000_000_000, "H": 3_600_000_000_000,
        "M": 60_000_000_000, "S": 1_000_000_000,
    ]

    private static let goUnits: [Substring: Int64] = [
        "h": 3_600_000_000_000, "m": 60_000_000_000, "s": 1_000_000_000, "ms": 1_000_000,
        "us": 1000, "µs": 1000, "μs": 1000, "ns": 1,
    ]

    private static func isDigit(_ character: Character) -> Bool {
        character.isASCII && character.isNumber
    }

    /// Adds `number` times `unit`, in nanoseconds.
    private static func sum(
        _ sum: Int64,
        _ number: String,
        of unit: Int64?
    ) throws(Failure) -> Int64 {
        guard let unit else { throw .malformed }
        let parts = number.split(separator: ".", omittingEmptySubsequences: false)
        guard 1...2 ~= parts.count, parts.contains(where: { !$0.isEmpty }) else {
            throw .malformed
        }
        var total = sum
        if !parts[0].isEmpty {
            guard let whole = Int64(parts[0]) else { throw .tooLong }
            let (product, overflow) = whole.multipliedReportingOverflow(by: unit)
            guard !overflow, product <= self.nanosecondsMax else { throw .tooLong }
            total += product
        }
        if parts.count == 2 {
            // What is shorter than a nanosecond is cut off.
            var digitUnit = unit
            for digit in parts[1] {
                digitUnit /= 10
                total += Int64(digit.wholeNumberValue ?? 0) * digitUnit
            }
        }
        guard total <= self.nanosecondsMax else { throw .tooLong }
        return total
    }
}

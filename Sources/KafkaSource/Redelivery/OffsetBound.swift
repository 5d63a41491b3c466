// SPDX-License-Identifier: Apache-2.0

internal import Bytes

/// Where a range of a topic begins or ends, as a person says it.
package enum OffsetBound: Sendable, Equatable {
    /// The oldest record that is still there.
    case beginning
    /// After the newest record.
    case end
    /// A position in each partition.
    case offset(Int64)
    /// The first record that is not older, in milliseconds since 1970.
    case time(Int64)
    /// The same, so long before now.
    case ago(Duration)

    /// The longest time ago, in seconds: a hundred years.
    private static let secondsAgoMax = 100 * 366 * 86_400.0
    private static let units: [(suffix: String, seconds: Double)] = [
        ("ms", 0.001), ("s", 1), ("m", 60), ("h", 3600), ("d", 86_400),
    ]

    /// Reads `beginning`, `end`, an offset, a time (RFC 3339) or a duration such as `90s`, `2h`,
    /// `7d`; `nil` for anything else.
    package init?(_ text: String) {
        switch text {
        case "beginning": self = .beginning
        case "end": self = .end
        default:
            if let offset = Self.digits(text) {
                self = .offset(offset)
            } else if let time = Timestamp(rfc3339: text) {
                self = .time(Self.milliseconds(time))
            } else if let duration = Self.duration(text) {
                self = .ago(duration)
            } else {
                return nil
            }
        }
    }

    /// The time that is meant, in milliseconds since 1970; `nil` when it is no time.
    func milliseconds(now: Timestamp) -> Int64? {
        switch self {
        case .beginning, .end, .offset: nil
        case .time(let milliseconds): milliseconds
        case .ago(let duration):
            max(0, Self.milliseconds(now) - Int64(duration / .milliseconds(1)))
        }
    }

    private static func milliseconds(_ time: Timestamp) -> Int64 {
        time.secondsSinceEpoch * 1000 + Int64(time.nanoseconds) / 1_000_000
    }

    private static func digits(_ text: String) -> Int64? {
        guard text.utf8.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }) else {
            return nil
        }
        return Int64(text)
    }

    private static func duration(_ text: String) -> Duration? {
        for unit in self.units where text.hasSuffix(unit.suffix) {
            let number = text.dropLast(unit.suffix.count)
            guard number.utf8.allSatisfy({ 0x30...0x39 ~= $0 || $0 == 0x2E }),
                let value = Double(number), value * unit.seconds <= Self.secondsAgoMax
            else { continue }
            return .seconds(value * unit.seconds)
        }
        return nil
    }
}

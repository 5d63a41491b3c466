// SPDX-License-Identifier: Apache-2.0

internal import Bytes
internal import HTTP

/// What an attempt to deliver an event came to.
enum DeliveryOutcome: Sendable, Equatable {
    /// The receiver took responsibility for the event.
    case accepted
    /// It did not; perhaps it will later. Overload is a matter of all events, not of this one.
    case refused(isRetriable: Bool, retryAfter: Duration?, isOverload: Bool = false)

    /// No attempt of the same event will ever succeed.
    static let hopeless = Self.refused(isRetriable: false, retryAfter: nil)

    /// Judges an answer (Knative specification, eventing data plane, "Retries").
    ///
    /// 2xx is success. 404 counts as not ready yet, so it is retried like 408, 409, 429 and 5xx;
    /// all else, redirects included, fails at once.
    init(_ status: HTTPStatus, retryAfter: String?, now: Timestamp) {
        guard !status.isSuccess else {
            self = .accepted
            return
        }
        switch status.rawValue {
        case 404, 408, 409, 429, 500...:
            let wait = retryAfter.flatMap { RetryAfter.parse($0, now: now) }
            let isOverload = status == .tooManyRequests || status == .serviceUnavailable
            self = .refused(isRetriable: true, retryAfter: wait, isOverload: isOverload)
        default: self = .hopeless
        }
    }
}

/// The field `Retry-After` (RFC 9110 section 10.2.3).
enum RetryAfter {
    /// Longer waits are not believed; the policy has a limit of its own below this.
    private static let secondsMax: Int64 = 366 * 86_400
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// Reads seconds or a date; `nil` for anything else, which then counts as absent.
    static func parse(_ text: String, now: Timestamp) -> Duration? {
        if !text.isEmpty, text.utf8.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }) {
            return .seconds(min(Int64(text) ?? Self.secondsMax, Self.secondsMax))
        }
        guard let date = self.date(text) else { return nil }
        let seconds = date.secondsSinceEpoch - now.secondsSinceEpoch
        return .seconds(max(0, min(seconds, Self.secondsMax)))
    }

    /// Reads an IMF-fixdate, `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 section 5.6.7).
    private static func date(_ text: String) -> Timestamp? {
        let parts = text.split(separator: " ", omittingEmptySubsequences: false)
        guard parts.count == 6, parts[0].count == 4, parts[0].hasSuffix(","), parts[5] == "GMT",
            let month = self.months.firstIndex(of: String(parts[2])),
            let day = self.number(parts[1], 1...31), let year = self.number(parts[3], 0...9999),
            parts[3].utf8.count == 4
        else { return nil }
        let clock = parts[4].split(separator: ":", omittingEmptySubsequences: false)
        guard clock.count == 3, let hour = self.number(clock[0], 0...23),
            let minute = self.number(clock[1], 0...59), let second = self.number(clock[2], 0...60)
        else { return nil }
        return Timestamp(
            year: Int64(year),
            month: month + 1,
            day: day,
            hour: hour,
            minute: minute,
            second: second
        )
    }

    private static func number(_ text: Substring, _ range: ClosedRange<Int>) -> Int? {
        guard 2...4 ~= text.utf8.count,
            text.utf8.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }),
            let number = Int(text), range ~= number
        else { return nil }
        return number
    }
}

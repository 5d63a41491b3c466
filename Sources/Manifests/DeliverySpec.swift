// SPDX-License-Identifier: Apache-2.0

/// How events are tried again, and where they go when that does not help.
///
/// Every value is as written: what a missing one stands for depends on the others, and is decided
/// by who delivers.
package struct DeliverySpec: Sendable, Hashable {
    /// How waits grow from try to try.
    package enum BackoffPolicy: String, CaseIterable, Sendable {
        /// By the same amount.
        case linear
        /// Twice as long each time.
        case exponential
    }

    /// How a dead letter is written.
    package enum Format: String, CaseIterable, Sendable {
        /// In structured mode.
        case json
        /// In binary mode.
        case binary
    }

    /// Where events go that could not be delivered.
    package let deadLetterSink: Destination?
    /// Most tries after the first.
    package let retryMax: Int?
    /// How long a try may take.
    package let timeout: Duration?
    /// How waits grow.
    package let backoffPolicy: BackoffPolicy?
    /// What waits are computed from.
    package let backoffDelay: Duration?
    /// The longest `Retry-After` that is obeyed.
    package let retryAfterMax: Duration?
    /// How a dead letter is written.
    package let format: Format?
}

extension DeliverySpec {
    /// Reads `delivery`; mistakes inside are noted and left out.
    init(_ reader: inout ObjectReader, namespace: String) {
        defer { reader.finish() }
        var sink: Destination?
        if var deadLetter = reader.object("deadLetterSink") {
            sink = Destination(&deadLetter, namespace: namespace, mayBeTopic: true)
        }
        let timeout = Self.duration("timeout", &reader)
        if timeout == .zero {
            reader.problems.error(
                reader.mark(of: "timeout"),
                "\(reader.path(of: "timeout")): expected more than nothing"
            )
        }
        self.init(
            deadLetterSink: sink,
            retryMax: reader.integer("retry", in: 0...Int(Int32.max)),
            timeout: timeout,
            backoffPolicy: reader.choice("backoffPolicy", of: BackoffPolicy.self),
            backoffDelay: Self.duration("backoffDelay", &reader),
            retryAfterMax: Self.duration("retryAfterMax", &reader),
            format: reader.choice("format", of: Format.self)
        )
    }

    private static func duration(_ name: String, _ reader: inout ObjectReader) -> Duration? {
        guard let text = reader.text(name) else { return nil }
        do throws(DurationText.Failure) {
            return try DurationText.iso8601(text.value)
        } catch {
            let got = "got \(ShownText.quoted(text.value))"
            let expected = "expected an ISO 8601 duration such as PT0.5S"
            switch error {
            case .malformed: reader.problems.error(text, "\(expected), \(got)")
            case .calendarUnit:
                reader.problems.error(
                    text,
                    "\(expected) without years and months, whose length varies, \(got)"
                )
            case .tooLong: reader.problems.error(text, "\(expected) of at most a year, \(got)")
            }
            return nil
        }
    }
}

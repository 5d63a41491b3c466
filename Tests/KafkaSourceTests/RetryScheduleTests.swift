// SPDX-License-Identifier: Apache-2.0

import Bytes
import HTTP
import Testing

@testable import KafkaSource

@Suite("Retries")
struct RetryScheduleTests {
    private func waits(_ schedule: RetrySchedule, random: Double = 0.5) -> [Duration] {
        (1...100).lazy.map {
            schedule.wait(afterAttempts: $0, random: random, retryAfter: nil)
        }.prefix { $0 != nil }.compactMap { $0 }
    }

    @Test("Knative's defaults wait 613.8 seconds in all")
    func knativeDefaults() {
        let waits = self.waits(DeliveryPolicy(nil, defaults: .knative).schedule)
        let expected = [0.6, 1.2, 2.4, 4.8, 9.6, 19.2, 38.4, 76.8, 153.6, 307.2]
        #expect(waits == expected.map { .milliseconds(Int64(($0 * 1000).rounded())) })
        #expect(waits.reduce(.zero, +) == .milliseconds(613_800))
    }

    @Test("our defaults wait as long at most, anything between that and nothing")
    func defaults() {
        let schedule = DeliveryPolicy(nil).schedule
        let longest = self.waits(DeliveryPolicy(nil, defaults: .knative).schedule)
        #expect(self.waits(schedule, random: 0).allSatisfy { $0 == .zero })
        for (wait, knative) in zip(self.waits(schedule, random: 0.5), longest) {
            #expect(abs(wait / .seconds(1) - knative / .seconds(2)) < 1e-6)
        }
    }

    @Test("only we have a cap, and listen to Retry-After")
    func capAndRetryAfter() {
        let spec = DeliverySpec(retry: 60, backoffPolicy: .linear, backoffDelay: .seconds(100))
        let ours = DeliveryPolicy(spec).schedule
        let knative = DeliveryPolicy(spec, defaults: .knative).schedule
        #expect(
            ours.wait(afterAttempts: 50, random: 0.999999, retryAfter: nil) ?? .zero
                <= .seconds(600)
        )
        #expect(knative.wait(afterAttempts: 50, random: 0, retryAfter: nil) == .seconds(5000))
        #expect(ours.wait(afterAttempts: 1, random: 0, retryAfter: .seconds(7)) == .seconds(7))
        #expect(
            knative.wait(afterAttempts: 1, random: 0, retryAfter: .seconds(700)) == .seconds(100)
        )
        // Longer than anybody lives is long enough, and does not overflow.
        let endless = DeliveryPolicy(
            DeliverySpec(retry: .max, backoffDelay: .seconds(1)),
            defaults: .knative
        ).schedule
        #expect(endless.wait(afterAttempts: .max, random: 0, retryAfter: nil) != nil)
    }

    @Test("the first linear wait is the delay, the second twice the delay")
    func linear() {
        let schedule = RetrySchedule(retriesMax: 3, policy: .linear, delay: .milliseconds(500))
        #expect(self.waits(schedule) == [.milliseconds(500), .seconds(1), .milliseconds(1500)])
    }

    @Test("no retries, no wait")
    func none() {
        let schedule = RetrySchedule(retriesMax: 0, policy: .linear, delay: .seconds(1))
        #expect(schedule.wait(afterAttempts: 1, random: 0, retryAfter: .seconds(1)) == nil)
    }

    @Test("waits stop growing at the cap", arguments: [BackoffPolicy.linear, .exponential])
    func cap(_ policy: BackoffPolicy) {
        var schedule = RetrySchedule(retriesMax: .max, policy: policy, delay: .seconds(1))
        schedule.delayMax = .seconds(8)
        #expect(schedule.wait(afterAttempts: 3, random: 0, retryAfter: nil) ?? .zero <= .seconds(8))
        for attempts in [8, 9, 63, 64, 1000, Int.max] {
            #expect(
                schedule.wait(afterAttempts: attempts, random: 0, retryAfter: nil) == .seconds(8)
            )
        }
    }

    @Test("a delay of any size is only a long wait")
    func hugeDelay() {
        let schedule = RetrySchedule(
            retriesMax: .max,
            policy: .exponential,
            delay: .seconds(Int64.max)
        )
        let wait = schedule.wait(afterAttempts: 64, random: 0, retryAfter: nil)
        #expect(wait == schedule.delayMax)
    }

    @Test("full jitter spreads a wait from zero to its length")
    func jitter() {
        var schedule = RetrySchedule(retriesMax: 1, policy: .linear, delay: .seconds(10))
        schedule.jitter = .full
        #expect(schedule.wait(afterAttempts: 1, random: 0, retryAfter: nil) == .zero)
        #expect(schedule.wait(afterAttempts: 1, random: 0.5, retryAfter: nil) == .seconds(5))
        let almost = schedule.wait(afterAttempts: 1, random: 0.999, retryAfter: nil) ?? .zero
        #expect(almost < .seconds(10) && almost > .seconds(9))
    }

    static let asked: [(retryAfter: Duration, max: Duration, wait: Duration)] = [
        (.seconds(5), .seconds(60), .seconds(5)),
        (.seconds(60), .seconds(60), .seconds(60)),
        (.seconds(61), .seconds(60), .seconds(60)),
        // Never shorter than the policy says.
        (.seconds(1), .seconds(60), .seconds(2)),
        // Switched off.
        (.seconds(5), .zero, .seconds(2)),
    ]

    @Test("a sink may ask for a longer wait, up to a limit", arguments: asked)
    func retryAfter(_ asked: Duration, _ limit: Duration, _ wait: Duration) {
        var schedule = RetrySchedule(retriesMax: 1, policy: .linear, delay: .seconds(2))
        schedule.retryAfterMax = limit
        #expect(schedule.wait(afterAttempts: 1, random: 0, retryAfter: asked) == wait)
    }
}

@Suite("Delivery (Knative DeliverySpec)")
struct DeliveryPolicyTests {
    static let sink = SinkAddress(url: "http://dead/")

    struct Row: Sendable, CustomTestStringConvertible {
        var name: String
        var spec: DeliverySpec?
        var documented: (retries: Int, milliseconds: Int)
        var knative: (retries: Int, milliseconds: Int)
        var testDescription: String { self.name }
    }

    static let rows = [
        Row(name: "nothing at all", spec: nil, documented: (10, 300), knative: (10, 300)),
        Row(
            name: "only a dead letter sink",
            spec: DeliverySpec(deadLetterSink: sink),
            documented: (10, 300),
            knative: (0, 200)
        ),
        Row(
            name: "only a back-off",
            spec: DeliverySpec(backoffPolicy: .exponential, backoffDelay: .seconds(2)),
            documented: (10, 2000),
            knative: (0, 2000)
        ),
        Row(
            name: "retry without delay",
            spec: DeliverySpec(retry: 3),
            documented: (3, 300),
            knative: (3, 200)
        ),
        Row(
            name: "no retry, said so",
            spec: DeliverySpec(retry: 0),
            documented: (0, 300),
            knative: (0, 200)
        ),
        Row(
            name: "nonsense",
            spec: DeliverySpec(retry: -1),
            documented: (0, 300),
            knative: (0, 200)
        ),
    ]

    @Test("gaps are filled as documented, or as Knative's data plane does", arguments: rows)
    func gaps(_ row: Row) {
        for (defaults, expected) in [
            (DeliveryDefaults.documented, row.documented), (.knative, row.knative),
        ] {
            let policy = DeliveryPolicy(row.spec, defaults: defaults)
            #expect(policy.schedule.retriesMax == expected.retries)
            #expect(policy.schedule.delay == .milliseconds(expected.milliseconds))
            #expect(policy.schedule.policy == .exponential)
            #expect(policy.timeout == .seconds(600))
            #expect(policy.deadLetterSink == row.spec?.deadLetterSink)
        }
    }

    @Test("what is said is kept")
    func everything() {
        let policy = DeliveryPolicy(
            DeliverySpec(
                retry: 3,
                backoffPolicy: .linear,
                backoffDelay: .milliseconds(500),
                timeout: .seconds(5),
                deadLetterSink: Self.sink,
                retryAfterMax: .seconds(7)
            )
        )
        #expect(policy.schedule.retriesMax == 3)
        #expect(policy.schedule.policy == .linear)
        #expect(policy.schedule.delay == .milliseconds(500))
        #expect(policy.schedule.retryAfterMax == .seconds(7))
        #expect(policy.timeout == .seconds(5))
        #expect(policy.deadLetterSink == Self.sink)
    }
}

@Suite("Answers of a sink (Knative eventing data plane)")
struct DeliveryOutcomeTests {
    private static let now = Timestamp(secondsSinceEpoch: 784_111_777)

    @Test("every status is a success, a retry or a failure")
    func statuses() {
        let retried: Set<Int> = [404, 408, 409, 429]
        for status in 200...599 {
            let outcome = DeliveryOutcome(
                HTTPStatus(rawValue: status),
                retryAfter: nil,
                now: Self.now
            )
            let expected: DeliveryOutcome =
                status < 300
                ? .accepted
                : .refused(
                    isRetriable: status >= 500 || retried.contains(status),
                    retryAfter: nil,
                    isOverload: status == 429 || status == 503
                )
            #expect(outcome == expected, "status \(status)")
        }
    }

    @Test("what a sink asks for counts only where another attempt is made")
    func retryAfter() {
        #expect(
            DeliveryOutcome(503, retryAfter: "7", now: Self.now)
                == .refused(isRetriable: true, retryAfter: .seconds(7), isOverload: true)
        )
        #expect(
            DeliveryOutcome(400, retryAfter: "7", now: Self.now)
                == .refused(isRetriable: false, retryAfter: nil)
        )
        #expect(DeliveryOutcome(200, retryAfter: "7", now: Self.now) == .accepted)
    }

    static let fields: [(text: String, seconds: Int64?)] = [
        ("0", 0), ("120", 120), ("99999999999999999999", 366 * 86_400),
        // 1994-11-06T08:49:37Z is the present here.
        ("Sun, 06 Nov 1994 08:49:37 GMT", 0), ("Sun, 06 Nov 1994 08:50:07 GMT", 30),
        ("Sat, 05 Nov 1994 08:49:37 GMT", 0), ("Fri, 31 Dec 9999 23:59:59 GMT", 366 * 86_400),
        ("", nil), ("-1", nil), ("1.5", nil), ("soon", nil), ("+7", nil), ("7 ", nil),
        ("Sun, 06 Nov 1994 08:49:37 CET", nil), ("Sun, 06 Nov 1994 24:49:37 GMT", nil),
        ("Sun, 32 Nov 1994 08:49:37 GMT", nil), ("Sun 06 Nov 1994 08:49:37 GMT", nil),
        ("Sun, 06 Nou 1994 08:49:37 GMT", nil), ("Sun, 06 Nov 94 08:49:37 GMT", nil),
        ("Sunday, 06-Nov-94 08:49:37 GMT", nil), ("Sun, 06 Nov 1994 08:49 GMT", nil),
    ]

    @Test("Retry-After is seconds or a date (RFC 9110 section 10.2.3)", arguments: fields)
    func parse(_ text: String, _ seconds: Int64?) {
        #expect(RetryAfter.parse(text, now: Self.now) == seconds.map { .seconds($0) })
    }
}

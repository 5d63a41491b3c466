// SPDX-License-Identifier: Apache-2.0

/// How waits grow from one attempt to the next.
package enum BackoffPolicy: String, Sendable, CaseIterable {
    /// The delay times the number of attempts.
    case linear
    /// The delay times two to the power of the number of attempts.
    case exponential
}

/// What a manifest says about delivery (`DeliverySpec`); what it leaves out is `nil`.
package struct DeliverySpec: Sendable, Equatable {
    /// Attempts after the first.
    package var retry: Int?
    /// How waits grow.
    package var backoffPolicy: BackoffPolicy?
    /// The unit of the waits.
    package var backoffDelay: Duration?
    /// How long one attempt may take.
    package var timeout: Duration?
    /// Where events go that the sink did not accept.
    package var deadLetterSink: SinkAddress?
    /// The longest wait that a sink may ask for; zero: what it asks for does not count.
    package var retryAfterMax: Duration?
    /// Whether dead letters are written in structured mode (`format: json`).
    package var hasStructuredDeadLetters = false

    /// Makes a spec.
    package init(
        retry: Int? = nil,
        backoffPolicy: BackoffPolicy? = nil,
        backoffDelay: Duration? = nil,
        timeout: Duration? = nil,
        deadLetterSink: SinkAddress? = nil,
        retryAfterMax: Duration? = nil
    ) {
        self.retry = retry
        self.backoffPolicy = backoffPolicy
        self.backoffDelay = backoffDelay
        self.timeout = timeout
        self.deadLetterSink = deadLetterSink
        self.retryAfterMax = retryAfterMax
    }
}

/// How gaps in a ``DeliverySpec`` are filled, and how waits are spread.
package enum DeliveryDefaults: Sendable, CaseIterable {
    /// Each field has its documented default, whatever else is there; waits have a cap and are
    /// jittered, and a sink may ask for longer ones.
    case documented
    /// As Knative's data plane does: a block without `retry` does not retry at all, waits are exact
    /// and grow without end, and `Retry-After` is passed over.
    case knative
}

/// What holds for a source, every field decided.
struct DeliveryPolicy: Sendable, Equatable {
    /// Attempts after the first, in Knative's defaults.
    static let retriesDefault = 10
    /// The unit of the waits, in Knative's defaults.
    static let backoffDelayDefault = Duration.milliseconds(300)
    /// The unit that Knative's data plane takes when there is `retry` and no `backoffDelay`.
    static let backoffDelayKnative = Duration.milliseconds(200)
    /// How long one attempt may take, in Knative's defaults.
    static let timeoutDefault = Duration.seconds(600)

    var schedule: RetrySchedule
    var timeout: Duration
    var deadLetterSink: SinkAddress?
    var hasStructuredDeadLetters = false

    /// Fills the gaps of `spec`.
    init(_ spec: DeliverySpec?, defaults: DeliveryDefaults = .documented) {
        self.schedule = RetrySchedule(
            retriesMax: Self.retriesDefault,
            policy: .exponential,
            delay: Self.backoffDelayDefault
        )
        self.timeout = Self.timeoutDefault
        switch defaults {
        case .documented: self.schedule.jitter = .full
        case .knative:
            self.schedule.delayMax = .seconds(Int64(Int32.max))
            self.schedule.retryAfterMax = .zero
        }
        guard let spec else { return }
        self.deadLetterSink = spec.deadLetterSink
        // Knative reads the field and does nothing about it.
        self.hasStructuredDeadLetters = spec.hasStructuredDeadLetters && defaults == .documented
        self.timeout = spec.timeout ?? Self.timeoutDefault
        self.schedule.policy = spec.backoffPolicy ?? .exponential
        switch defaults {
        case .documented:
            if let limit = spec.retryAfterMax { self.schedule.retryAfterMax = limit }
            self.schedule.retriesMax = max(0, spec.retry ?? Self.retriesDefault)
            self.schedule.delay = spec.backoffDelay ?? Self.backoffDelayDefault
        case .knative:
            self.schedule.retriesMax = max(0, spec.retry ?? 0)
            self.schedule.delay = spec.backoffDelay ?? Self.backoffDelayKnative
        }
    }
}

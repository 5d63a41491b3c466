// SPDX-License-Identifier: Apache-2.0

internal import Bytes
internal import CloudEvents
internal import EventLoop
internal import HTTP
internal import HTTPClient
internal import Kafka
internal import Telemetry

extension DispatchEngine {
    // MARK: The first attempt

    /// Makes the events of a record, and sends the first unless it has to wait for its key.
    func begin(
        _ job: LaneSet.JobID,
        _ lane: LaneSet.LaneID,
        _ record: KafkaRecord,
        isNow: Bool,
        at now: MonotonicTime
    ) {
        self.statistics.received += 1
        self.instruments.received.increment()
        var events = EncodedEvents.none
        var failure: DeliveryFailure?
        do {
            if record.bytesCount > self.spec.recordBytesMax {
                failure = self.oversize(record)
            } else {
                events = try self.conversion.encode(record)
            }
        } catch {
            // A record that says it is an event and is none goes the way of all that is refused.
            let reason = "the record is no valid CloudEvent: \(error)"
            failure = DeliveryFailure(
                kind: .undecodable,
                answer: Array(reason.utf8),
                reason: reason
            )
        }
        if failure != nil {
            self.statistics.undecodable += 1
            self.instruments.undecodable.increment()
        }
        let delivery = Delivery(
            job: job,
            lane: lane,
            partition: TopicPartition(topic: record.topic, partition: record.partition),
            record: record,
            events: events,
            failure: failure
        )
        self.deliveries[job] = delivery
        if isNow { self.proceed(delivery, .sink, at: now) }
    }

    private func oversize(_ record: KafkaRecord) -> DeliveryFailure {
        let reason =
            "the record has \(record.bytesCount) bytes, and this source sends at most "
            + "\(self.spec.recordBytesMax)"
        return DeliveryFailure(kind: .oversize, answer: Array(reason.utf8), reason: reason)
    }

    /// Sends what waited until now.
    func resume(_ job: LaneSet.JobID, _ target: LaneSet.Target?, at now: MonotonicTime) {
        guard let delivery = self.deliveries[job] else { return }
        self.proceed(delivery, target ?? .sink, at: now)
    }

    private func proceed(
        _ delivery: Delivery,
        _ target: LaneSet.Target,
        at now: MonotonicTime
    ) {
        guard target == .sink, delivery.encoded == nil else {
            return self.send(delivery, to: target, at: now)
        }
        guard delivery.failure == nil else {
            return self.follow(self.lanes.cannotConvert(delivery.job, at: now), delivery, at: now)
        }
        // The filter left nothing of the record.
        self.statistics.filtered += 1
        self.instruments.filtered.increment()
        _ = self.lanes.skip(delivery.job)
        self.deliveries[delivery.job] = nil
        self.scheduleCommit()
    }

    // MARK: Answers

    func answered(_ delivery: Delivery, _ result: Result<HTTPClientResponse, HTTPClientError>) {
        let now = MonotonicTime.now()
        delivery.transfer = nil
        self.instruments.latency.observe(delivery.sentAt.duration(to: now).milliseconds)
        switch result {
        case .success(let response): self.answered(delivery, response, at: now)
        case .failure(let error):
            self.note(DeliveryFailure(reason: error.message), delivery)
            let outcome = DeliveryOutcome.refused(
                isRetriable: error.kind != .invalidRequest,
                retryAfter: nil,
                isOverload: error.kind == .timedOut
            )
            self.settle(delivery, outcome, at: now)
        }
    }

    private func answered(
        _ delivery: Delivery,
        _ response: HTTPClientResponse,
        at now: MonotonicTime
    ) {
        let outcome = DeliveryOutcome(
            response.status,
            retryAfter: response.status.isSuccess ? nil : response.fields["retry-after"],
            now: .realtime()
        )
        guard outcome == .accepted else {
            self.note(
                DeliveryFailure(
                    kind: .status,
                    status: response.status,
                    answer: response.body,
                    extensions: DeadLetter.extensions(of: response.fields),
                    reason: "the answer was \(response.status)"
                ),
                delivery
            )
            return self.settle(delivery, outcome, at: now)
        }
        guard delivery.target == .sink, case .send = self.spec.replies else {
            return self.settle(delivery, .accepted, at: now)
        }
        self.takeReply(delivery, response, at: now)
    }

    /// Looks for an event in the answer (Knative eventing data plane, "Event reply").
    private func takeReply(
        _ delivery: Delivery,
        _ response: HTTPClientResponse,
        at now: MonotonicTime
    ) {
        let mode = CloudEventContentMode(httpFields: response.fields)
        // The body of a 202 is no reply, and none at all is no fault.
        guard response.status != .accepted, mode != nil || !response.body.isEmpty else {
            return self.settle(delivery, .accepted, at: now)
        }
        do {
            guard !response.isBodyCut else {
                throw KafkaSourceError(
                    message: "it has more than \(Self.replyBytesMax) bytes"
                )
            }
            delivery.reply = try CloudEvent(
                httpFields: response.fields,
                body: response.body,
                headerCoding: self.spec.headerCoding
            )
            self.follow(self.lanes.replied(delivery.job), delivery, at: now)
        } catch {
            let reason = "the reply is no event that can be sent on: \(error)"
            self.note(
                DeliveryFailure(
                    kind: .reply,
                    status: response.status,
                    answer: Array(reason.utf8),
                    reason: reason
                ),
                delivery
            )
            self.settle(delivery, .hopeless, at: now)
        }
    }

    /// Remembers why; a dead letter tells what the sink said, not what the dead letter sink did.
    func note(_ failure: DeliveryFailure, _ delivery: Delivery) {
        switch delivery.target {
        case .sink: delivery.failure = failure
        case .replySink:
            delivery.failure = failure
            delivery.failure?.kind = .reply
        case .deadLetterSink:
            delivery.failure?.reason = "dead letter sink: \(failure.reason)"
        }
    }

    // MARK: Afterwards

    func settle(_ delivery: Delivery, _ outcome: DeliveryOutcome, at now: MonotonicTime) {
        self.progress.advanced(at: now)
        let step: LaneSet.Step
        if outcome == .accepted, self.mustAdvance(delivery) {
            self.accepted(delivery)
            delivery.advance()
            step = self.lanes.advanced(delivery.job)
        } else {
            step = self.lanes.answered(
                delivery.job,
                outcome,
                at: now,
                random: outcome == .accepted ? 0 : Double.random(in: 0..<1)
            )
        }
        self.follow(step, delivery, at: now)
        self.checkRevocation()
        self.pump(at: now)
    }

    /// Whether the record holds another event that is still to be sent.
    private func mustAdvance(_ delivery: Delivery) -> Bool {
        // A topic of dead letters has the whole record.
        let hasAll = delivery.target == .deadLetterSink && self.policy.deadLetterSink?.topic != nil
        return delivery.hasMore && !hasAll && self.deliveries[delivery.job] != nil
    }

    private func follow(_ step: LaneSet.Step, _ delivery: Delivery, at now: MonotonicTime) {
        switch step {
        case .settled:
            self.deliveries[delivery.job] = nil
            self.accepted(delivery)
        case .abandoned:
            self.deliveries[delivery.job] = nil
        case .send(let target):
            if target == .deadLetterSink {
                self.scheduleAttemptCommit(at: now)
                self.warn(
                    "dead letter",
                    "An event goes to the dead letter sink.",
                    Self.description(of: delivery)
                )
            }
            self.send(delivery, to: target, at: now)
        case .wait:
            self.scheduleAttemptCommit(at: now)
            self.warn(
                "retry",
                "An event was not accepted and is sent again.",
                Self.description(of: delivery)
            )
        case .hold:
            self.scheduleAttemptCommit(at: now)
            self.instruments.held.set(self.lanes.heldCount)
            self.reportHeld(delivery)
        }
    }

    private func accepted(_ delivery: Delivery) {
        self.instruments.attempts.observe(Double(delivery.attempts))
        switch delivery.target {
        case .deadLetterSink:
            self.statistics.deadLettered += 1
            self.instruments.deadLettered(delivery.failure?.kind ?? .unanswered).increment()
        case .replySink:
            self.statistics.replied += 1
            self.instruments.replied.increment()
            self.countDelivered(delivery)
        case .sink: self.countDelivered(delivery)
        }
        if let age = delivery.record.age(at: .realtime()) { self.instruments.age.observe(age) }
        self.scheduleCommit()
    }

    private func countDelivered(_ delivery: Delivery) {
        self.statistics.delivered += 1
        self.instruments.delivered.increment()
        self.milestones.record(
            .answered,
            subject: delivery.id,
            attributes: Self.attributes(of: delivery)
        )
    }

    // MARK: Words

    static func attributes(of delivery: Delivery) -> [String: String] {
        [
            "topic": delivery.partition.topic,
            "partition": String(delivery.partition.partition),
            "offset": String(delivery.record.offset),
            "attempt": String(delivery.attempts),
        ]
    }

    private static func description(of delivery: Delivery) -> KeyValuePairs<String, String> {
        [
            "topic": delivery.partition.topic,
            "partition": "\(delivery.partition.partition)",
            "offset": "\(delivery.record.offset)",
            "attempts": "\(delivery.attempts)",
            "reason": delivery.failure?.reason ?? "unknown",
        ]
    }

    static func age(of delivery: Delivery) -> String {
        delivery.record.age(at: .realtime()).map { "\($0)" } ?? "unknown"
    }
}

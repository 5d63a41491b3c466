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

    /// Makes the event of a record and sends it.
    func begin(
        _ job: LaneSet.JobID,
        _ lane: LaneSet.LaneID,
        _ record: KafkaRecord,
        of partition: TopicPartition,
        at now: MonotonicTime
    ) {
        self.statistics.received += 1
        self.instruments.received.increment()
        do {
            let delivery = Delivery(
                job: job,
                lane: lane,
                partition: partition,
                record: record,
                encoded: try self.conversion.encode(record)
            )
            self.deliveries[job] = delivery
            self.send(delivery, to: .sink, at: now)
        } catch {
            // A record that says it is an event and is none goes the way of all that is refused.
            self.statistics.undecodable += 1
            self.instruments.undecodable.increment()
            let reason = "the record is no valid CloudEvent: \(error)"
            let delivery = Delivery(
                job: job,
                lane: lane,
                partition: partition,
                record: record,
                encoded: nil,
                failure: DeliveryFailure(answer: Array(reason.utf8), reason: reason)
            )
            self.deliveries[job] = delivery
            self.follow(self.lanes.cannotConvert(job, at: now), delivery, at: now)
        }
    }

    // MARK: Every attempt

    private func send(
        _ delivery: Delivery,
        to target: LaneSet.Target,
        at now: MonotonicTime
    ) {
        if delivery.attempts > 0, target == delivery.target {
            self.statistics.retried += 1
            self.instruments.retried.increment()
        }
        delivery.begin(target, at: now)
        guard let request = self.request(for: delivery, to: target) else {
            // What the sink added to a dead letter cannot be sent; it should not come to that.
            let outcome = DeliveryOutcome.refused(isRetriable: false, retryAfter: nil)
            return self.settle(delivery, outcome, at: now)
        }
        if target == .sink {
            self.milestones.record(
                .dispatched,
                subject: delivery.id,
                attributes: Self.attributes(of: delivery)
            )
        }
        delivery.transfer = self.client.start(request) { result in
            self.answered(delivery, result)
        }
    }

    private func request(
        for delivery: Delivery,
        to target: LaneSet.Target
    ) -> HTTPClientRequest? {
        let address: SinkAddress
        let encoded: EncodedEvent?
        switch target {
        case .sink:
            address = self.spec.sink
            encoded = delivery.encoded
        case .deadLetterSink:
            address = self.policy.deadLetterSink ?? self.spec.sink
            encoded = try? self.conversion.encode(self.deadLetter(delivery))
        }
        guard var encoded else { return nil }
        if let host = address.host { encoded.fields.append("Host", host) }
        return HTTPClientRequest(
            method: .post,
            url: address.url,
            fields: encoded.fields,
            body: .bytes(encoded.body),
            timeout: self.policy.timeout,
            // The reply is discarded whatever its length.
            responseBytesMax: .max,
            responseSink: .stream { part, _ in delivery.received(part) }
        )
    }

    private func deadLetter(_ delivery: Delivery) -> CloudEvent {
        let event = try? self.conversion.event(of: delivery.record)
        return DeadLetter.event(
            event ?? self.conversion.plainEvent(of: delivery.record),
            destination: self.spec.sink,
            failure: delivery.failure
        )
    }

    private func answered(
        _ delivery: Delivery,
        _ result: Result<HTTPClientResponse, HTTPClientError>
    ) {
        let now = MonotonicTime.now()
        delivery.transfer = nil
        self.instruments.latency.observe(delivery.sentAt.duration(to: now).milliseconds)
        switch result {
        case .success(let response):
            let outcome = DeliveryOutcome(
                response.status,
                retryAfter: response.status.isSuccess ? nil : response.fields["retry-after"],
                now: .realtime()
            )
            if outcome != .accepted {
                self.note(
                    DeliveryFailure(
                        status: response.status,
                        answer: delivery.answer,
                        extensions: DeadLetter.extensions(of: response.fields),
                        reason: "the answer was \(response.status)"
                    ),
                    delivery
                )
            }
            self.settle(delivery, outcome, at: now)
        case .failure(let error):
            self.note(DeliveryFailure(reason: error.message), delivery)
            let isRetriable = error.kind != .invalidRequest
            self.settle(delivery, .refused(isRetriable: isRetriable, retryAfter: nil), at: now)
        }
    }

    /// Remembers why; a dead letter tells what the sink said, not what the dead letter sink did.
    private func note(_ failure: DeliveryFailure, _ delivery: Delivery) {
        guard delivery.target == .sink else {
            delivery.failure?.reason = "dead letter sink: \(failure.reason)"
            return
        }
        delivery.failure = failure
    }

    // MARK: Afterwards

    private func settle(
        _ delivery: Delivery,
        _ outcome: DeliveryOutcome,
        at now: MonotonicTime
    ) {
        let step = self.lanes.answered(
            delivery.job,
            outcome,
            at: now,
            random: outcome == .accepted ? 0 : Double.random(in: 0..<1)
        )
        self.follow(step, delivery, at: now)
        self.checkRevocation()
        self.pump(at: now)
    }

    private func follow(_ step: LaneSet.Step, _ delivery: Delivery, at now: MonotonicTime) {
        switch step {
        case .settled:
            self.deliveries[delivery.job] = nil
            self.accepted(delivery)
        case .abandoned:
            self.deliveries[delivery.job] = nil
        case .send(let target):
            self.warn(
                "dead letter",
                "An event goes to the dead letter sink.",
                Self.description(of: delivery)
            )
            self.send(delivery, to: target, at: now)
        case .wait:
            self.warn(
                "retry",
                "An event was not accepted and is sent again.",
                Self.description(of: delivery)
            )
            self.scheduleWake()
        case .hold(let until):
            self.instruments.held.set(self.lanes.heldCount)
            let wait = now.duration(to: until)
            self.warn(
                "held \(delivery.partition)",
                self.policy.deadLetterSink == nil
                    ? "An event is held: the sink does not take it, and no dead letter sink is set."
                    : "An event is held: neither the sink nor the dead letter sink takes it.",
                [
                    "topic": delivery.partition.topic,
                    "partition": "\(delivery.partition.partition)",
                    "offset": "\(delivery.record.offset)", "age": Self.age(of: delivery),
                    "reason": delivery.failure?.reason ?? "unknown",
                    "nextAttemptIn": "\(wait)",
                ]
            )
            self.scheduleWake()
        }
    }

    private func accepted(_ delivery: Delivery) {
        if delivery.target == .deadLetterSink {
            self.statistics.deadLettered += 1
            self.instruments.deadLettered.increment()
        } else {
            self.statistics.delivered += 1
            self.instruments.delivered.increment()
            self.milestones.record(
                .answered,
                subject: delivery.id,
                attributes: Self.attributes(of: delivery)
            )
        }
        if let milliseconds = delivery.record.timestampMilliseconds {
            let age = Self.wallClockMilliseconds() - milliseconds
            if age >= 0 { self.instruments.age.observe(.milliseconds(age)) }
        }
        self.scheduleCommit()
    }

    /// Sends what has waited long enough.
    func sendDue() {
        let now = MonotonicTime.now()
        for (job, target) in self.lanes.due(at: now) {
            guard let delivery = self.deliveries[job] else { continue }
            if let target {
                self.send(delivery, to: target, at: now)
            } else {
                self.follow(self.lanes.cannotConvert(job, at: now), delivery, at: now)
            }
        }
    }

    // MARK: Words

    private static func attributes(of delivery: Delivery) -> [String: String] {
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

    private static func age(of delivery: Delivery) -> String {
        guard let milliseconds = delivery.record.timestampMilliseconds else { return "unknown" }
        return "\(Duration.milliseconds(max(0, self.wallClockMilliseconds() - milliseconds)))"
    }

    private static func wallClockMilliseconds() -> Int64 {
        let now = Timestamp.realtime()
        return now.secondsSinceEpoch * 1000 + Int64(now.nanoseconds) / 1_000_000
    }
}

// SPDX-License-Identifier: Apache-2.0

internal import CloudEvents
internal import EventLoop
internal import HTTP
internal import HTTPClient
internal import Kafka
internal import Telemetry

extension DispatchEngine {
    /// The longest reply that is sent on, in bytes.
    static let replyBytesMax = 1024 * 1024

    /// The largest header of a dead letter in binary mode, in bytes: half of what servers commonly
    /// take.
    static let headerBytesMax = 4 * 1024

    /// Makes an attempt.
    func send(_ delivery: Delivery, to target: LaneSet.Target, at now: MonotonicTime) {
        if delivery.attempts > 0, target == delivery.target {
            self.statistics.retried += 1
            self.instruments.retried.increment()
        } else {
            delivery.attempts = 0
        }
        delivery.begin(target, at: now)
        let address = self.address(of: target)
        do {
            if let topic = address.topic {
                try self.append(delivery, to: topic, target)
            } else {
                try self.post(delivery, to: address, target)
            }
        } catch {
            self.note(DeliveryFailure(reason: "it cannot be sent: \(error)"), delivery)
            self.settle(delivery, .hopeless, at: now)
        }
    }

    private func address(of target: LaneSet.Target) -> SinkAddress {
        switch target {
        case .sink: return self.spec.sink
        case .deadLetterSink: return self.policy.deadLetterSink ?? self.spec.sink
        case .replySink:
            guard case .send(let address) = self.spec.replies else { return self.spec.sink }
            return address
        }
    }

    // MARK: Over HTTP

    private func post(
        _ delivery: Delivery,
        to address: SinkAddress,
        _ target: LaneSet.Target
    ) throws {
        var encoded = try self.encoded(delivery, for: target)
        if let host = address.host { encoded.fields.append("Host", host) }
        if let file = address.tokenFile {
            let token = try self.tokenFiles[file, default: BearerTokenFile(path: file)].sinkToken()
            encoded.fields.append("Authorization", "Bearer \(token)")
        }
        let waitsForReply = target == .sink && self.spec.replies != .discard
        let answerBytesMax = waitsForReply ? Self.replyBytesMax : DeliveryFailure.answerBytesMax
        var request = HTTPClientRequest(
            method: .post,
            url: address.url,
            fields: encoded.fields,
            body: .bytes(encoded.body),
            timeout: self.policy.timeout,
            // The reply may be of any length; what is kept of it is bounded.
            responseBytesMax: .max,
            responseSink: .beginning(bytesMax: answerBytesMax)
        )
        request.authorities = address.authorities
        request.version = address.isHTTP2 ? .http2 : .negotiated
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

    private func encoded(
        _ delivery: Delivery,
        for target: LaneSet.Target
    ) throws -> EncodedEvent {
        switch target {
        case .sink:
            guard let encoded = delivery.encoded else {
                throw KafkaSourceError(message: "the record is no event")
            }
            return encoded
        case .replySink:
            guard let reply = delivery.reply else {
                throw KafkaSourceError(message: "there is no reply")
            }
            return try self.conversion.encode(reply)
        case .deadLetterSink: return try self.encoded(deadLetter: self.deadLetter(delivery))
        }
    }

    private func encoded(deadLetter event: CloudEvent) throws -> EncodedEvent {
        guard !self.policy.hasStructuredDeadLetters else {
            return try self.conversion.encode(event, mode: .structured)
        }
        let encoded = try self.conversion.encode(event)
        var fieldBytes = 0
        encoded.fields.forEachBytes { fieldBytes += $0.count + $1.count }
        // What a sink refused for its large header would be refused here as well.
        guard fieldBytes > Self.headerBytesMax else { return encoded }
        return try self.conversion.encode(event, mode: .structured)
    }

    private func deadLetter(_ delivery: Delivery) -> CloudEvent {
        // What cannot be an event of its own kind goes as a plain one.
        let events = try? self.conversion.deliveredEvents(of: delivery.record)
        let event = events?.dropFirst(delivery.part).first
        return DeadLetter.event(
            event ?? self.conversion.plainEvent(of: delivery.record),
            destination: self.destination(of: delivery),
            failure: delivery.failure
        )
    }

    private func destination(of delivery: Delivery) -> SinkAddress {
        self.address(of: delivery.reply == nil ? .sink : .replySink)
    }

    // MARK: To a topic

    private func append(
        _ delivery: Delivery,
        to topic: String,
        _ target: LaneSet.Target
    ) throws {
        var message = CloudEventKafkaMessage(
            headers: [],
            key: delivery.record.key,
            value: delivery.record.value
        )
        if target == .replySink, let reply = delivery.reply {
            message = try reply.kafkaMessage(mode: .binary, key: .partitionKey)
        } else {
            message.headers = DeadLetter.headers(
                of: delivery.record,
                destination: self.destination(of: delivery),
                failure: delivery.failure
            ).map { ($0.name, $0.value) }
        }
        try self.topics.append(message, to: topic) { result in
            self.appended(delivery, topic, result)
        }
    }

    private func appended(
        _ delivery: Delivery,
        _ topic: String,
        _ result: Result<KafkaPosition, KafkaError>
    ) {
        let now = MonotonicTime.now()
        switch result {
        case .success: self.settle(delivery, .accepted, at: now)
        case .failure(let error):
            self.note(
                DeliveryFailure(reason: "the topic \(topic) did not take it: \(error)"),
                delivery
            )
            let isRetriable = error.isRetriable
            self.settle(delivery, .refused(isRetriable: isRetriable, retryAfter: nil), at: now)
        }
    }
}

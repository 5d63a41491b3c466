// SPDX-License-Identifier: Apache-2.0

internal import Bytes
internal import EventLoop
internal import HTTP
package import HTTPClient
package import Kafka
internal import Telemetry

/// Sends records of a topic once more: ranges of a source's topic, or dead letters.
///
/// Records go one after the other, each with the retries of its source; one that fails for good
/// ends the replay there, so that it can go on from this record. Groups and their offsets are left
/// alone.
package struct RecordReplay: Sendable {
    /// Where the records go.
    package enum Destination: Sendable {
        /// To the sink of the source, as its events.
        case sink
        /// To the topic that each dead letter came from, as it was there.
        case origin
    }

    /// What became of a record.
    package enum Result: Sendable, Equatable {
        /// It was sent.
        case sent
        /// The filter of the source, or of the caller, does not admit it.
        case passedOver
    }

    private let spec: KafkaSourceSpec
    private let policy: DeliveryPolicy
    private let conversion: RecordConversion
    private let destination: Destination
    private let client: HTTPClient
    private let producer: KafkaProducer?

    /// Makes a replay.
    ///
    /// - Parameters:
    ///   - spec: The source; its filter decides which events are sent.
    ///   - destination: Where the records go.
    ///   - client: Sends the events.
    ///   - producer: Appends the records; needed for ``Destination/origin`` alone.
    /// - Throws: An error whose description names what is wrong with `spec`.
    package init(
        _ spec: KafkaSourceSpec,
        to destination: Destination,
        client: HTTPClient,
        producer: KafkaProducer?
    ) throws {
        self.spec = spec
        self.policy = DeliveryPolicy(spec.delivery, defaults: spec.deliveryDefaults)
        self.conversion = try RecordConversion(spec)
        self.destination = destination
        self.client = client
        self.producer = producer
    }

    /// Whether a record would be sent.
    package func admits(_ record: KafkaRecord) -> Bool {
        guard let events = try? self.conversion.encode(Self.restored(record)) else { return true }
        return events.first != nil
    }

    /// Sends a record.
    ///
    /// - Throws: When it was not accepted, however often it was tried.
    package func send(_ record: KafkaRecord) async throws -> Result {
        let restored = Self.restored(record)
        switch self.destination {
        case .origin:
            guard self.admits(record) else { return .passedOver }
            try await self.append(restored, record)
            return .sent
        case .sink:
            let events = try self.conversion.encode(restored)
            guard let first = events.first else { return .passedOver }
            for event in [first] + events.further { try await self.post(event) }
            return .sent
        }
    }

    /// A dead letter as it was, in the place where it was; other records as they are.
    static func restored(_ record: KafkaRecord) -> KafkaRecord {
        func text(_ header: DeadLetterHeader) -> String? {
            record.headers.last { $0.name == header.rawValue }?.value.map {
                String(decoding: $0, as: UTF8.self)
            }
        }
        var restored = record
        if let topic = text(.topic) { restored.topic = topic }
        if let partition = text(.partition).flatMap({ Int32($0) }) {
            restored.partition = partition
        }
        if let offset = text(.offset).flatMap({ Int64($0) }) { restored.offset = offset }
        restored.headers.removeAll { DeadLetterHeader.isOurs($0.name) }
        return restored
    }

    private func append(_ restored: KafkaRecord, _ record: KafkaRecord) async throws {
        guard let producer = self.producer else {
            throw KafkaSourceError(message: "There is no producer for the topic.")
        }
        guard restored.topic != record.topic else {
            throw KafkaSourceError(
                message: "The record \(record.offset) does not tell which topic it came from."
            )
        }
        _ = try await producer.send(
            topic: restored.topic,
            key: restored.key,
            value: restored.value,
            headers: restored.headers,
            timestampMilliseconds: restored.timestampMilliseconds
        )
    }

    private func post(_ event: EncodedEvent) async throws {
        var fields = event.fields
        if let host = self.spec.sink.host { fields.append("Host", host) }
        var request = HTTPClientRequest(
            method: .post,
            url: self.spec.sink.url,
            fields: fields,
            body: .bytes(event.body),
            timeout: self.policy.timeout
        )
        request.authorities = self.spec.sink.authorities
        request.version = self.spec.sink.isHTTP2 ? .http2 : .negotiated
        var attempts = 0
        while true {
            let (outcome, reason) = await self.attempt(request)
            guard case .refused(let isRetriable, let retryAfter, _) = outcome else { return }
            attempts += 1
            guard isRetriable,
                let wait = self.policy.schedule.wait(
                    afterAttempts: attempts,
                    random: Double.random(in: 0..<1),
                    retryAfter: retryAfter
                )
            else {
                throw KafkaSourceError(message: "The event \(event.id) was not accepted: \(reason)")
            }
            await self.client.loop.wait(for: wait)
        }
    }

    private func attempt(_ request: HTTPClientRequest) async -> (DeliveryOutcome, String) {
        do {
            let response = try await self.client.send(request)
            let retryAfter = response.fields["retry-after"]
            let outcome = DeliveryOutcome(response.status, retryAfter: retryAfter, now: .realtime())
            return (outcome, "the answer was \(response.status)")
        } catch let error as HTTPClientError {
            let isRetriable = error.kind != .invalidRequest && error.kind != .cancelled
            return (.refused(isRetriable: isRetriable, retryAfter: nil), error.message)
        } catch {
            return (.hopeless, "\(error)")
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

internal import Bytes
internal import CloudEvents
internal import EventLoop
internal import HTTP
package import HTTPClient
package import Kafka
internal import Telemetry

/// Posts the events of records to the sink of a source, as the source does.
///
/// What the sink refuses is tried again as the source's `delivery` says; there is no dead letter
/// sink, and replies are discarded.
package final class SinkTarget: RedeliveryTarget {
    private let spec: KafkaSourceSpec
    private let policy: DeliveryPolicy
    private let conversion: RecordConversion
    private let client: HTTPClient
    private let interruption: Interruption

    /// Makes a target.
    ///
    /// - Parameters:
    ///   - spec: The source; its brokers and its group do not matter.
    ///   - client: Sends the events, and outlives the target.
    ///   - interruption: Ends waits between attempts; what is with the sink is awaited.
    /// - Throws: ``KafkaSourceError`` when `spec` makes no sense.
    package init(
        spec: KafkaSourceSpec,
        client: HTTPClient,
        interruption: Interruption
    ) throws(KafkaSourceError) {
        if spec.sink.topic != nil {
            throw KafkaSourceError(message: "the sink must begin with http:// or https://")
        }
        if let problem = spec.sink.problem { throw KafkaSourceError(message: problem) }
        self.spec = spec
        self.policy = DeliveryPolicy(spec.delivery, defaults: spec.deliveryDefaults)
        self.conversion = try RecordConversion(spec)
        self.client = client
        self.interruption = interruption
    }

    /// Posts all events of a record, one after the other.
    package func deliver(_ record: KafkaRecord) async -> RedeliveryResult {
        let length = (record.value?.count ?? 0) + (record.key?.count ?? 0)
        guard length <= self.spec.recordBytesMax else {
            return .failed(status: nil, reason: "it is larger than the source allows")
        }
        do {
            let encoded = try self.conversion.encode(record)
            guard let first = encoded.first else { return .filtered }
            for event in [first] + encoded.further {
                let result = await self.deliver(event)
                guard result == .delivered else { return result }
            }
            return .delivered
        } catch {
            return .failed(status: nil, reason: "it is no event that can be sent: \(error)")
        }
    }

    private func deliver(_ event: EncodedEvent) async -> RedeliveryResult {
        var attempts = 0
        while true {
            attempts += 1
            let (outcome, result) = await self.attempt(event)
            guard case .refused(let isRetriable, let retryAfter, _) = outcome else { return result }
            let wait = self.policy.schedule.wait(
                afterAttempts: attempts,
                random: Double.random(in: 0..<1),
                retryAfter: retryAfter
            )
            guard isRetriable, let wait else { return result }
            guard await self.interruption.pause(wait) else { return .unfinished }
        }
    }

    private func attempt(
        _ event: EncodedEvent
    ) async -> (DeliveryOutcome, RedeliveryResult) {
        do {
            let response = try await self.client.send(try await self.request(event))
            let outcome = DeliveryOutcome(
                response.status,
                retryAfter: response.fields["retry-after"],
                now: Timestamp.realtime()
            )
            guard outcome != .accepted else { return (.accepted, .delivered) }
            let reason = "\(response.status) \(response.status.reasonPhrase)"
            return (outcome, .failed(status: Int(response.status.rawValue), reason: reason))
        } catch let error as KafkaSourceError {
            return (.hopeless, .failed(status: nil, reason: error.message))
        } catch {
            let outcome = DeliveryOutcome.refused(isRetriable: true, retryAfter: nil)
            return (outcome, .failed(status: nil, reason: "\(error)"))
        }
    }

    private func request(_ event: EncodedEvent) async throws -> HTTPClientRequest {
        var fields = event.fields
        let sink = self.spec.sink
        if let host = sink.host { fields.append("Host", host) }
        if let file = sink.tokenFile {
            // Read each time: whoever renews it does so under our feet.
            var tokenFile = BearerTokenFile(path: file)
            fields.append("Authorization", "Bearer \(try tokenFile.sinkToken())")
        }
        var request = HTTPClientRequest(
            method: .post,
            url: sink.url,
            fields: fields,
            body: .bytes(event.body),
            timeout: self.policy.timeout,
            responseBytesMax: .max,
            // The reply may be of any length, and nobody wants it.
            responseSink: .stream { _, _ in }
        )
        request.authorities = sink.authorities
        request.version = sink.isHTTP2 ? .http2 : .negotiated
        return request
    }
}

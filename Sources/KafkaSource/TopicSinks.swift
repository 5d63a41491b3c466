// SPDX-License-Identifier: Apache-2.0

internal import CloudEvents
internal import EventLoop
internal import Kafka
internal import Telemetry

/// Appends dead letters and replies to topics of the source's own brokers.
///
/// `@unchecked Sendable`: the producer belongs to the loop.
final class TopicSinks: @unchecked Sendable {
    /// Properties that say how to reach the brokers; the others are a consumer's.
    private static let sharedPrefixes = ["security.", "sasl.", "ssl.", "client.", "socket."]

    private let bootstrapServers: String
    private let properties: [KafkaProperty]
    private let loop: EventLoop
    private let logger: Logger
    /// Made when there is something to append.
    private var producer: KafkaProducer?

    init(_ spec: KafkaSourceSpec, loop: EventLoop, logger: Logger) {
        self.bootstrapServers = spec.bootstrapServers.joined(separator: ",")
        self.properties = spec.properties.filter { property in
            Self.sharedPrefixes.contains { property.name.hasPrefix($0) }
        }
        self.loop = loop
        self.logger = logger
    }

    /// Appends a record.
    ///
    /// `completion`: Called once, on the loop and not before this returned.
    /// - Throws: When there is no producer to be had.
    func append(
        _ message: CloudEventKafkaMessage,
        to topic: String,
        completion: @escaping @Sendable (Result<KafkaPosition, KafkaError>) -> Void
    ) throws {
        let producer = try self.producer ?? self.makeProducer()
        self.producer = producer
        let loop = self.loop
        producer.start(
            topic: topic,
            key: message.key,
            value: message.value,
            headers: message.headers.map { KafkaHeader(name: $0.name, value: $0.value) }
        ) { result in
            loop.execute { completion(result) }
        }
    }

    private func makeProducer() throws -> KafkaProducer {
        let logger = self.logger
        let own: [KafkaProperty] = [
            ("bootstrap.servers", self.bootstrapServers),
            // A record that the brokers gave us, they take again; what is too large, they say.
            ("message.max.bytes", "100000000"),
            ("enable.idempotence", "true"),
        ]
        return try KafkaProducer(
            loop: self.loop,
            properties: self.properties + own,
            log: { logger.log($0) }
        )
    }

    /// Ends the producer, if there is one.
    func close(deadline: Duration, _ completion: @escaping @Sendable () -> Void) {
        guard let producer = self.producer.take() else { return completion() }
        producer.close(deadline: deadline, completion)
    }
}

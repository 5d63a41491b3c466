// SPDX-License-Identifier: Apache-2.0

import EventLoop
import HTTP
import HTTPClient
import HTTPServer
import Kafka
import Telemetry
import TestSupport

@testable import KafkaSource

/// A broker, a sink, a dead letter sink and what connects them.
final class DispatchFixture: Sendable {
    let loop: EventLoop
    let broker: EmbeddedBroker
    let producer: KafkaProducer
    let client: HTTPClient
    let sink: RecordingSink
    let sinkAddress: SinkAddress
    let deadLetters: RecordingSink
    let deadLetterAddress: SinkAddress
    let milestones: Journal<Milestone>
    let lines: Journal<String>
    private let servers: [HTTPServer]

    init(
        topics: [String: Int] = ["t": 1],
        brokerCount: Int32 = 1,
        sink decide: @escaping RecordingSink.Decision = { _ in .init(status: 200) },
        deadLetters decideDeadLetters: @escaping RecordingSink.Decision = { _ in .init(status: 202)
        }
    ) async throws {
        let loop = try EventLoop(name: "source-test")
        loop.start()
        self.loop = loop
        self.broker = try EmbeddedBroker(brokerCount: brokerCount) { _ in }
        for (topic, partitions) in topics {
            try self.broker.createTopic(topic, partitions: partitions)
        }
        self.producer = try KafkaProducer(
            loop: loop,
            properties: [("bootstrap.servers", self.broker.bootstrapServers)],
            log: { _ in }
        )
        self.client = HTTPClient(loop: loop, configuration: .manySmallRequests)
        self.sink = RecordingSink(loop: loop, decide: decide)
        self.deadLetters = RecordingSink(loop: loop, decide: decideDeadLetters)
        self.milestones = Journal(loop: loop)
        self.lines = Journal(loop: loop)
        var servers: [HTTPServer] = []
        var addresses: [SinkAddress] = []
        for handler in [self.sink, self.deadLetters] {
            let server = HTTPServer(loop: loop, configuration: .init(), handler: handler)
            let address = try await server.listen(on: .ipv4Loopback(port: 0))
            servers.append(server)
            addresses.append(SinkAddress(url: "http://\(address)/", host: "sink.exam.example"))
        }
        self.servers = servers
        self.sinkAddress = addresses[0]
        self.deadLetterAddress = addresses[1]
    }

    func spec(_ change: (inout KafkaSourceSpec) -> Void = { _ in }) -> KafkaSourceSpec {
        var spec = KafkaSourceSpec(
            namespace: "exam",
            name: "uploads",
            bootstrapServers: [self.broker.bootstrapServers],
            topics: ["t"],
            consumerGroup: "group",
            initialOffset: .earliest,
            sink: self.sinkAddress,
            commitInterval: .milliseconds(50),
            // Only makes this broker's rebalances short.
            properties: [("session.timeout.ms", "4000"), ("heartbeat.interval.ms", "200")]
        )
        change(&spec)
        return spec
    }

    func dispatcher(
        _ change: (inout KafkaSourceSpec) -> Void = { _ in }
    ) throws -> KafkaSourceDispatcher {
        let lines = self.lines
        let milestones = self.milestones
        return try KafkaSourceDispatcher(
            spec: self.spec(change),
            loop: self.loop,
            client: self.client,
            logger: Logger(label: "test", sink: LogSink { lines.append($0) }),
            milestones: MilestoneRecorder { milestones.append($0) }
        )
    }

    /// Keeps a group alive: on the embedded broker nobody can join one whose last member has left.
    func sentinel(topic: String) throws -> Sentinel {
        try self.broker.createTopic(topic, partitions: 1)
        return try Sentinel(
            KafkaConsumer(
                loop: self.loop,
                configuration: KafkaConsumerConfiguration(
                    bootstrapServers: self.broker.bootstrapServers,
                    group: "group",
                    topics: [topic],
                    properties: [("session.timeout.ms", "4000"), ("heartbeat.interval.ms", "200")],
                    log: { _ in }
                )
            )
        )
    }

    func send(_ value: String, key: String? = nil, headers: [KafkaHeader] = []) async throws {
        _ = try await self.producer.send(
            topic: "t",
            key: key.map { Array($0.utf8) },
            value: Array(value.utf8),
            headers: headers
        )
    }

    func stop() async {
        for server in self.servers { await server.drain(deadline: .seconds(1)) }
        await self.client.close()
        await self.producer.close(deadline: .seconds(1))
        await self.broker.close()
        self.loop.stop()
    }
}

/// A member of a group that does nothing.
final class Sentinel: KafkaConsumerDelegate, Sendable {
    private let consumer: KafkaConsumer
    private let events: Journal<String>

    init(_ consumer: KafkaConsumer) throws {
        self.consumer = consumer
        self.events = Journal(loop: consumer.loop)
    }

    func join() async throws -> Bool {
        try await self.consumer.loop.run { try self.consumer.start(delegate: self) }
        return await self.events.wait { $0.contains("assigned") }
    }

    func leave() async {
        await self.consumer.loop.run { self.consumer.close() }
        _ = await self.events.wait { $0.contains("closed") }
    }

    func consumerAssigned(_ partitions: [AssignedPartition]) { self.events.append("assigned") }
    func consumerRevoked(_ partitions: [AssignedPartition], isLost: Bool) {
        self.consumer.release(committing: [:])
    }
    func consumerHasRecords() {}
    func consumerCommitted(_ offsets: [TopicPartition: Int64], error: KafkaError?) {}
    func consumerFailed(_ error: KafkaError) {}
    func consumerClosed() { self.events.append("closed") }
}

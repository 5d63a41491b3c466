// SPDX-License-Identifier: Apache-2.0

import EventLoop
import TestSupport

@testable import Kafka

/// A consumer that takes whatever comes and writes down what happens to it.
///
/// `@unchecked Sendable`: belongs to the loop of its consumer, apart from the journal.
final class GroupMember: KafkaConsumerDelegate, @unchecked Sendable {
    enum Entry: Sendable, Equatable {
        case assigned([TopicPartition])
        case revoked([TopicPartition], isLost: Bool)
        case committed([TopicPartition: Int64])
        case commitFailed(KafkaError.Code)
        case failed(KafkaError.Code)
        case closed
    }

    let loop: EventLoop
    let consumer: KafkaConsumer
    let journal: Journal<Entry>
    /// The records, in the order in which they came; members of a group may share it.
    let read: Journal<KafkaRecord>
    private var partitions: [TopicPartition: AssignedPartition] = [:]
    private var positions: [TopicPartition: Int64] = [:]

    init(
        loop: EventLoop,
        broker: String,
        group: String,
        topics: [String],
        initialOffset: InitialOffset = .earliest,
        properties: [KafkaProperty] = [],
        read: Journal<KafkaRecord>? = nil
    ) throws {
        self.loop = loop
        self.read = read ?? Journal(loop: loop)
        self.journal = Journal(loop: loop)
        self.consumer = try KafkaConsumer(
            loop: loop,
            configuration: KafkaConsumerConfiguration(
                bootstrapServers: broker,
                group: group,
                topics: topics,
                initialOffset: initialOffset,
                properties: properties,
                log: { _ in }
            )
        )
    }

    func start() async throws {
        try await self.loop.run { try self.consumer.start(delegate: self) }
    }

    /// Stores what was read so far, and waits until it is stored.
    func commit() async -> Bool {
        let positions = await self.loop.run {
            let owned = self.positions.filter { self.partitions[$0.key] != nil }
            self.consumer.commit(owned.mapValues { KafkaCommit(offset: $0) })
            return owned
        }
        return await self.journal.wait { $0.contains(.committed(positions)) }
    }

    func close() async -> Bool {
        await self.loop.run { self.consumer.close() }
        return await self.journal.wait { $0.contains(.closed) }
    }

    func waitUntilAssigned(_ count: Int) async -> Bool {
        await self.journal.wait { entries in
            var owned: Set<TopicPartition> = []
            for entry in entries {
                if case .assigned(let partitions) = entry { owned.formUnion(partitions) }
                if case .revoked(let partitions, _) = entry { owned.subtract(partitions) }
            }
            return owned.count == count
        }
    }

    func waitForRecords(_ count: Int) async -> Bool {
        await self.read.wait { $0.count >= count }
    }

    var records: [KafkaRecord] { self.read.entries }

    func consumerAssigned(_ partitions: [AssignedPartition]) {
        for partition in partitions { self.partitions[partition.id] = partition }
        self.journal.append(.assigned(partitions.map(\.id)))
        self.consumerHasRecords()
    }

    func consumerRevoked(_ partitions: [AssignedPartition], isLost: Bool) {
        let ids = partitions.map(\.id)
        for id in ids { self.partitions[id] = nil }
        self.journal.append(.revoked(ids, isLost: isLost))
        let positions = self.positions.filter { ids.contains($0.key) }
        self.consumer.release(committing: positions.mapValues { KafkaCommit(offset: $0) })
    }

    func consumerHasRecords() {
        for partition in self.partitions.values {
            while let record = partition.next() {
                self.positions[partition.id] = record.offset + 1
                self.read.append(record)
            }
        }
    }

    func consumerCommitted(_ offsets: [TopicPartition: Int64], error: KafkaError?) {
        self.journal.append(error.map { .commitFailed($0.code) } ?? .committed(offsets))
    }

    func consumerFailed(_ error: KafkaError) { self.journal.append(.failed(error.code)) }

    func consumerClosed() { self.journal.append(.closed) }
}

/// A started loop and an embedded broker for one test.
struct Cluster {
    let loop: EventLoop
    let broker: EmbeddedBroker

    init(brokers: Int32 = 1, topics: [String: Int] = [:]) throws {
        self.loop = try EventLoop(name: "kafka-test")
        self.loop.start()
        self.broker = try EmbeddedBroker(brokerCount: brokers) { _ in }
        for (topic, partitions) in topics {
            try self.broker.createTopic(topic, partitions: partitions)
        }
    }

    func member(
        group: String = "group",
        topics: [String],
        initialOffset: InitialOffset = .earliest,
        properties: [KafkaProperty] = [],
        read: Journal<KafkaRecord>? = nil
    ) throws -> GroupMember {
        try GroupMember(
            loop: self.loop,
            broker: self.broker.bootstrapServers,
            group: group,
            topics: topics,
            initialOffset: initialOffset,
            properties: properties,
            read: read
        )
    }

    func producer(_ properties: [KafkaProperty] = []) throws -> KafkaProducer {
        try KafkaProducer(
            loop: self.loop,
            properties: [("bootstrap.servers", self.broker.bootstrapServers)] + properties,
            log: { _ in }
        )
    }

    func stop() async {
        await self.broker.close()
        self.loop.stop()
    }
}

// SPDX-License-Identifier: Apache-2.0

import EventLoop
import TestSupport
import Testing

@testable import Kafka

/// The first join of a group takes three seconds on the embedded broker; tests run side by side.
@Suite("Consumer", .timeLimit(.minutes(2)))
struct KafkaConsumerTests {
    @Test("what was sent arrives unchanged: null and empty, doubled and binary headers, time")
    func roundTrip() async throws {
        let cluster = try Cluster(topics: ["t": 1])
        let producer = try cluster.producer()
        let headers = [
            KafkaHeader(name: "a", value: Array("1".utf8)),
            KafkaHeader(name: "a", value: nil),
            KafkaHeader(name: "A", value: []),
            KafkaHeader(name: "b", value: [0xFF, 0x00, 0xFE]),
        ]
        let sent: [(key: [UInt8]?, value: [UInt8]?, headers: [KafkaHeader])] = [
            ([0, 1, 0xFF], [0, 0xC3, 0x28], headers), (nil, nil, []), ([], [], []),
        ]
        for record in sent {
            _ = try await producer.send(
                topic: "t",
                key: record.key,
                value: record.value,
                headers: record.headers,
                timestampMilliseconds: 1_700_000_000_123
            )
        }
        let member = try cluster.member(topics: ["t"])
        try await member.start()
        #expect(await member.waitForRecords(3))
        for (record, original) in zip(member.records, sent) {
            #expect(record.key == original.key)
            #expect(record.value == original.value)
            #expect(record.headers == original.headers)
            #expect(record.timestampMilliseconds == 1_700_000_000_123)
        }
        #expect(member.records.map(\.offset) == [0, 1, 2])
        #expect(await member.close())
        // Leaving stored what had been taken.
        let last = TopicPartition(topic: "t", partition: 0)
        #expect(member.journal.entries.contains(.committed([last: 3])))
        #expect(member.journal.entries.last == .closed)
        await producer.close(deadline: .seconds(60))
        await cluster.stop()
    }

    @Test("a new group that starts at the latest record misses nothing from its assignment on")
    func latestIsPinned() async throws {
        let cluster = try Cluster(topics: ["t": 2])
        let producer = try cluster.producer()
        for key in UInt8(0)..<8 { _ = try await producer.send(topic: "t", key: [key], value: [0]) }
        let member = try cluster.member(topics: ["t"], initialOffset: .latest)
        try await member.start()
        #expect(await member.waitUntilAssigned(2))
        // The starting points are stored before anything was read.
        let pinned = try Self.pin(cluster, group: "group", topic: "t", partitions: 2)
        #expect(pinned.starts.values.reduce(0, +) == 8)
        #expect(pinned.uncommitted.isEmpty)
        for key in UInt8(0)..<8 { _ = try await producer.send(topic: "t", key: [key], value: [1]) }
        #expect(await member.waitForRecords(8))
        #expect(member.records.allSatisfy { $0.value == [1] })
        // A second look keeps what is stored, although more was appended since.
        #expect(try Self.pin(cluster, group: "group", topic: "t", partitions: 2) == pinned)
        #expect(await member.close())
        await producer.close(deadline: .seconds(60))
        await cluster.stop()
    }

    @Test("a partition that appears later is read from its beginning, also by a latest group")
    func addedPartition() async throws {
        let cluster = try Cluster(topics: ["t": 2])
        let producer = try cluster.producer()
        for key in UInt8(0)..<8 { _ = try await producer.send(topic: "t", key: [key], value: [0]) }
        let outcome = try Self.pin(
            cluster,
            group: "new",
            topic: "t",
            partitions: 2,
            partitionCounts: ["t": 1]
        )
        #expect(outcome.starts[TopicPartition(topic: "t", partition: 1)] == 0)
        #expect(outcome.starts[TopicPartition(topic: "t", partition: 0)] ?? 0 > 0)
        await producer.close(deadline: .seconds(60))
        await cluster.stop()
    }

    private static func pin(
        _ cluster: Cluster,
        group: String,
        topic: String,
        partitions: Int32,
        partitionCounts: [String: Int32] = [:]
    ) throws -> OffsetPinning.Outcome {
        let configuration = KafkaConsumerConfiguration(
            bootstrapServers: cluster.broker.bootstrapServers,
            group: group,
            topics: [topic],
            log: { _ in }
        )
        let handle = try ClientHandle(
            .consumer,
            properties: configuration.allProperties,
            events: 0,
            log: { _ in }
        )
        defer { handle.destroy() }
        return try OffsetPinning(
            handle: handle,
            partitions: (0..<partitions).map { TopicPartition(topic: topic, partition: $0) },
            partitionCounts: partitionCounts
        ).run()
    }

    static let strategies = ["cooperative-sticky", "range"]

    @Test("when a member joins and leaves, every record is read", arguments: strategies)
    func rebalance(_ strategy: String) async throws {
        let cluster = try Cluster(topics: ["t": 4])
        let producer = try cluster.producer()
        // Short times only make this broker's rebalances short.
        let properties: [KafkaProperty] = [
            ("partition.assignment.strategy", strategy), ("session.timeout.ms", "4000"),
            ("heartbeat.interval.ms", "200"),
        ]
        let read = Journal<KafkaRecord>(loop: cluster.loop)
        let first = try cluster.member(topics: ["t"], properties: properties, read: read)
        try await first.start()
        #expect(await first.waitUntilAssigned(4))
        for key in UInt8(0)..<40 {
            _ = try await producer.send(topic: "t", key: [key], value: [key])
        }
        #expect(await read.wait { $0.count == 40 })
        // Stored in quiet times: this broker refuses commits once a rebalance has begun.
        #expect(await first.commit())
        let second = try cluster.member(topics: ["t"], properties: properties, read: read)
        try await second.start()
        #expect(await second.waitUntilAssigned(2))
        #expect(await first.waitUntilAssigned(2))
        for key in UInt8(40)..<80 {
            _ = try await producer.send(topic: "t", key: [key], value: [key])
        }
        let all = Set(UInt8(0)..<80)
        #expect(await read.wait { Set($0.compactMap { $0.value?.first }) == all })
        #expect(await first.commit())
        #expect(await second.commit())
        #expect(await second.close())
        #expect(await first.waitUntilAssigned(4))
        // What was read and stored before the moves is not read again.
        #expect(read.entries.count == 80)
        #expect(await first.close())
        await producer.close(deadline: .seconds(60))
        await cluster.stop()
    }

    @Test("a full queue is filled again as soon as there is room")
    func refill() async throws {
        let cluster = try Cluster(topics: ["t": 1])
        let producer = try cluster.producer()
        let count = 20_000
        await withTaskGroup { group in
            for _ in 0..<count {
                group.addTask { _ = try? await producer.send(topic: "t", key: nil, value: [1]) }
            }
        }
        // Fetches of some 500 records each: at one a second this would take forty seconds.
        let member = try cluster.member(
            topics: ["t"],
            properties: [("queued.min.messages", "100"), ("max.partition.fetch.bytes", "5000")]
        )
        try await member.start()
        #expect(await member.waitForRecords(count))
        #expect(member.records.map(\.offset) == Array(0..<Int64(count)))
        #expect(await member.close())
        await producer.close(deadline: .seconds(60))
        await cluster.stop()
    }

    @Test("a broker that is gone is reported, and reading goes on when it is back")
    func brokerDown() async throws {
        let cluster = try Cluster(topics: ["t": 1])
        let producer = try cluster.producer()
        let member = try cluster.member(topics: ["t"])
        try await member.start()
        #expect(await member.waitUntilAssigned(1))
        try cluster.broker.setBrokerDown()
        #expect(await member.journal.wait { $0.contains(.failed(.allBrokersDown)) })
        try cluster.broker.setBrokerUp()
        _ = try await producer.send(topic: "t", key: nil, value: [7])
        #expect(await member.waitForRecords(1))
        #expect(await member.close())
        await producer.close(deadline: .seconds(60))
        await cluster.stop()
    }

    @Test("a refused commit is told, with the offsets that were not stored")
    func commitRefused() async throws {
        let cluster = try Cluster(topics: ["t": 1])
        let member = try cluster.member(topics: ["t"])
        try await member.start()
        #expect(await member.waitUntilAssigned(1))
        try cluster.broker.pushRequestErrors(.offsetCommit, [.messageTooLarge])
        let partition = TopicPartition(topic: "t", partition: 0)
        await cluster.loop.run { member.consumer.commit([partition: KafkaCommit(offset: 5)]) }
        #expect(await member.journal.wait { $0.contains(.commitFailed(.messageTooLarge)) })
        await cluster.loop.run { member.consumer.commit([partition: KafkaCommit(offset: 5)]) }
        #expect(await member.journal.wait { $0.contains(.committed([partition: 5])) })
        #expect(await member.close())
        await cluster.stop()
    }

    @Test("a consumer can be closed at any time: before its start, while joining, without broker")
    func closeEarly() async throws {
        let cluster = try Cluster(topics: ["t": 1])
        do { _ = try cluster.member(topics: ["t"]) }
        let joining = try cluster.member(group: "joining", topics: ["t"], initialOffset: .latest)
        try await joining.start()
        #expect(await joining.close())
        let lonely = try GroupMember(
            loop: cluster.loop,
            broker: "127.0.0.1:1",
            group: "lonely",
            topics: ["t"]
        )
        try await lonely.start()
        #expect(await lonely.close())
        await cluster.stop()
    }
}

// SPDX-License-Identifier: Apache-2.0

import EventLoop
import TestSupport
import Testing

@testable import Kafka

@Suite("Reader without a group", .timeLimit(.minutes(2)))
struct KafkaReaderTests {
    /// A topic of two partitions; partition 1 has the records 0, 1, 2 … as values.
    private func withReader(
        records: Int = 0,
        _ body: (Cluster, KafkaReader) async throws -> Void
    ) async throws {
        let cluster = try Cluster(topics: ["t": 2])
        let producer = try cluster.producer()
        let place = TopicPartition(topic: "t", partition: 1)
        for number in 0..<records {
            _ = try await producer.send(to: place, key: nil, value: Array("\(number)".utf8))
        }
        let reader = try KafkaReader(
            loop: cluster.loop,
            bootstrapServers: cluster.broker.bootstrapServers,
            log: { _ in }
        )
        try await body(cluster, reader)
        await reader.close()
        await producer.close(deadline: .seconds(60))
        await cluster.stop()
    }

    private let partition = TopicPartition(topic: "t", partition: 1)

    @Test("tells the partitions of a topic and where they begin and end")
    func questions() async throws {
        try await self.withReader(records: 3) { _, reader in
            let partitions = try await reader.partitions(of: "t")
            #expect(partitions.map(\.partition) == [0, 1])
            #expect(try await reader.bounds(of: partitions[0]) == 0..<0)
            #expect(try await reader.bounds(of: partitions[1]) == 0..<3)
        }
    }

    @Test("a topic that is not there is an error that names it")
    func unknownTopic() async throws {
        try await self.withReader { _, reader in
            let error = await #expect(throws: KafkaError.self) {
                try await reader.bounds(of: TopicPartition(topic: "t", partition: 9))
            }
            #expect(error?.message.contains("t[9]") == true)
        }
    }

    @Test("reads from any offset to the end, in order, more than one batch")
    func reading() async throws {
        try await self.withReader(records: 150) { _, reader in
            let part = try await reader.read(self.partition, from: 20)
            var offsets: [Int64] = []
            reading: while true {
                switch try await part.next() {
                case .records(let records):
                    #expect(records.count <= PartitionReader.batchRecordsMax)
                    for record in records {
                        offsets.append(record.offset)
                        #expect(record.value == Array("\(record.offset)".utf8))
                    }
                case .end(let end):
                    #expect(end == 150)
                    break reading
                case .interrupted: Issue.record("nobody interrupted")
                }
            }
            #expect(offsets == Array(20..<150))
            await part.stop()
        }
    }

    @Test("a partition can be read again, from elsewhere")
    func again() async throws {
        try await self.withReader(records: 5) { _, reader in
            for start in [3, 0, 4] as [Int64] {
                let part = try await reader.read(self.partition, from: start)
                guard case .records(let records) = try await part.next() else {
                    Issue.record("no records from \(start)")
                    continue
                }
                #expect(records.first?.offset == start)
                await part.stop()
            }
        }
    }

    @Test("who waits is interrupted, and so is who asks later")
    func interruption() async throws {
        try await self.withReader { _, reader in
            let part = try await reader.read(self.partition, from: 0)
            #expect(try await part.next() == .end(0))
            async let step = part.next()
            reader.interrupt()
            #expect(try await step == .interrupted)
            #expect(try await part.next() == .interrupted)
            await part.stop()
        }
    }
}

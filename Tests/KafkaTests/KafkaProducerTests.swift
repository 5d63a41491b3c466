// SPDX-License-Identifier: Apache-2.0

import EventLoop
import TestSupport
import Testing

@testable import Kafka

@Suite("Producer", .timeLimit(.minutes(5)))
struct KafkaProducerTests {
    /// A port at which nobody listens, so that nothing is ever delivered.
    static let nowhere: KafkaProperty = ("bootstrap.servers", "127.0.0.1:1")

    @Test("records of one key go to one partition, one after the other")
    func positions() async throws {
        let cluster = try Cluster(topics: ["t": 4])
        let producer = try cluster.producer()
        var positions: [KafkaPosition] = []
        for number in 0..<5 {
            positions.append(
                try await producer.send(topic: "t", key: [1, 2], value: [UInt8(number)])
            )
        }
        #expect(Set(positions.map(\.partition)).count == 1)
        #expect(positions.map(\.offset) == [0, 1, 2, 3, 4])
        await producer.close(deadline: .seconds(60))
        await cluster.stop()
    }

    @Test("what cannot be delivered in time fails, and may be tried again")
    func messageTimeout() async throws {
        let cluster = try Cluster()
        let producer = try KafkaProducer(
            loop: cluster.loop,
            properties: [Self.nowhere, ("message.timeout.ms", "50")],
            log: { _ in }
        )
        let error = await #expect(throws: KafkaError.self) {
            try await producer.send(topic: "t", key: nil, value: [])
        }
        #expect(error?.code == .messageTimedOut)
        #expect(error?.isRetriable == true)
        await producer.close(deadline: .zero)
        await cluster.stop()
    }

    @Test("at the queue's limit a record is taken, one past it is refused at once")
    func queueFull() async throws {
        let cluster = try Cluster()
        let producer = try KafkaProducer(
            loop: cluster.loop,
            properties: [Self.nowhere, ("queue.buffering.max.messages", "1")],
            log: { _ in }
        )
        let outcomes = Journal<KafkaError.Code>(loop: cluster.loop)
        async let sends: Void = withTaskGroup { group in
            for _ in 0..<2 {
                group.addTask {
                    do {
                        _ = try await producer.send(topic: "t", key: nil, value: [1])
                    } catch {
                        outcomes.append((error as? KafkaError)?.code ?? .configurationInvalid)
                    }
                }
            }
        }
        #expect(await outcomes.wait { $0 == [.queueFull] })
        await producer.close(deadline: .zero)
        await sends
        #expect(outcomes.entries == [.queueFull, .purged])
        await cluster.stop()
    }

    @Test("a producer can be prepared, also for topics that are not there, and while it closes")
    func prepare() async throws {
        let cluster = try Cluster(topics: ["t": 1])
        let producer = try cluster.producer()
        await producer.prepare(topics: ["t", "elsewhere"])
        _ = try await producer.send(topic: "t", key: nil, value: [1])
        async let preparing: Void = producer.prepare(topics: ["t"])
        await producer.close(deadline: .seconds(60))
        await preparing
        await producer.prepare(topics: ["t"])
        await cluster.stop()
    }

    @Test("a closed producer takes nothing, and closing twice is harmless")
    func closed() async throws {
        let cluster = try Cluster(topics: ["t": 1])
        let producer = try cluster.producer()
        _ = try await producer.send(topic: "t", key: nil, value: [1])
        await producer.close(deadline: .seconds(60))
        await producer.close(deadline: .seconds(60))
        let error = await #expect(throws: KafkaError.self) {
            try await producer.send(topic: "t", key: nil, value: [1])
        }
        #expect(error?.code == .closed)
        #expect(error?.isRetriable == false)
        await cluster.stop()
    }

    @Test("closing waits for what is on its way")
    func closeFlushes() async throws {
        let cluster = try Cluster(topics: ["t": 1])
        try cluster.broker.setRoundTripTime(100)
        // Would wait for company, were it not for the closing.
        let producer = try cluster.producer([
            ("linger.ms", "60000"), ("message.timeout.ms", "90000"),
        ])
        let journal = Journal<Int64>(loop: cluster.loop)
        async let sends: Void = withTaskGroup { group in
            for _ in 0..<10 {
                group.addTask {
                    let position = try? await producer.send(topic: "t", key: nil, value: [1])
                    journal.append(position?.offset ?? -1)
                }
            }
        }
        // All ten are in the producer's hands, or come too late and fail: both end the group.
        await producer.close(deadline: .seconds(20))
        await sends
        let stored = journal.entries.filter { $0 >= 0 }.sorted()
        #expect(stored == Array(0..<Int64(stored.count)))
        await cluster.stop()
    }

    @Test("a message that no broker may take is refused and not retried")
    func tooLarge() async throws {
        let cluster = try Cluster(topics: ["t": 1])
        let producer = try cluster.producer([("message.max.bytes", "1000")])
        let error = await #expect(throws: KafkaError.self) {
            try await producer.send(
                topic: "t",
                key: nil,
                value: [UInt8](repeating: 0, count: 2000)
            )
        }
        #expect(error?.code == .messageTooLarge)
        #expect(error?.isRetriable == false)
        await producer.close(deadline: .zero)
        await cluster.stop()
    }
}

// SPDX-License-Identifier: Apache-2.0

import Bytes
import CloudEvents
import EventLoop
import HTTP
import Kafka
import TestSupport
import Testing

@testable import KafkaSource

/// What goes beyond Knative's KafkaSource, from a topic to a sink over real sockets.
@Suite("Dispatcher's own features", .timeLimit(.minutes(2)))
struct DispatcherFeatureTests {
    /// Records of a topic, read by a group of its own.
    private static func records(
        _ fixture: DispatchFixture,
        topic: String,
        count: Int
    ) async throws -> [KafkaRecord] {
        let reader = try TopicCollector(fixture, topic: topic)
        try await reader.start()
        #expect(await reader.records.wait { $0.count == count })
        await reader.close()
        return reader.records.entries
    }

    @Test("dead letters in a topic keep key, value and headers, and tell what happened")
    func deadLetterTopic() async throws {
        let fixture = try await DispatchFixture(topics: ["t": 1, "dead": 1]) { request in
            guard request.body == Array("bad".utf8) else { return .init(status: 200) }
            return .init(status: 400, fields: ["Kne-Hint": "h"], body: Array("no good".utf8))
        }
        let dispatcher = try fixture.dispatcher {
            $0.delivery = DeliverySpec(deadLetterSink: SinkAddress(url: "kafka:dead"))
        }
        let header = KafkaHeader(name: "X-Trace", value: [0xFF, 1])
        try await fixture.send("bad", key: "k", headers: [header])
        let structured = KafkaHeader(
            name: "content-type",
            value: Array("application/cloudevents+json".utf8)
        )
        try await fixture.send("{ poison", headers: [structured])
        try await fixture.send("good")
        dispatcher.start()
        #expect(await fixture.sink.requests.wait { $0.count == 2 })
        let letters = try await Self.records(fixture, topic: "dead", count: 2)
        #expect(letters[0].key == Array("k".utf8) && letters[0].value == Array("bad".utf8))
        let headers = Dictionary(
            letters[0].headers.map { ($0.name, $0.value ?? []) },
            uniquingKeysWith: { $1 }
        )
        #expect(headers["X-Trace"] == [0xFF, 1])
        #expect(headers["knativeerrorcode"] == Array("400".utf8))
        #expect(headers["knativeerrordest"] == Array(fixture.sinkAddress.url.utf8))
        #expect(headers["knativeerrordata"] == Array(Base64.encode(Array("no good".utf8)).utf8))
        #expect(headers["hint"] == Array("h".utf8))
        #expect(headers["swiftlet-dead-letter-topic"] == Array("t".utf8))
        #expect(headers["swiftlet-dead-letter-offset"] == Array("0".utf8))
        #expect(letters[1].value == Array("{ poison".utf8))
        await dispatcher.stop(deadline: .seconds(5))
        #expect(await dispatcher.statistics.deadLettered == 2)
        await fixture.stop()
    }

    @Test("replies that are events go to the reply sink; others are dead letters")
    func replies() async throws {
        let fixture = try await DispatchFixture(topics: ["t": 1, "replies": 1]) { request in
            switch request.body {
            case Array("none".utf8): return .init(status: 202, body: Array("later".utf8))
            case Array("text".utf8): return .init(status: 200, body: Array("no event".utf8))
            default:
                let fields: HTTPFields = [
                    "ce-specversion": "1.0", "ce-type": "done", "ce-source": "/f", "ce-id": "7",
                    "ce-partitionkey": "p",
                ]
                return .init(status: 200, fields: fields, body: Array("reply".utf8))
            }
        }
        let dispatcher = try fixture.dispatcher {
            $0.replies = .send(SinkAddress(url: "kafka:replies"))
            $0.delivery = DeliverySpec(deadLetterSink: fixture.deadLetterAddress)
        }
        for value in ["event", "none", "text"] { try await fixture.send(value) }
        dispatcher.start()
        #expect(await fixture.deadLetters.requests.wait { $0.count == 1 })
        let replies = try await Self.records(fixture, topic: "replies", count: 1)
        #expect(replies[0].key == Array("p".utf8) && replies[0].value == Array("reply".utf8))
        #expect(replies[0].headers.contains { $0.name == "ce_type" })
        #expect(fixture.deadLetters.requests.entries[0].body == Array("text".utf8))
        await dispatcher.stop(deadline: .seconds(5))
        let statistics = await dispatcher.statistics
        #expect(statistics.delivered == 2 && statistics.replied == 1)
        await fixture.stop()
    }

    @Test("key: a slow key holds back its own records alone")
    func keys() async throws {
        let fixture = try await DispatchFixture { request in
            request.fields["ce-key"] == "slow" ? nil : .init(status: 200)
        }
        let dispatcher = try fixture.dispatcher { $0.ordering = .key }
        for number in 0..<6 {
            try await fixture.send("\(number)", key: number % 2 == 0 ? "slow" : "fast")
        }
        dispatcher.start()
        #expect(await fixture.sink.requests.wait { $0.count == 4 })
        #expect(
            fixture.sink.requests.entries.map { String(decoding: $0.body, as: UTF8.self) }
                == ["0", "1", "3", "5"]
        )
        fixture.sink.setDecision { _ in .init(status: 200) }
        fixture.sink.answerOpenRequests(.init(status: 200))
        #expect(await fixture.sink.requests.wait { $0.count == 6 })
        #expect(
            fixture.sink.requests.entries.suffix(2).map(\.body) == [
                Array("2".utf8), Array("4".utf8),
            ]
        )
        await dispatcher.stop(deadline: .seconds(5))
        await fixture.stop()
    }

    @Test("what was finished out of order, and the attempts, outlive the process")
    func resumes() async throws {
        let fixture = try await DispatchFixture { request in
            request.body == Array("0".utf8) ? .init(status: 503) : .init(status: 200)
        }
        let sentinel = try fixture.sentinel(topic: "other")
        #expect(try await sentinel.join())
        let change: @Sendable (inout KafkaSourceSpec) -> Void = {
            $0.ordering = .unordered
            $0.deliveryDefaults = .knative
            $0.delivery = DeliverySpec(
                retry: 2,
                backoffPolicy: .linear,
                backoffDelay: .milliseconds(700),
                deadLetterSink: fixture.deadLetterAddress
            )
        }
        let first = try fixture.dispatcher(change)
        for number in 0..<4 { try await fixture.send("\(number)") }
        first.start()
        #expect(await fixture.sink.requests.wait { $0.count == 4 })
        await first.stop(deadline: .seconds(5))
        let second = try fixture.dispatcher(change)
        second.start()
        #expect(await fixture.deadLetters.requests.wait { $0.count == 1 })
        await second.stop(deadline: .seconds(5))
        // Three attempts in all with the first record, one with each other.
        #expect(fixture.sink.requests.entries.count { $0.body == Array("0".utf8) } == 3)
        #expect(fixture.sink.requests.entries.count == 6)
        await sentinel.leave()
        await fixture.stop()
    }

    @Test("a record at the limit is sent, a larger one is a dead letter")
    func oversize() async throws {
        let fixture = try await DispatchFixture()
        let dispatcher = try fixture.dispatcher {
            $0.recordBytesMax = 10
            $0.delivery = DeliverySpec(deadLetterSink: fixture.deadLetterAddress)
        }
        try await fixture.send("0123456789")
        try await fixture.send("0123456789a")
        dispatcher.start()
        #expect(await fixture.deadLetters.requests.wait { $0.count == 1 })
        #expect(fixture.sink.requests.entries.map(\.body.count) == [10])
        #expect(fixture.deadLetters.requests.entries[0].body.count == 11)
        await dispatcher.stop(deadline: .seconds(5))
        await fixture.stop()
    }

    @Test("what the filter does not admit is done without the sink")
    func filter() async throws {
        let fixture = try await DispatchFixture()
        let dispatcher = try fixture.dispatcher {
            $0.filter = SourceFilter("odd offsets") { $0.subject?.last == "1" }
        }
        for value in ["a", "b", "c"] { try await fixture.send(value) }
        dispatcher.start()
        #expect(await fixture.sink.requests.wait { $0.count == 1 })
        #expect(fixture.sink.requests.entries[0].body == Array("b".utf8))
        await dispatcher.stop(deadline: .seconds(5))
        let statistics = await dispatcher.statistics
        #expect(statistics.delivered == 1 && statistics.filtered >= 1)
        await fixture.stop()
    }

    @Test("odd records are delivered or dead letters, and hold up nobody")
    func garbage() async throws {
        let fixture = try await DispatchFixture()
        let dispatcher = try fixture.dispatcher {
            $0.ordering = .unordered
            $0.delivery = DeliverySpec(deadLetterSink: fixture.deadLetterAddress)
        }
        let text = { (text: String) in Array(text.utf8) }
        let odd: [(key: [UInt8]?, value: [UInt8]?, headers: [KafkaHeader])] = [
            (nil, nil, []), ([], [], []), ([0xFF, 0xFE], [0, 0xC3, 0x28], []),
            (text("a\r\nb: c"), text("x"), [KafkaHeader(name: "h", value: text("\u{1}\u{7F}\n"))]),
            (
                nil, text("x"),
                [KafkaHeader(name: "big", value: [UInt8](repeating: 0x61, count: 100_000))]
            ),
            (nil, text("x"), (0..<3).map { KafkaHeader(name: "same", value: text("\($0)")) }),
            (nil, text("x"), [KafkaHeader(name: "content-type", value: text("no/type; ;;"))]),
            (nil, text("x"), [KafkaHeader(name: "content-type", value: [0xFF])]),
            (nil, text("x"), [KafkaHeader(name: "ce_specversion", value: text("9"))]),
            (nil, text("x"), [KafkaHeader(name: "é€", value: nil)]),
            (nil, [UInt8](repeating: 0x7A, count: 900_000), []),
        ]
        for record in odd {
            _ = try await fixture.producer.send(
                topic: "t",
                key: record.key,
                value: record.value,
                headers: record.headers
            )
        }
        dispatcher.start()
        // One says that it is an event of a version that nobody knows, and the header of another
        // is too much for a server: it comes as a structured event.
        #expect(await fixture.sink.requests.wait { Set($0.map(\.id)).count == odd.count - 2 })
        #expect(await fixture.deadLetters.requests.wait { $0.count == 2 })
        let types = fixture.deadLetters.requests.entries.map { $0.fields["content-type"] ?? "" }
        #expect(types.count { $0.hasPrefix("application/cloudevents+json") } == 1)
        await dispatcher.stop(deadline: .seconds(5))
        #expect(await dispatcher.statistics.held == 0)
        await fixture.stop()
    }
}

/// Reads a topic from its beginning.
///
/// `@unchecked Sendable`: its variables belong to the loop.
final class TopicCollector: KafkaConsumerDelegate, @unchecked Sendable {
    let records: Journal<KafkaRecord>
    private let consumer: KafkaConsumer
    private let closed: Journal<Bool>
    private var partitions: [AssignedPartition] = []

    init(_ fixture: DispatchFixture, topic: String) throws {
        self.records = Journal(loop: fixture.loop)
        self.closed = Journal(loop: fixture.loop)
        self.consumer = try KafkaConsumer(
            loop: fixture.loop,
            configuration: KafkaConsumerConfiguration(
                bootstrapServers: fixture.broker.bootstrapServers,
                group: "collector-\(topic)",
                topics: [topic],
                initialOffset: .earliest,
                log: { _ in }
            )
        )
    }

    func start() async throws {
        try await self.consumer.loop.run { try self.consumer.start(delegate: self) }
    }

    func close() async {
        await self.consumer.loop.run { self.consumer.close() }
        _ = await self.closed.wait { !$0.isEmpty }
    }

    func consumerAssigned(_ partitions: [AssignedPartition]) {
        self.partitions += partitions
        self.consumerHasRecords()
    }

    func consumerRevoked(_ partitions: [AssignedPartition], isLost: Bool) {
        self.consumer.release(committing: [:])
    }

    func consumerHasRecords() {
        for partition in self.partitions {
            while let record = partition.next() { self.records.append(record) }
        }
    }

    func consumerCommitted(_ offsets: [TopicPartition: Int64], error: KafkaError?) {}
    func consumerFailed(_ error: KafkaError) {}
    func consumerClosed() { self.closed.append(true) }
}

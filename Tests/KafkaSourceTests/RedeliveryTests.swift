// SPDX-License-Identifier: Apache-2.0

import CloudEvents
import EventLoop
import HTTP
import HTTPClient
import Kafka
import Synchronization
import TestSupport
import Testing

@testable import KafkaSource

/// From the embedded broker to a sink or a topic, without a group.
@Suite("Redelivery", .timeLimit(.minutes(2)))
struct RedeliveryTests {
    /// One job over a fixture's topics.
    struct Job: Sendable {
        let fixture: DispatchFixture
        let reader: KafkaReader
        let interruption: Interruption

        init(_ fixture: DispatchFixture) throws {
            self.fixture = fixture
            self.reader = try KafkaReader(
                loop: fixture.loop,
                bootstrapServers: fixture.broker.bootstrapServers,
                log: { _ in }
            )
            self.interruption = Interruption(loop: fixture.loop)
        }

        func ranges(
            _ topic: String = "t",
            from: OffsetBound = .beginning,
            to: OffsetBound = .end
        ) async throws -> [TopicPartition: OffsetRanges] {
            try await RangeFinder(self.reader, from: from, to: to).ranges(
                of: [topic],
                partitions: nil
            )
        }

        func sink(
            _ change: (inout KafkaSourceSpec) -> Void = { _ in }
        ) throws -> SinkTarget {
            try SinkTarget(
                spec: self.fixture.spec {
                    $0.delivery = DeliverySpec(retry: 1, backoffDelay: .milliseconds(1))
                    change(&$0)
                },
                client: self.fixture.client,
                interruption: self.interruption
            )
        }

        func redelivery(
            _ remaining: [TopicPartition: OffsetRanges],
            to target: any RedeliveryTarget,
            underWayMax: Int = 1,
            failuresMax: Int = 100
        ) -> Redelivery {
            Redelivery(
                remaining,
                reader: self.reader,
                target: target,
                underWayMax: underWayMax,
                rate: nil,
                failuresMax: failuresMax,
                interruption: self.interruption
            )
        }
    }

    private func withJob(
        topics: [String: Int] = ["t": 1],
        sink: @escaping RecordingSink.Decision = { _ in .init(status: 200) },
        _ body: (DispatchFixture, Job) async throws -> Void
    ) async throws {
        let fixture = try await DispatchFixture(topics: topics, sink: sink)
        let job = try Job(fixture)
        try await body(fixture, job)
        await job.reader.close()
        await fixture.stop()
    }

    @Test("a range arrives as the source would have sent it, in order, and nothing else")
    func range() async throws {
        try await self.withJob { fixture, job in
            for number in 0..<200 { try await fixture.send("\(number)", key: "k") }
            let remaining = try await job.ranges(from: .offset(50), to: .offset(150))
            let redelivery = job.redelivery(remaining, to: try job.sink())
            try await redelivery.run()
            let requests = fixture.sink.requests.entries
            #expect(requests.map(\.id) == (50..<150).map { "partition:0/offset:\($0)" })
            #expect(requests.map(\.body) == (50..<150).map { Array("\($0)".utf8) })
            let fields = try #require(requests.first).fields
            #expect(fields["ce-source"] == "/apis/v1/namespaces/exam/kafkasources/uploads#t")
            #expect(fields["ce-key"] == "k")
            #expect(fields["ce-knativekafkaoffset"] == "50")
            #expect(fields["prefer"] == "reply")
            #expect(fields["host"] == "sink.exam.example")
            let counts = redelivery.counts
            #expect(counts.delivered == 100 && counts.remaining == 0 && counts.failures.isEmpty)
        }
    }

    @Test("what fails is listed with its status, and stays; going on delivers it")
    func failures() async throws {
        let gate = Gate()
        try await self.withJob { request in
            gate.isOpen || request.body != Array("3".utf8) ? .init(status: 200) : .init(status: 422)
        } _: { fixture, job in
            for number in 0..<6 { try await fixture.send("\(number)") }
            let first = job.redelivery(try await job.ranges(), to: try job.sink())
            try await first.run()
            let partition = TopicPartition(topic: "t", partition: 0)
            #expect(
                first.counts.failures == [
                    RedeliveryFailure(
                        partition: partition,
                        offset: 3,
                        status: 422,
                        reason: "422 Unprocessable Content"
                    )
                ]
            )
            #expect(first.counts.delivered == 5)
            #expect(first.remaining == [partition: OffsetRanges(3..<4)])
            gate.open()
            let second = job.redelivery(first.remaining, to: try job.sink())
            try await second.run()
            #expect(second.counts.remaining == 0 && second.counts.delivered == 1)
            #expect(fixture.sink.requests.entries.last?.body == Array("3".utf8))
            #expect(fixture.sink.requests.entries.count == 7)
        }
    }

    @Test("a status that may change is tried again as the delivery says")
    func retries() async throws {
        try await self.withJob { request in
            .init(status: request.index == 0 ? 503 : 200)
        } _: { fixture, job in
            try await fixture.send("a")
            let redelivery = job.redelivery(try await job.ranges(), to: try job.sink())
            try await redelivery.run()
            #expect(redelivery.counts.delivered == 1)
            #expect(fixture.sink.requests.entries.count == 2)
        }
    }

    @Test("after so many failures the work ends, and says so")
    func failureLimit() async throws {
        try await self.withJob { _ in
            .init(status: 400)
        } _: { fixture, job in
            for number in 0..<50 { try await fixture.send("\(number)") }
            let redelivery = job.redelivery(
                try await job.ranges(),
                to: try job.sink(),
                failuresMax: 3
            )
            try await redelivery.run()
            #expect(redelivery.counts.failures.map(\.offset) == [0, 1, 2])
            #expect(redelivery.counts.remaining == 50)
            #expect(job.interruption.reason == "3 records failed")
        }
    }

    @Test("an interruption awaits what is with the sink, and leaves the rest")
    func interruption() async throws {
        try await self.withJob {
            $0.index < 2 ? .init(status: 200) : nil
        } _: { fixture, job in
            for number in 0..<50 { try await fixture.send("\(number)") }
            let redelivery = job.redelivery(
                try await job.ranges(),
                to: try job.sink(),
                underWayMax: 4
            )
            async let done: Void = redelivery.run()
            #expect(await fixture.sink.requests.wait { $0.count == 6 })
            redelivery.stop()
            fixture.sink.answerOpenRequests(.init(status: 200))
            try await done
            #expect(redelivery.counts.delivered == 6)
            let partition = TopicPartition(topic: "t", partition: 0)
            #expect(redelivery.remaining == [partition: OffsetRanges(6..<50)])
            #expect(fixture.sink.requests.entries.count == 6)
        }
    }

    @Test("a rate lets one go, and whoever waits for a turn is woken by an interruption")
    func pace() async throws {
        try await self.withJob { _, job in
            let pace = RedeliveryPace(rate: 0.001, interruption: job.interruption)
            #expect(await pace.admit())
            async let next = pace.admit()
            job.interruption.set(because: "enough")
            #expect(await next == false)
            #expect(await pace.admit() == false)
            job.interruption.set(because: "more")
            #expect(job.interruption.reason == "enough")
        }
    }

    @Test("a filter leaves out events, which count as done")
    func filter() async throws {
        try await self.withJob { fixture, job in
            for number in 0..<9 { try await fixture.send("\(number)", key: "\(number % 3)") }
            let target = try job.sink { $0.filter = try? SourceFilter.cesql("key = '1'") }
            let redelivery = job.redelivery(try await job.ranges(), to: target)
            try await redelivery.run()
            let bodies = fixture.sink.requests.entries.map(\.body)
            #expect(bodies == ["1", "4", "7"].map { Array($0.utf8) })
            #expect(redelivery.counts.filtered == 6 && redelivery.counts.remaining == 0)
        }
    }

    @Test("a time is found, also where the broker does not keep times")
    func times() async throws {
        try await self.withJob { fixture, job in
            for number in 0..<40 as Range<Int64> {
                _ = try await fixture.producer.send(
                    topic: "t",
                    key: nil,
                    value: [],
                    timestampMilliseconds: 1_000_000 + number * 1000
                )
            }
            let partition = TopicPartition(topic: "t", partition: 0)
            for (from, to, found) in [
                (1_010_000, 1_020_000, 10..<20), (1_010_001, 1_019_999, 11..<20),
                (0, 1_000_000, 0..<0), (1_039_000, 2_000_000, 39..<40),
                (1_039_001, 2_000_000, 40..<40),
            ] as [(Int64, Int64, Range<Int64>)] {
                let ranges = try await job.ranges(from: .time(from), to: .time(to))
                #expect(ranges == [partition: OffsetRanges(found)], "\(from) to \(to)")
            }
        }
    }

    @Test("bounds outside of a partition are those of the partition; a wrong one is an error")
    func bounds() async throws {
        try await self.withJob(topics: ["t": 2]) { fixture, job in
            try await fixture.send("a", key: "k")
            let ranges = try await job.ranges(from: .offset(0), to: .offset(1000))
            #expect(ranges.values.reduce(0) { $0 + $1.count } == 1)
            #expect(ranges.count == 2)
            let error = await #expect(throws: KafkaSourceError.self) {
                try await RangeFinder(job.reader, from: .beginning, to: .end).ranges(
                    of: ["t"],
                    partitions: [0, 2]
                )
            }
            #expect(error?.message.contains("no partition 2") == true)
        }
    }

    @Test("dead letters go back to the partition they came from, as they were")
    func redrive() async throws {
        try await self.withJob(topics: ["t": 4, "dead": 1]) { fixture, job in
            let source = KafkaRecord(
                topic: "t",
                partition: 2,
                offset: 17,
                key: Array("key".utf8),
                value: Array("v".utf8),
                headers: [KafkaHeader(name: "h", value: nil)]
            )
            for status in [503, 400] as [HTTPStatus] {
                _ = try await fixture.producer.send(
                    topic: "dead",
                    key: source.key,
                    value: source.value,
                    headers: DeadLetter.headers(
                        of: source,
                        destination: fixture.sinkAddress,
                        failure: DeliveryFailure(status: status, reason: "refused")
                    )
                )
            }
            _ = try await fixture.producer.send(topic: "dead", key: nil, value: nil)
            let topic = try TopicTarget(
                topic: nil,
                loop: fixture.loop,
                bootstrapServers: fixture.broker.bootstrapServers,
                properties: [],
                interruption: job.interruption,
                log: { _ in }
            )
            let target = try DeadLetterTarget(
                spec: fixture.spec(),
                filter: try SourceFilter.cesql("knativeerrorcode = '503'"),
                next: topic
            )
            let redelivery = job.redelivery(try await job.ranges("dead"), to: target)
            try await redelivery.run()
            await target.close()
            #expect(redelivery.counts.delivered == 1 && redelivery.counts.filtered == 1)
            #expect(redelivery.counts.failures.map(\.offset) == [2])
            let part = try await job.reader.read(
                TopicPartition(topic: "t", partition: 2),
                from: 0
            )
            guard case .records(let records) = try await part.next() else {
                Issue.record("nothing came back")
                return
            }
            #expect(records.map(\.key) == [source.key])
            #expect(records.map(\.value) == [source.value])
            #expect(records.map(\.headers) == [source.headers])
            await part.stop()
        }
    }

    @Test("dead letters go to a sink with the identity they had")
    func redriveToSink() async throws {
        try await self.withJob { fixture, job in
            let source = KafkaRecord(topic: "orders", partition: 2, offset: 17, value: [0x76])
            try await fixture.send(
                "v",
                headers: DeadLetter.headers(
                    of: source,
                    destination: fixture.sinkAddress,
                    failure: nil
                )
            )
            let target = try DeadLetterTarget(
                spec: fixture.spec(),
                filter: nil,
                next: try job.sink()
            )
            try await job.redelivery(try await job.ranges(), to: target).run()
            let request = try #require(fixture.sink.requests.entries.first)
            #expect(request.id == "partition:2/offset:17")
            #expect(request.fields["ce-source"]?.hasSuffix("#orders") == true)
            #expect(request.fields["ce-knativeerrordest"] == nil)
        }
    }

    @Test("a preview shows events, and sends nothing")
    func preview() async throws {
        try await self.withJob { fixture, job in
            try await fixture.send("x", key: "k")
            let shown = Journal<PreviewTarget.Preview>(loop: fixture.loop)
            let target = try PreviewTarget(spec: fixture.spec(), makesEvents: true) {
                shown.append($0)
            }
            try await job.redelivery(try await job.ranges(), to: target).run()
            let preview = try #require(shown.entries.first)
            #expect(preview.record.offset == 0)
            #expect(preview.events.map(\.id) == ["partition:0/offset:0"])
            #expect(fixture.sink.requests.entries.isEmpty)
        }
    }
}

/// A switch that a sink looks at.
private final class Gate: Sendable {
    private let state = Mutex(false)

    var isOpen: Bool { self.state.withLock { $0 } }

    func open() { self.state.withLock { $0 = true } }
}

// SPDX-License-Identifier: Apache-2.0

import Bytes
import CloudEvents
import EventLoop
import HTTP
import Kafka
import Telemetry
import TestSupport
import Testing

@testable import KafkaSource

/// From a topic to a sink over real sockets.
///
/// The first join of a group takes three seconds on the embedded broker; tests run side by side.
@Suite("Dispatcher", .timeLimit(.minutes(2)))
struct KafkaSourceDispatcherTests {
    @Test("every record arrives as a binary event, in order, and is committed")
    func delivers() async throws {
        let fixture = try await DispatchFixture()
        let dispatcher = try fixture.dispatcher()
        for number in 0..<20 { try await fixture.send("{\"n\":\(number)}", key: "exams/é.pdf") }
        dispatcher.start()
        #expect(await fixture.sink.requests.wait { $0.count == 20 })
        let requests = fixture.sink.requests.entries
        #expect(requests.map(\.id) == (0..<20).map { "partition:0/offset:\($0)" })
        #expect(requests.map(\.body) == (0..<20).map { Array("{\"n\":\($0)}".utf8) })
        let fields = requests[7].fields
        #expect(fields["host"] == "sink.exam.example")
        #expect(fields["prefer"] == "reply")
        #expect(fields["kn-namespace"] == "exam")
        #expect(fields["ce-specversion"] == "1.0")
        #expect(fields["ce-type"] == "dev.knative.kafka.event")
        #expect(fields["ce-source"] == "/apis/v1/namespaces/exam/kafkasources/uploads#t")
        #expect(fields["ce-subject"] == "partition:0#7")
        #expect(fields["ce-key"] == "exams/%C3%A9.pdf")
        #expect(fields["ce-knativekafkaoffset"] == "7")
        #expect(fields["content-type"] == nil)
        await dispatcher.stop(deadline: .seconds(5))
        let statistics = await dispatcher.statistics
        #expect(statistics.delivered == 20 && statistics.received == 20)
        #expect(statistics.retried == 0)
        // Sent before answered, for each event.
        let steps = fixture.milestones.entries.filter { $0.subject == "partition:0/offset:7" }
        #expect(steps.map(\.stage) == [.dispatched, .answered])
        #expect(steps.first?.attributes["offset"] == "7")
        await fixture.stop()
    }

    @Test("a sink that fails for a while gets the event again, and only then the next one")
    func retries() async throws {
        let fixture = try await DispatchFixture { request in
            request.index < 2 ? .init(status: 503) : .init(status: 200, body: [0x78])
        }
        let dispatcher = try fixture.dispatcher {
            $0.delivery = DeliverySpec(backoffDelay: .milliseconds(10))
        }
        try await fixture.send("a")
        try await fixture.send("b")
        dispatcher.start()
        #expect(await fixture.sink.requests.wait { $0.count == 4 })
        #expect(
            fixture.sink.requests.entries.map(\.body)
                == ["a", "a", "a", "b"].map { Array($0.utf8) }
        )
        await dispatcher.stop(deadline: .seconds(5))
        let statistics = await dispatcher.statistics
        #expect(statistics.retried == 2 && statistics.delivered == 2)
        await fixture.stop()
    }

    @Test("what the sink refuses for good goes to the dead letter sink, with the reason")
    func deadLetters() async throws {
        let fixture = try await DispatchFixture { request in
            request.body == Array("bad".utf8)
                ? .init(
                    status: 400,
                    fields: ["Kne-Why": "unreadable"],
                    body: [UInt8](repeating: 0x61, count: 300_000)
                )
                // A reply of any length is discarded.
                : .init(status: 200, body: [UInt8](repeating: 0x62, count: 300_000))
        }
        let dispatcher = try fixture.dispatcher {
            $0.delivery = DeliverySpec(deadLetterSink: fixture.deadLetterAddress)
        }
        try await fixture.send("good")
        try await fixture.send("bad")
        try await fixture.send("good")
        dispatcher.start()
        #expect(await fixture.deadLetters.requests.wait { $0.count == 1 })
        #expect(await fixture.sink.requests.wait { $0.count == 3 })
        let letter = try #require(fixture.deadLetters.requests.entries.first)
        #expect(letter.body == Array("bad".utf8))
        #expect(letter.id == "partition:0/offset:1")
        #expect(letter.fields["ce-knativeerrordest"] == fixture.sinkAddress.url)
        #expect(letter.fields["ce-knativeerrorcode"] == "400")
        #expect(letter.fields["ce-why"] == "unreadable")
        let data = letter.fields["ce-knativeerrordata"].flatMap { Base64.decode($0) }
        #expect(data == [UInt8](repeating: 0x61, count: 1024))
        await dispatcher.stop(deadline: .seconds(5))
        let statistics = await dispatcher.statistics
        #expect(statistics.delivered == 2 && statistics.deadLettered == 1)
        await fixture.stop()
    }

    @Test("with no dead letter sink an event is held, not committed, and delivered in the end")
    func held() async throws {
        let fixture = try await DispatchFixture { _ in .init(status: 400) }
        let dispatcher = try fixture.dispatcher()
        try await fixture.send("a")
        dispatcher.start()
        #expect(await fixture.lines.wait { $0.contains { $0.contains("An event is held") } })
        let line = try #require(fixture.lines.entries.first { $0.contains("An event is held") })
        for word in ["topic=t", "partition=0", "offset=0", "age=", "400"] {
            #expect(line.contains(word), "the line names \(word)")
        }
        var statistics = await dispatcher.statistics
        #expect(statistics.held == 1)
        // Its attempts may be stored, at the place where it is.
        #expect((statistics.partitions.first?.committed ?? 0) == 0)
        #expect(statistics.partitions.first?.oldestUnfinished == 0)
        fixture.sink.setDecision { _ in .init(status: 204) }
        #expect(await fixture.sink.requests.wait { $0.count == 2 })
        await dispatcher.stop(deadline: .seconds(5))
        statistics = await dispatcher.statistics
        #expect(statistics.delivered == 1 && statistics.held == 0)
        await fixture.stop()
    }

    @Test("a record that is no event goes the same way, and those behind it go on")
    func poison() async throws {
        let fixture = try await DispatchFixture()
        let dispatcher = try fixture.dispatcher {
            $0.delivery = DeliverySpec(deadLetterSink: fixture.deadLetterAddress)
        }
        let structured = KafkaHeader(
            name: "content-type",
            value: Array("application/cloudevents+json".utf8)
        )
        try await fixture.send("{ not an event", headers: [structured])
        try await fixture.send("good")
        dispatcher.start()
        #expect(await fixture.sink.requests.wait { $0.count == 1 })
        #expect(fixture.sink.requests.entries.first?.id == "partition:0/offset:1")
        let letter = try #require(fixture.deadLetters.requests.entries.first)
        // In binary mode the record's content type would make the receiver read it as an event.
        let event = try CloudEvent(httpFields: letter.fields, body: letter.body)
        #expect(event.data?.bytes == Array("{ not an event".utf8))
        let reason = event.extensions["knativeerrordata"]?.canonicalString ?? ""
        let reasonText = String(decoding: Base64.decode(reason) ?? [], as: UTF8.self)
        #expect(reasonText.contains("CloudEvent"))
        await dispatcher.stop(deadline: .seconds(5))
        await fixture.stop()
    }

    @Test("unordered: records of one partition are with the sink together")
    func unordered() async throws {
        let fixture = try await DispatchFixture { _ in nil }
        let dispatcher = try fixture.dispatcher {
            $0.ordering = .unordered
            $0.inFlightMax = 8
        }
        for number in 0..<12 { try await fixture.send("\(number)") }
        dispatcher.start()
        #expect(await fixture.sink.requests.wait { $0.count == 8 })
        var statistics = await dispatcher.statistics
        #expect(statistics.inFlight == 8 && statistics.received == 8)
        fixture.sink.setDecision { _ in .init(status: 200) }
        fixture.sink.answerOpenRequests(.init(status: 200))
        #expect(await fixture.sink.requests.wait { $0.count == 12 })
        await dispatcher.stop(deadline: .seconds(5))
        statistics = await dispatcher.statistics
        #expect(statistics.delivered == 12)
        #expect(Set(fixture.sink.requests.entries.map(\.id)).count == 12)
        await fixture.stop()
    }

    @Test("stopping waits for what is with the sink and commits it; nothing comes twice")
    func stopWaits() async throws {
        let fixture = try await DispatchFixture { $0.index == 1 ? nil : .init(status: 200) }
        let sentinel = try fixture.sentinel(topic: "other")
        #expect(try await sentinel.join())
        let first = try fixture.dispatcher()
        for value in ["a", "b", "c"] { try await fixture.send(value) }
        first.start()
        #expect(await fixture.sink.requests.wait { $0.count == 2 })
        async let stopped: Void = first.stop(deadline: .seconds(20))
        // The second record is answered while the dispatcher is stopping.
        #expect(await fixture.lines.wait { $0.contains { $0.contains("revoked") } })
        fixture.sink.answerOpenRequests(.init(status: 200))
        await stopped
        let second = try fixture.dispatcher()
        second.start()
        #expect(await fixture.sink.requests.wait { $0.count == 3 })
        #expect(fixture.sink.requests.entries.map { $0.body.first } == Array("abc".utf8))
        await second.stop(deadline: .seconds(5))
        await sentinel.leave()
        await fixture.stop()
    }

    @Test("what was with the sink when the time was up comes again")
    func redelivery() async throws {
        let fixture = try await DispatchFixture { $0.index == 1 ? nil : .init(status: 200) }
        let sentinel = try fixture.sentinel(topic: "other")
        #expect(try await sentinel.join())
        let first = try fixture.dispatcher()
        for value in ["a", "b"] { try await fixture.send(value) }
        first.start()
        #expect(await fixture.sink.requests.wait { $0.count == 2 })
        await first.stop(deadline: .zero)
        let second = try fixture.dispatcher()
        second.start()
        #expect(await fixture.sink.requests.wait { $0.count == 3 })
        #expect(fixture.sink.requests.entries.map { $0.body.first } == Array("abb".utf8))
        await second.stop(deadline: .seconds(5))
        await sentinel.leave()
        await fixture.stop()
    }

    @Test("a source without consumers rests, and counts as assigned")
    func paused() async throws {
        let fixture = try await DispatchFixture()
        let dispatcher = try fixture.dispatcher { $0.consumers = 0 }
        dispatcher.start()
        #expect(await dispatcher.waitUntilAssigned(deadline: .seconds(240)))
        await dispatcher.stop(deadline: .seconds(5))
        #expect(await !dispatcher.waitUntilAssigned(deadline: .seconds(20)))
        await fixture.stop()
    }

    @Test("a dispatcher can be stopped at any time: before its start, while it joins, twice")
    func stopEarly() async throws {
        let fixture = try await DispatchFixture()
        let never = try fixture.dispatcher()
        await never.stop(deadline: .seconds(5))
        let joining = try fixture.dispatcher()
        joining.start()
        await joining.stop(deadline: .seconds(5))
        await joining.stop(deadline: .seconds(5))
        #expect(await !joining.waitUntilAssigned(deadline: .seconds(20)))
        await fixture.stop()
    }

    @Test("a deadline that passes before the assignment is told")
    func notAssigned() async throws {
        let fixture = try await DispatchFixture()
        let dispatcher = try fixture.dispatcher { $0.bootstrapServers = ["127.0.0.1:1"] }
        dispatcher.start()
        #expect(await !dispatcher.waitUntilAssigned(deadline: .milliseconds(10)))
        await dispatcher.stop(deadline: .zero)
        await fixture.stop()
    }

    struct Refused: Sendable, CustomTestStringConvertible {
        var field: String
        var change: @Sendable (inout KafkaSourceSpec) -> Void
        var testDescription: String { self.field }
    }

    static let refused = [
        Refused(field: "spec.sink") { $0.sink.url = "ftp://sink/" },
        Refused(field: "spec.sink") { $0.sink.url = "" },
        Refused(field: "spec.delivery.deadLetterSink") {
            $0.delivery = DeliverySpec(deadLetterSink: SinkAddress(url: "dead"))
        },
        Refused(field: "spec.bootstrapServers") { $0.bootstrapServers = [] },
        Refused(field: "spec.topics") { $0.topics = [] },
        Refused(field: "spec.topics") { $0.topics = ["a", ""] },
        Refused(field: "spec.consumerGroup") { $0.consumerGroup = "" },
        Refused(field: "in flight") { $0.inFlightMax = 0 },
        Refused(field: "spec.consumers") { $0.consumers = -1 },
        Refused(field: "spec.ceOverrides") { $0.ceOverrides = ["A": ""] },
        Refused(field: "no.such.property") { $0.properties = [("no.such.property", "")] },
    ]

    @Test("a spec that cannot work is refused, and the field is named", arguments: refused)
    func refuses(_ refused: Refused) async throws {
        let fixture = try await DispatchFixture()
        do {
            _ = try fixture.dispatcher(refused.change)
            Issue.record("the spec was taken")
        } catch {
            #expect("\(error)".contains(refused.field))
        }
        await fixture.stop()
    }
}

// SPDX-License-Identifier: Apache-2.0

import EventLoop
import HTTP
import HTTPClient
import Kafka
import Telemetry
import TestSupport
import Testing

@testable import KafkaSource

@Suite("A fleet of dispatchers", .timeLimit(.minutes(2)))
struct DispatcherFleetTests {
    private func fleet(
        _ client: HTTPClient,
        _ lines: LogSink = LogSink { _ in }
    ) -> DispatcherFleet {
        DispatcherFleet(
            loop: client.loop,
            client: client,
            logger: Logger(label: "test", sink: lines),
            metrics: Metrics()
        )
    }

    @Test("a change disturbs only those whom it concerns")
    func change() async throws {
        let loop = try EventLoop(name: "fleet-test")
        loop.start()
        let client = HTTPClient(loop: loop, configuration: .manySmallRequests)
        let fleet = self.fleet(client)
        func spec(_ name: String) -> KafkaSourceSpec {
            KafkaSourceSpec(
                namespace: "n",
                name: name,
                bootstrapServers: ["127.0.0.1:1"],
                topics: ["t"],
                consumerGroup: name,
                sink: SinkAddress(url: "http://127.0.0.1:1/")
            )
        }
        await fleet.apply(["a": spec("a"), "b": spec("b")], deadline: .zero)
        let first = await fleet.current
        #expect(Set(first.keys) == ["a", "b"])
        var changed = spec("b")
        changed.ordering = .unordered
        await fleet.apply(["a": spec("a"), "b": changed, "c": spec("c")], deadline: .zero)
        let second = await fleet.current
        #expect(second["a"] === first["a"])
        #expect(second["b"] !== first["b"])
        #expect(Set(second.keys) == ["a", "b", "c"])
        // One that cannot be made leaves the old one at work.
        var broken = spec("c")
        broken.topics = []
        await fleet.apply(["c": broken], deadline: .zero)
        let third = await fleet.current
        #expect(Set(third.keys) == ["c"] && third["c"] === second["c"])
        await fleet.apply([:], deadline: .zero)
        #expect(await fleet.current.isEmpty)
        await client.close()
        loop.stop()
    }

    @Test("a change awaits what is with the sink; the successor takes over, nothing is lost")
    func handOver() async throws {
        let fixture = try await DispatchFixture(sink: { $0.index == 0 ? nil : .init(status: 200) })
        let lines = fixture.lines
        let fleet = self.fleet(fixture.client, LogSink { lines.append($0) })
        let other = fixture.spec {
            $0.consumerGroup = "other"
            $0.sink = fixture.deadLetterAddress
        }
        await fleet.apply(["a": fixture.spec(), "b": other])
        let before = await fleet.current
        try await fixture.send("1")
        #expect(await fixture.sink.requests.wait { $0.count == 1 })
        #expect(await fixture.deadLetters.requests.wait { $0.count == 1 })

        let moved = fixture.spec { $0.sink.url = fixture.deadLetterAddress.url + "moved" }
        async let change: Void = fleet.apply(["a": moved, "b": other])
        // With the old sink until the old dispatcher may go.
        fixture.sink.answerOpenRequests(.init(status: 200))
        await change
        let after = await fleet.current
        #expect(after["b"] === before["b"], "undisturbed")
        #expect(after["a"] !== before["a"])
        try await fixture.send("2")
        #expect(
            await fixture.deadLetters.requests.wait { requests in
                requests.filter { $0.body == Array("2".utf8) }.count == 2
            }
        )
        #expect(fixture.sink.requests.entries.map(\.body) == [Array("1".utf8)])
        await fleet.apply([:])
        await fixture.stop()
    }
}

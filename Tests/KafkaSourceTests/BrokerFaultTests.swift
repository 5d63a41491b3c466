// SPDX-License-Identifier: Apache-2.0

import Kafka
import TestSupport
import Testing

@testable import KafkaSource

/// Brokers that go, come back, move and refuse, while events are on their way.
@Suite("Dispatcher, with brokers that fail", .timeLimit(.minutes(2)))
struct BrokerFaultTests {
    /// Runs `fault` after the tenth event, appends as many again, and expects each exactly once or
    /// more, in order.
    private func check(
        brokerCount: Int32 = 1,
        _ fault: @Sendable (EmbeddedBroker) throws -> Void,
        afterwards repair: @Sendable (EmbeddedBroker) throws -> Void = { _ in }
    ) async throws {
        let fixture = try await DispatchFixture(brokerCount: brokerCount)
        let dispatcher = try fixture.dispatcher()
        for number in 0..<10 { try await fixture.send("\(number)") }
        dispatcher.start()
        #expect(await fixture.sink.requests.wait { $0.count >= 10 })
        try fault(fixture.broker)
        try repair(fixture.broker)
        for number in 10..<20 { try await fixture.send("\(number)") }
        let wanted = (0..<20).map { Array("\($0)".utf8) }
        #expect(await fixture.sink.requests.wait { Set($0.map(\.body)).count == 20 })
        await dispatcher.stop(deadline: .seconds(5))
        var firsts: [[UInt8]] = []
        for body in fixture.sink.requests.entries.map(\.body) where !firsts.contains(body) {
            firsts.append(body)
        }
        #expect(firsts == wanted)
        #expect(await dispatcher.statistics.held == 0)
        await fixture.stop()
    }

    @Test("a broker goes down and comes back")
    func down() async throws {
        try await self.check {
            try $0.setBrokerDown()
        } afterwards: {
            try $0.setBrokerUp()
        }
    }

    @Test("the partition moves to another broker")
    func leader() async throws {
        try await self.check(brokerCount: 2) {
            try $0.setLeader(of: "t", partition: 0, broker: 1)
            try $0.setLeader(of: "t", partition: 0, broker: 2)
        }
    }

    @Test("the group moves to another broker")
    func coordinator() async throws {
        try await self.check(brokerCount: 2) {
            try $0.setCoordinator(ofGroup: "group", broker: 1)
            try $0.setCoordinator(ofGroup: "group", broker: 2)
        }
    }

    static let requests: [KafkaRequest] = [.fetch, .offsetCommit, .produce]

    @Test("requests are refused for a while", arguments: requests)
    func refused(_ request: KafkaRequest) async throws {
        try await self.check {
            try $0.pushRequestErrors(request, [.requestTimedOut, .requestTimedOut])
        }
    }
}

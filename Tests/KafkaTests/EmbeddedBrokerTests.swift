// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

@testable import Kafka

@Suite("Embedded broker")
struct EmbeddedBrokerTests {
    @Test("listens on loopback, one port for each broker")
    func bootstrapServers() async throws {
        let broker = try EmbeddedBroker(brokerCount: 3) { _ in }
        let servers = broker.bootstrapServers.split(separator: ",")
        #expect(servers.count == 3)
        #expect(servers.allSatisfy { $0.hasPrefix("127.0.0.1:") })
        await broker.close()
    }

    @Test("no answer waits for an acknowledgement, whichever broker gives it", arguments: [1, 3])
    func noDelay(_ brokerCount: Int32) async throws {
        let broker = try EmbeddedBroker(brokerCount: brokerCount) { _ in }
        let listeners = BrokerListeners.listeners(of: broker.bootstrapServers)
        #expect(listeners.count == Int(brokerCount))
        for fd in listeners {
            var isOn: Int32 = 0
            var length = socklen_t(MemoryLayout<Int32>.size)
            #expect(getsockopt(fd, Int32(IPPROTO_TCP), TCP_NODELAY, &isOn, &length) == 0)
            #expect(isOn != 0)
        }
        await broker.close()
    }

    @Test(
        "creates topics of 1 to 10000 partitions",
        arguments: [
            (0, false), (1, true), (10_000, true), (10_001, false), (-1, false), (Int.max, false),
        ]
    )
    func partitions(_ count: Int, _ isCreated: Bool) async throws {
        let broker = try EmbeddedBroker { _ in }
        if isCreated {
            try broker.createTopic("t", partitions: count)
        } else {
            #expect(throws: KafkaError.self) { try broker.createTopic("t", partitions: count) }
        }
        await broker.close()
    }

    @Test("consumers of this process ask an embedded broker often, and others seldom")
    func fetchWait() async throws {
        let broker = try EmbeddedBroker { _ in }
        func wait(_ servers: String) -> String? {
            KafkaConsumerConfiguration(
                bootstrapServers: servers,
                group: "g",
                topics: ["t"],
                log: { _ in }
            ).allProperties.last { $0.name == "fetch.wait.max.ms" }?.value
        }
        #expect(wait(broker.bootstrapServers) == "3")
        #expect(wait("127.0.0.1:1") == "100")
        await broker.close()
        #expect(wait(broker.bootstrapServers) == "100")
    }

    @Test("a topic that is there already stays")
    func createTwice() async throws {
        let broker = try EmbeddedBroker { _ in }
        try broker.createTopic("t", partitions: 2)
        try broker.createTopic("t", partitions: 3)
        await broker.close()
    }

    @Test("after closing every call says so")
    func closed() async throws {
        let broker = try EmbeddedBroker { _ in }
        await broker.close()
        await broker.close()
        let error = #expect(throws: KafkaError.self) {
            try broker.createTopic("t", partitions: 1)
        }
        #expect(error?.code == .closed)
        #expect(throws: KafkaError.self) { try broker.setBrokerDown() }
    }
}

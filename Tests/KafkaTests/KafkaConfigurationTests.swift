// SPDX-License-Identifier: Apache-2.0

import EventLoop
import Testing

@testable import Kafka

@Suite("Properties of librdkafka")
struct KafkaConfigurationTests {
    static let refused: [(property: KafkaProperty, words: String)] = [
        (("no.such.property", "1"), "no.such.property"),
        (("session.timeout.ms", "soon"), "session.timeout.ms"),
        (("session.timeout.ms", "-1"), "session.timeout.ms"),
        (("isolation.level", "some"), "isolation.level"),
    ]

    @Test("a refused property is named", arguments: refused)
    func refuses(_ property: KafkaProperty, _ words: String) throws {
        let error = #expect(throws: KafkaError.self) { _ = try KafkaConfiguration([property]) }
        #expect(error?.code == .configurationInvalid)
        #expect(error?.message.contains(words) == true)
        #expect(error?.isRetriable == false)
    }

    @Test("a secret value does not show up in an error")
    func hidesSecrets() {
        let error = #expect(throws: KafkaError.self) {
            _ = try KafkaConfiguration([("enable.ssl.certificate.key.secret", "hunter2")])
        }
        #expect(error?.message.contains("hunter2") == false)
    }

    @Test("what the sink has to acknowledge first is never committed by itself")
    func fixedProperties() {
        let configuration = KafkaConsumerConfiguration(
            bootstrapServers: "a:1",
            group: "g",
            topics: ["t"],
            properties: [
                ("enable.auto.commit", "true"), ("group.id", "x"), ("client.id", "mine"),
            ],
            log: { _ in }
        )
        func effective(_ name: String) -> String? {
            configuration.allProperties.last { $0.name == name }?.value
        }
        #expect(effective("enable.auto.commit") == "false")
        #expect(effective("enable.auto.offset.store") == "false")
        #expect(effective("group.id") == "g")
        #expect(effective("client.id") == "mine")
        #expect(throws: Never.self) { _ = try KafkaConfiguration(configuration.allProperties) }
    }

    @Test("a consumer without topics is refused")
    func noTopics() throws {
        let loop = try EventLoop(name: "kafka-test")
        #expect(throws: KafkaError.self) {
            try KafkaConsumer(
                loop: loop,
                configuration: KafkaConsumerConfiguration(
                    bootstrapServers: "127.0.0.1:1",
                    group: "g",
                    topics: [],
                    log: { _ in }
                )
            )
        }
    }
}

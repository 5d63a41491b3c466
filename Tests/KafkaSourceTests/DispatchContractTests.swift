// SPDX-License-Identifier: Apache-2.0

import EventLoop
import HTTPClient
import Kafka
import Telemetry
import TestSupport
import Testing

@testable import KafkaSource

@Suite("The contract of Knative's control plane")
struct DispatchContractTests {
    private func read(
        _ text: String,
        secrets: [String: String] = [:]
    ) throws -> [KafkaSourceSpec] {
        try DispatchContract(json: Array(text.utf8)) { secrets["\($0)/\($1)/\($2)"] }
            .egresses.map(\.spec)
    }

    private func one(
        resource: String = "",
        egress: String = "",
        secrets: [String: String] = [:]
    ) throws -> KafkaSourceSpec {
        let text = """
            {"generation": "7", "unknown": 1, "resources": [{"uid": "r", "topics": ["a", "b"],
             "bootstrapServers": "h:1, i:2", \(resource)
             "reference": {"namespace": "ns", "name": "ks"},
             "egresses": [{"uid": "e", "consumerGroup": "g", \(egress)
                           "destination": "http://sink/"}]}]}
            """
        return try #require(try self.read(text, secrets: secrets).first)
    }

    @Test("a contract as the control plane writes it")
    func written() throws {
        let text = """
            {"generation":"1","resources":[{"uid":"7c05","topics":["orders"],
            "bootstrapServers":"127.0.0.1:19092","egresses":[{"consumerGroup":"g1",
            "destination":"http://127.0.0.1:18090/","discardReply":{},"uid":"7c05",
            "egressConfig":{"deadLetter":"http://127.0.0.1:9/dlq","retry":3,"backoffDelay":"500",
            "timeout":"5000"},"deliveryOrder":"ORDERED","reference":{"uuid":"342b",
            "namespace":"default","name":"ks","kind":"KafkaSource"},"vReplicas":2,
            "featureFlags":{}}],"multiAuthSecret":{},"reference":{"namespace":"default",
            "name":"ks"},"featureFlags":{}}]}
            """
        let spec = try #require(try self.read(text).first)
        #expect(spec.namespace == "default" && spec.name == "ks")
        #expect(spec.topics == ["orders"] && spec.consumerGroup == "g1")
        #expect(spec.bootstrapServers == ["127.0.0.1:19092"])
        #expect(spec.sink.url == "http://127.0.0.1:18090/")
        #expect(spec.ordering == .ordered)
        #expect(spec.initialOffset == .earliest)
        #expect(spec.replies == .discard)
        #expect(spec.properties.isEmpty)
        let delivery = try #require(spec.delivery)
        #expect(delivery.retry == 3 && delivery.backoffPolicy == .exponential)
        #expect(delivery.backoffDelay == .milliseconds(500))
        #expect(delivery.timeout == .seconds(5))
        #expect(delivery.deadLetterSink?.url == "http://127.0.0.1:9/dlq")
    }

    @Test("what is left out is protobuf's zero")
    func zeros() throws {
        let spec = try self.one()
        #expect(spec.ordering == .unordered)
        #expect(spec.bootstrapServers == ["h:1", "i:2"])
        #expect(spec.delivery?.retry == 0)
        #expect(spec.delivery?.backoffDelay == .milliseconds(200))
        #expect(spec.delivery?.timeout == nil)
        #expect(spec.keyType == .string)
    }

    static let keyTypes: [(String, RecordKeyType)] = [
        ("\"String\"", .string), ("\"Integer\"", .int), ("\"Double\"", .float),
        ("\"ByteArray\"", .byteArray), ("3", .byteArray),
    ]

    @Test("choices go by name or number", arguments: keyTypes)
    func choices(_ text: String, _ type: RecordKeyType) throws {
        #expect(try self.one(egress: "\"keyType\": \(text),").keyType == type)
    }

    @Test("delivery, overrides, certificates and replies")
    func rest() throws {
        let spec = try self.one(
            resource: "\"cloudEventOverrides\": {\"extensions\": {\"tier\": \"gold\"}},",
            egress: """
                "egressConfig": {"backoffPolicy": "Linear", "retry": "2"}, "deliveryOrder": 1,
                "destinationCACerts": "PEM", "replyUrl": "http://reply/",
                """
        )
        #expect(spec.ceOverrides == ["tier": "gold"])
        #expect(spec.delivery?.backoffPolicy == .linear && spec.delivery?.retry == 2)
        #expect(spec.ordering == .ordered)
        #expect(spec.sink.authorities == "PEM")
        #expect(spec.replies == .send(SinkAddress(url: "http://reply/")))
        let original = try self.one(egress: "\"replyToOriginalTopic\": {},")
        #expect(original.replies == .send(SinkAddress(url: "kafka:a")))
    }

    @Test("filters of attributes and of all dialects are read; nonsense is refused")
    func filters() throws {
        let attributes = try self.one(egress: "\"filter\": {\"attributes\": {\"type\": \"a\"}},")
        #expect(attributes.filter != nil)
        let dialects = """
            "dialectedFilter": [{"exact": {"attributes": {"type": "a"}}},
              {"not": {"filter": {"prefix": {"attributes": {"source": "/x"}}}}},
              {"any": {"filters": [{"suffix": {"attributes": {"subject": ".pdf"}}},
                                   {"all": {"filters": [{"cesql": {"expression": "TRUE"}}]}}]}}],
            """
        #expect(try self.one(egress: dialects).filter != nil)
        #expect(try self.one().filter == nil)
        for text in ["{\"cesql\": {\"expression\": \"(\"}}", "{}", "{\"exact\": {}, \"any\": {}}"] {
            #expect(throws: KafkaSourceError.self) {
                try self.one(egress: "\"dialectedFilter\": [\(text)],")
            }
        }
    }

    @Test("credentials come from Secrets, of which a missing one is named")
    func credentials() throws {
        let multi = """
            "multiAuthSecret": {"protocol": "SASL_SSL", "references": [
              {"reference": {"namespace": "n", "name": "s"}, "keyFieldReferences": [
                {"secretKey": "u", "field": "USER"}, {"secretKey": "p", "field": "PASSWORD"},
                {"secretKey": "m", "field": "SASL_MECHANISM"}, {"secretKey": "c", "field": 1}]}]},
            """
        var secrets = ["n/s/u": "me", "n/s/p": "pw", "n/s/m": "SCRAM-SHA-512", "n/s/c": "CA"]
        let spec = try self.one(resource: multi, secrets: secrets)
        let properties = Dictionary(
            uniqueKeysWithValues: spec.properties.map { ($0.name, $0.value) }
        )
        #expect(
            properties == [
                "security.protocol": "sasl_ssl", "sasl.username": "me", "sasl.password": "pw",
                "sasl.mechanisms": "SCRAM-SHA-512", "ssl.ca.pem": "CA",
            ]
        )
        secrets["n/s/p"] = nil
        do {
            _ = try self.one(resource: multi, secrets: secrets)
            Issue.record("a missing secret was not noticed")
        } catch {
            #expect("\(error)".contains("n/s"))
        }
        let single = try self.one(
            resource: "\"authSecret\": {\"namespace\": \"n\", \"name\": \"t\"},",
            secrets: ["n/t/protocol": "SASL_PLAINTEXT", "n/t/user": "me"]
        )
        #expect(single.properties.map(\.name) == ["security.protocol", "sasl.username"])
    }

    @Test("what is no contract is refused whole", arguments: ["", "[]", "{\"resources\": 1}"])
    func refused(_ text: String) {
        #expect(throws: KafkaSourceError.self) { try self.read(text) }
    }

    @Test("every beginning of a contract is refused, or is one without trap")
    func prefixes() throws {
        let text = """
            {"generation":"1","resources":[{"topics":["t"],"bootstrapServers":"h:1","egresses":[
            {"uid":"e","consumerGroup":"g","destination":"http://s/"}]}]}
            """
        for end in 0..<text.utf8.count {
            #expect(throws: KafkaSourceError.self) { try self.read(String(text.prefix(end))) }
        }
    }
}

@Suite("A fleet of dispatchers", .timeLimit(.minutes(2)))
struct DispatcherFleetTests {
    @Test("a change disturbs only those whom it concerns")
    func change() async throws {
        let loop = try EventLoop(name: "fleet-test")
        loop.start()
        let client = HTTPClient(loop: loop)
        let fleet = DispatcherFleet(
            loop: loop,
            client: client,
            logger: Logger(label: "test", sink: LogSink { _ in }),
            metrics: Metrics()
        )
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
}

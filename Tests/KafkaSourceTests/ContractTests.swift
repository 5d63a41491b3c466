// SPDX-License-Identifier: Apache-2.0

import CloudEvents
import Glibc
import Kafka
import TestSupport
import Testing

@testable import KafkaSource

@Suite("Contract")
struct ContractTests {
    /// The one that Knative's control plane wrote for a KafkaSource.
    static let fixture: String = {
        let tests = "\(#filePath)".split(separator: "/").dropLast(2).joined(separator: "/")
        guard let file = fopen("/\(tests)/Fixtures/kafkasource-contract.json", "r") else {
            return ""
        }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 64 * 1024)
        let count = fread(&bytes, 1, bytes.count, file)
        return String(decoding: bytes[..<count], as: UTF8.self)
    }()

    /// What its uid is.
    static let fixtureID = "7c05ff66-f0b9-4c11-b3ea-60fc0a3225d2"

    static func read(_ text: String) throws(KafkaSourceError) -> Contract {
        try Contract(json: Array(text.utf8)) { _, _, _ in nil }
    }

    /// A contract of one egress with further members.
    static func one(egress: String = "", resource: String = "") -> String {
        """
        {"resources":[{"uid":"r","topics":["t"],"bootstrapServers":"a:1, b:2"\(resource),
        "egresses":[{"uid":"e","consumerGroup":"g","destination":"http://sink/"\(egress)}]}]}
        """
    }

    private func spec(egress: String = "", resource: String = "") throws -> KafkaSourceSpec {
        let contract = try Self.read(Self.one(egress: egress, resource: resource))
        #expect(contract.warnings.isEmpty)
        return try #require(contract.sources["e"])
    }

    @Test("the contract of a KafkaSource gives what its manifest gives")
    func fixture() throws {
        let contract = try Self.read(Self.fixture)
        #expect(contract.generation == 1)
        #expect(contract.warnings == [])
        let spec = try #require(contract.sources[Self.fixtureID])
        #expect(spec.namespace == "default" && spec.name == "ks")
        #expect(spec.bootstrapServers == ["127.0.0.1:19092"])
        #expect(spec.topics == ["orders"] && spec.consumerGroup == "g1")
        #expect(spec.sink == SinkAddress(url: "http://127.0.0.1:18090/"))
        #expect(spec.ordering == .ordered && spec.initialOffset == .earliest)
        #expect(
            spec.properties.isEmpty && spec.keyType == .string && spec.replies == .discard
                && spec.filter == nil
        )
        #expect(
            spec.delivery
                == DeliverySpec(
                    retry: 3,
                    backoffPolicy: .exponential,
                    backoffDelay: .milliseconds(500),
                    timeout: .seconds(5),
                    deadLetterSink: SinkAddress(url: "http://127.0.0.1:9/dlq")
                )
        )
    }

    @Test("fields that are not there have protobuf's zero")
    func zeros() throws {
        let spec = try self.spec()
        #expect(spec.ordering == .unordered)
        #expect(spec.delivery?.retry == 0)
        #expect(spec.bootstrapServers == ["a:1", "b:2"])
        #expect(spec.namespace == "" && spec.name == "e")
        #expect(try Self.read("{}").sources.isEmpty)
        #expect(try Self.read("{\"resources\":null}").sources.isEmpty)
    }

    @Test("numbers may be text, choices may be numbers, names may be those of the schema")
    func forms() throws {
        let spec = try self.spec(
            egress: #"""
                ,"delivery_order":1,"keyType":2,"egress_config":{"retry":"4","backoff_policy":1,
                "backoffDelay":1.5e2,"timeout":null}
                """#
        )
        #expect(spec.ordering == .ordered && spec.keyType == .float)
        #expect(spec.delivery?.retry == 4 && spec.delivery?.backoffPolicy == .linear)
        #expect(spec.delivery?.backoffDelay == .milliseconds(150))
        #expect(spec.delivery?.timeout == nil)
    }

    @Test("several resources and egresses, orders mixed; the egress wins over its resource")
    func several() throws {
        let contract = try Self.read(
            #"""
            {"generation":7,"resources":[
              {"uid":"in","topics":["x"],"ingress":{"path":"/in"}},
              {"uid":"a","topics":["t","u"],"bootstrapServers":"k:9092",
               "egressConfig":{"retry":9},"reference":{"namespace":"ns","name":"a"},
               "cloudEventOverrides":{"extensions":{"region":"eu"}},
               "egresses":[
                {"uid":"1","consumerGroup":"g1","destination":"http://one/","keyType":"Integer"},
                {"uid":"2","consumerGroup":"g2","destination":"https://two/",
                 "destinationCACerts":"PEM","deliveryOrder":"ORDERED",
                 "egressConfig":{"retry":1},"replyUrl":"http://reply/"}]},
              {"uid":"b","topics":["v"],"bootstrapServers":"k:9092","egresses":[
                {"consumerGroup":"g3","destination":"http://three/","replyToOriginalTopic":{}}]}]}
            """#
        )
        let specs = try ["1", "2", "b/g3"].map { try #require(contract.sources[$0]) }
        #expect(contract.sources.count == 3)
        #expect(specs.map(\.ordering) == [.unordered, .ordered, .unordered])
        #expect(specs.map(\.delivery?.retry) == [9, 1, 0])
        #expect(specs.map(\.topics) == [["t", "u"], ["t", "u"], ["v"]])
        #expect(specs[0].ceOverrides == ["region": "eu"] && specs[0].keyType == .int)
        #expect(specs[1].sink == SinkAddress(url: "https://two/", authorities: "PEM"))
        #expect(specs[1].replies == .send(SinkAddress(url: "http://reply/")))
        #expect(specs[2].replies == .send(SinkAddress(url: "kafka:v")))
        #expect(specs.map(\.name) == ["a", "a", "b/g3"])
    }

    @Test(
        "what is wrong is told with its path",
        arguments: [
            ("[]", "it must be an object, not a list"),
            ("{", "it is no JSON"), ("", "it is empty"),
            ("{\"generation\":-1}", "generation must be a whole number"),
            ("{\"generation\":\"x\"}", "generation must be a whole number"),
            ("{\"resources\":{}}", "resources must be a list"),
            ("{\"resources\":[3]}", "resources[0] must be an object, not a number"),
            (
                one(egress: ",\"deliveryOrder\":\"SOMETIMES\""),
                "resources[0].egresses[0].deliveryOrder must be one of UNORDERED, ORDERED"
            ),
            (one(egress: ",\"deliveryOrder\":2"), "resources[0].egresses[0].deliveryOrder"),
            (
                one(egress: ",\"egressConfig\":{\"retry\":1.5}"),
                "resources[0].egresses[0].egressConfig.retry must be a whole number"
            ),
            (one(egress: ",\"egressConfig\":{\"retry\":2147483648}"), "egressConfig.retry"),
            (
                one(egress: ",\"egressConfig\":{\"deadLetter\":\"ftp://x\"}"),
                "egressConfig.deadLetter is no address"
            ),
            (one(egress: ",\"replyUrl\":\"x\""), "egresses[0].replyUrl must begin with http"),
            (
                one(egress: ",\"dialectedFilter\":[{}]"),
                "egresses[0].dialectedFilter[0] must have one of exact"
            ),
            (
                one(
                    egress: ",\"dialectedFilter\":[{\"not\":{\"filter\":{\"cesql\":{"
                        + "\"expression\":\"a =\"}}}}]"
                ),
                "dialectedFilter[0].not.filter.cesql.expression cannot be read"
            ),
            (
                one(resource: ",\"multiAuthSecret\":{\"protocol\":\"TELEPATHY\"}"),
                "resources[0].multiAuthSecret.protocol must be one of"
            ),
            (
                one(resource: ",\"cloudEventOverrides\":{\"extensions\":{\"a b\":\"\"}}"),
                "cloudEventOverrides.extensions.a b cannot name an extension"
            ),
            ("{\"resources\":[{\"topics\":[1]}]}", "resources[0].topics[0] must be a text"),
            ("{\"resources\":[{\"egresses\":[{}]}]}", "resources[0].topics must name"),
            (
                "{\"resources\":[{\"topics\":[\"t\"],\"egresses\":[{}]}]}",
                "resources[0].bootstrapServers must name"
            ),
            (
                "{\"resources\":[{\"topics\":[\"t\"],\"bootstrapServers\":\"a\",\"egresses\":[{}]}]}",
                "egresses[0].consumerGroup must not be empty"
            ),
        ]
    )
    func mistakes(text: String, words: String) {
        let error = #expect(throws: KafkaSourceError.self) { try Self.read(text) }
        #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
    }

    @Test("an egress twice is refused, at the second place")
    func twice() {
        let egress = #"{"uid":"e","consumerGroup":"g","destination":"http://s/"}"#
        let error = #expect(throws: KafkaSourceError.self) {
            try Self.read(
                """
                {"resources":[{"topics":["t"],"bootstrapServers":"a",
                "egresses":[\(egress),\(egress)]}]}
                """
            )
        }
        #expect(error?.message == "resources[0].egresses[1].uid is that of another egress")
    }

    @Test("no prefix of a contract is taken for one")
    func prefixes() {
        let bytes = Array(Self.fixture.utf8).filter { $0 != 0x0A }
        for length in 0..<bytes.count {
            #expect(throws: KafkaSourceError.self) {
                try Contract(json: Array(bytes[..<length])) { _, _, _ in nil }
            }
        }
    }

    @Test(
        "whatever is exchanged in a contract, reading it ends",
        arguments: 0..<20 as Range<UInt64>
    )
    func mutations(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let letters = Array("{}[]\",:0-9.eE ntrufalsx\\".utf8)
        for _ in 0..<300 {
            var bytes = Array(Self.fixture.utf8)
            for _ in 0..<3 {
                let place = Int.random(in: bytes.indices, using: &generator)
                bytes[place] = letters.randomElement(using: &generator) ?? 0
            }
            _ = try? Contract(json: bytes) { _, _, _ in nil }
        }
    }

    @Test("an audience needs a token, and without one that is told")
    func audience() throws {
        let text = Self.one(
            egress: """
                ,"destinationAudience":"sink","egressConfig":{"retry":1,"deadLetter":"http://d/",
                "deadLetterAudience":"letters"}
                """
        )
        let mute = try Self.read(text)
        #expect(mute.sources["e"]?.sink.tokenFile == nil)
        #expect(
            mute.warnings == [
                "resources[0].egresses[0].egressConfig.deadLetterAudience has no effect: name the "
                    + "file that holds the token in SWIFTLET_OIDC_TOKEN_FILE",
                "resources[0].egresses[0].destinationAudience has no effect: name the file that "
                    + "holds the token in SWIFTLET_OIDC_TOKEN_FILE",
            ]
        )
        let told = try Contract(json: Array(text.utf8), tokenFile: "/token") { _, _, _ in nil }
        #expect(told.warnings == [])
        #expect(told.sources["e"]?.sink.tokenFile == "/token")
        #expect(told.sources["e"]?.delivery?.deadLetterSink?.tokenFile == "/token")
    }

    @Test("a field that nobody knows has no effect, and that is told")
    func unknown() throws {
        let contract = try Self.read(Self.one(egress: ",\"colour\":{\"a\":1}"))
        #expect(
            contract.warnings == [
                "resources[0].egresses[0].colour is not known here and has no effect"
            ]
        )
        #expect(contract.sources.count == 1)
    }
}

// SPDX-License-Identifier: Apache-2.0

import CloudEvents
import Kafka
import Testing

@testable import KafkaSource

@Suite("Contract filters and secrets")
struct ContractFilterTests {
    private static let event = CloudEvent(type: "a.b", source: "/s", id: "1", subject: "x.pdf")

    private func admits(_ egress: String) throws -> Bool {
        let contract = try ContractTests.read(ContractTests.one(egress: "," + egress))
        let source = try #require(contract.sources["e"])
        let filter = try #require(source.filter)
        return filter.admits(Self.event)
    }

    @Test(
        "filters mean what they say",
        arguments: [
            (#""filter":{"attributes":{"type":"a.b","source":""}}"#, true),
            (#""filter":{"attributes":{"type":"a"}}"#, false),
            (#""dialectedFilter":[{"exact":{"attributes":{"type":"a.b"}}}]"#, true),
            (#""dialectedFilter":[{"prefix":{"attributes":{"type":"a."}}}]"#, true),
            (#""dialectedFilter":[{"suffix":{"attributes":{"subject":".png"}}}]"#, false),
            (#""dialectedFilter":[{"cesql":{"expression":"subject LIKE '%.pdf'"}}]"#, true),
            (#""dialectedFilter":[{"not":{"filter":{"exact":{"attributes":{"id":"1"}}}}}]"#, false),
            (
                #""dialectedFilter":[{"any":{"filters":[{"exact":{"attributes":{"id":"2"}}},"#
                    + #"{"exact":{"attributes":{"id":"1"}}}]}}]"#, true
            ),
            (
                #""dialectedFilter":[{"all":{"filters":[{"exact":{"attributes":{"id":"2"}}},"#
                    + #"{"exact":{"attributes":{"id":"1"}}}]}}]"#, false
            ),
            (
                #""dialectedFilter":[{"exact":{"attributes":{"id":"1"}}},"#
                    + #"{"exact":{"attributes":{"id":"2"}}}]"#, false
            ),
            (
                #""filter":{"attributes":{"type":"other"}},"#
                    + #""dialectedFilter":[{"exact":{"attributes":{"id":"1"}}}]"#, true
            ),
        ]
    )
    func filters(egress: String, isAdmitted: Bool) throws {
        #expect(try self.admits(egress) == isAdmitted)
    }

    @Test("the same filter is the same source; another one is not")
    func sameness() throws {
        func source(_ expression: String) throws -> KafkaSourceSpec? {
            let filter = "\"dialectedFilter\":[{\"cesql\":{\"expression\":\"\(expression)\"}}]"
            return try ContractTests.read(ContractTests.one(egress: "," + filter)).sources["e"]
        }
        #expect(try source("id = '1'") == source("id = '1'"))
        #expect(try source("id = '1'") != source("id = '2'"))
    }

    @Test("filters nest to the limit, and not one deeper")
    func depth() throws {
        func nested(_ depth: Int) -> String {
            let inner = #"{"exact":{"attributes":{"id":"1"}}}"#
            let text = (1..<depth).reduce(inner) { text, _ in "{\"not\":{\"filter\":\(text)}}" }
            return "\"dialectedFilter\":[\(text)]"
        }
        _ = try self.admits(nested(ContractFilters.depthMax))
        #expect(throws: KafkaSourceError.self) {
            try self.admits(nested(ContractFilters.depthMax + 1))
        }
    }

    // MARK: Secrets

    private static let secrets: [String: String] = [
        "ns/s/protocol": "SASL_SSL", "ns/s/sasl.mechanism": "SCRAM-SHA-512", "ns/s/user": "u",
        "ns/s/password": "p", "ns/s/ca.crt": "CA", "ns/m/pw": "secret", "ns/m/who": "me",
    ]

    private func properties(_ resource: String) throws -> [String: String] {
        let text = ContractTests.one(resource: "," + resource)
        let contract = try Contract(json: Array(text.utf8)) { namespace, name, key in
            Self.secrets["\(namespace)/\(name)/\(key)"]
        }
        let properties = try #require(contract.sources["e"]).properties
        return Dictionary(uniqueKeysWithValues: properties.map { ($0.name, $0.value) })
    }

    @Test("without secrets there is none to be sent")
    func plain() throws {
        #expect(try self.properties("\"absentAuth\":{}").isEmpty)
        #expect(try self.properties("\"multiAuthSecret\":{}").isEmpty)
    }

    @Test("one Secret says it all")
    func authSecret() throws {
        #expect(
            try self.properties("\"authSecret\":{\"namespace\":\"ns\",\"name\":\"s\"}") == [
                "security.protocol": "sasl_ssl", "sasl.mechanisms": "SCRAM-SHA-512",
                "sasl.username": "u", "sasl.password": "p", "ssl.ca.pem": "CA",
            ]
        )
    }

    private static func multiple(_ key: String) -> String {
        """
        "multiAuthSecret":{"protocol":"SASL_PLAINTEXT","references":[{"reference":
        {"namespace":"ns","name":"m"},"keyFieldReferences":[{"secretKey":"who","field":"USER"},
        {"secretKey":"\(key)","field":"PASSWORD"},{"secretKey":"ca","field":"CA_CRT"}]}]}
        """
    }

    @Test("each key of several Secrets is named; what the protocol does not need is not asked for")
    func multiAuthSecret() throws {
        #expect(
            try self.properties(Self.multiple("pw")) == [
                "security.protocol": "sasl_plaintext", "sasl.mechanisms": "PLAIN",
                "sasl.username": "me", "sasl.password": "secret",
            ]
        )
    }

    @Test("a key that is not there is told by its name")
    func missing() throws {
        let error = #expect(throws: KafkaSourceError.self) {
            try self.properties(Self.multiple("other"))
        }
        #expect(error?.message == "resources[0]: the Secret ns/m has no key other here")
    }
}

// SPDX-License-Identifier: Apache-2.0

import Kafka
import KafkaSource
import Manifests
import Swiftlet
import Testing

@testable import SwiftletCommand

@Suite("Sources of a platform")
struct SourcePlanTests {
    static let manifest = """
        apiVersion: sources.knative.dev/v1
        kind: KafkaSource
        metadata: {name: s, namespace: ns}
        spec:
          bootstrapServers: ["a:1", "b:2"]
          topics: [t]
          consumerGroup: g
          ordering: unordered
          delivery: {retry: 3, backoffDelay: PT0.5S, deadLetterSink: {uri: "http://dead/x"}}
          net:
            sasl:
              enable: true
              user: {secretKeyRef: {name: k, key: user}}
              password: {secretKeyRef: {name: k, key: password}}
              type: {secretKeyRef: {name: k, key: type}}
            tls:
              enable: true
              caCert: {secretKeyRef: {name: k, key: ca}}
          sink:
            ref: {apiVersion: serving.knative.dev/v1, kind: Service, name: f}
            uri: /path
        ---
        apiVersion: v1
        kind: Secret
        metadata: {name: k, namespace: ns}
        stringData: {user: u, password: p, type: SCRAM-SHA-512, ca: C}
        """

    static func plan(
        bootstrapServers: String? = nil,
        activator: String? = nil
    ) throws -> KafkaSourceSpec {
        let manifests = try ManifestLoader.load(text: Self.manifest, file: "s.yaml")
        let plan = SourcePlan(
            manifests: manifests,
            bootstrapServers: bootstrapServers,
            activator: activator
        )
        return try #require(try plan.sources().first)
    }

    @Test("on a cluster: its brokers, its secrets, its names")
    func cluster() throws {
        let spec = try Self.plan()
        #expect(spec.bootstrapServers == ["a:1", "b:2"])
        #expect(spec.sink == SinkAddress(url: "http://f.ns.svc.cluster.local/path"))
        #expect(
            Dictionary(uniqueKeysWithValues: spec.properties.map { ($0.name, $0.value) }) == [
                "security.protocol": "sasl_ssl", "sasl.mechanisms": "SCRAM-SHA-512",
                "sasl.username": "u", "sasl.password": "p", "ssl.ca.pem": "C",
            ]
        )
        #expect(spec.delivery?.retry == 3)
        #expect(spec.delivery?.backoffDelay == .milliseconds(500))
        #expect(spec.delivery?.deadLetterSink == SinkAddress(url: "http://dead/x"))
        #expect(spec.ordering == .unordered)
    }

    @Test("on this machine: the activator by its address, the function by its name")
    func local() throws {
        let spec = try Self.plan(
            bootstrapServers: "127.0.0.1:9",
            activator: "http://127.0.0.1:8080"
        )
        #expect(spec.bootstrapServers == ["127.0.0.1:9"])
        #expect(
            spec.sink
                == SinkAddress(url: "http://127.0.0.1:8080/path", host: "f.ns.svc.cluster.local")
        )
        #expect(spec.properties.isEmpty)
    }

    // MARK: One source, row by row

    private static func source(
        annotations: String = "",
        labels: String = "",
        spec: String = "",
        sink: String = "{uri: \"http://sink/\"}",
        version: String = "v1",
        environment: [String: String] = [:]
    ) throws -> KafkaSourceSpec {
        let text = """
            apiVersion: sources.knative.dev/\(version)
            kind: KafkaSource
            metadata: {name: s, namespace: ns, labels: {\(labels)}, annotations: {\(annotations)}}
            spec:
              bootstrapServers: ["a:1"]
              topics: [t]
              \(spec)
              sink: \(sink)
            """
        let plan = SourcePlan(
            manifests: try ManifestLoader.load(text: text, file: "s.yaml"),
            bootstrapServers: nil,
            activator: nil,
            environment: Environment(variables: environment)
        )
        return try #require(try plan.sources().first)
    }

    @Test("what is left out has Knative's defaults", arguments: ["v1", "v1beta1"])
    func defaults(_ version: String) throws {
        let spec = try Self.source(version: version)
        #expect(spec.consumerGroup == "knative-kafka-source-ns-s")
        #expect(spec.consumers == 1 && spec.initialOffset == .latest)
        #expect(spec.ordering == .ordered && spec.keyType == .string)
        #expect(spec.delivery == nil && spec.deliveryDefaults == .documented)
        #expect(spec.replies == .discard && spec.filter == nil && spec.normalizer == nil)
    }

    static let fields: [(yaml: String, holds: @Sendable (KafkaSourceSpec) -> Bool)] = [
        ("consumers: 0", { $0.consumers == 0 }),
        ("initialOffset: earliest", { $0.initialOffset == .earliest }),
        ("ordering: unordered", { $0.ordering == .unordered }),
        ("consumerGroup: mine", { $0.consumerGroup == "mine" }),
        ("ceOverrides: {extensions: {tier: gold}}", { $0.ceOverrides == ["tier": "gold"] }),
        ("delivery: {retry: 0}", { $0.delivery?.retry == 0 }),
        ("delivery: {backoffPolicy: linear}", { $0.delivery?.backoffPolicy == .linear }),
        ("delivery: {timeout: PT5S}", { $0.delivery?.timeout == .seconds(5) }),
        ("delivery: {retryAfterMax: PT7S}", { $0.delivery?.retryAfterMax == .seconds(7) }),
        ("delivery: {format: json}", { $0.delivery?.hasStructuredDeadLetters == true }),
        (
            "delivery: {deadLetterSink: {uri: \"kafka:dead\"}}",
            { $0.delivery?.deadLetterSink?.topic == "dead" }
        ),
    ]

    @Test("every field arrives", arguments: fields.indices)
    func field(_ index: Int) throws {
        let (yaml, holds) = Self.fields[index]
        #expect(holds(try Self.source(spec: yaml)), "\(yaml)")
    }

    @Test("key types", arguments: RecordKeyType.allCases)
    func keyType(_ type: RecordKeyType) throws {
        let label = "kafkasources.sources.knative.dev/key-type: \(type.rawValue)"
        #expect(try Self.source(labels: label).keyType == type)
    }

    @Test("annotations choose what Knative has no field for")
    func annotations() throws {
        let spec = try Self.source(
            annotations: """
                swiftlet.dev/ordering: key, swiftlet.dev/compatibility: knative,
                swiftlet.dev/reply: "http://reply/", swiftlet.dev/rate: "5",
                swiftlet.dev/static-member: "true", swiftlet.dev/filter: "type = 'a'"
                """,
            environment: ["HOSTNAME": "pod-0"]
        )
        #expect(spec.ordering == .key && spec.deliveryDefaults == .knative)
        #expect(spec.headerCoding == .knative && spec.rateMax == 5)
        #expect(spec.replies == .send(SinkAddress(url: "http://reply/")))
        #expect(spec.instanceID == "ns-s-pod-0" && spec.filter?.text == "type = 'a'")
        #expect(throws: (any Error).self) {
            try Self.source(annotations: "swiftlet.dev/filter: \"(\"")
        }
    }

    @Test("a sink's certificates and token are used; a token that nobody provides is an error")
    func sinkSecurity() throws {
        let sink = "{uri: \"https://sink/\", CACerts: PEM, audience: me}"
        let spec = try Self.source(
            sink: sink,
            environment: ["SWIFTLET_OIDC_TOKEN_FILE": "/var/token"]
        )
        #expect(spec.sink.authorities == "PEM" && spec.sink.tokenFile == "/var/token")
        #expect(throws: (any Error).self) { try Self.source(sink: sink) }
    }

    private static func sasl(_ keys: String) -> String {
        let references = keys.split(separator: " ").map {
            "\($0): {secretKeyRef: {name: k-1, key: \($0)}}"
        }
        return "net: {sasl: {enable: true, \(references.joined(separator: ", "))}}"
    }

    static let mechanisms = ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]

    @Test("secrets may come from the environment", arguments: mechanisms)
    func secretVariables(_ mechanism: String) throws {
        let spec = try Self.source(
            spec: Self.sasl("user password type"),
            environment: [
                "SWIFTLET_SECRET_K_1_USER": "u", "SWIFTLET_SECRET_K_1_PASSWORD": "p",
                "SWIFTLET_SECRET_K_1_TYPE": mechanism,
            ]
        )
        #expect(
            Dictionary(uniqueKeysWithValues: spec.properties.map { ($0.name, $0.value) }) == [
                "security.protocol": "sasl_plaintext", "sasl.mechanisms": mechanism,
                "sasl.username": "u", "sasl.password": "p",
            ]
        )
    }

    @Test("tokens come from an endpoint; a provider that is none is named")
    func tokens() throws {
        var environment = [
            "SWIFTLET_SECRET_K_1_USER": "u", "SWIFTLET_SECRET_K_1_PASSWORD": "p",
            "SWIFTLET_SECRET_K_1_TYPE": "OAUTHBEARER",
            "SWIFTLET_SECRET_K_1_TOKENPROVIDER": "https://issuer/token",
        ]
        let text = Self.sasl("user password type tokenProvider")
        let spec = try Self.source(spec: text, environment: environment)
        let names = Set(spec.properties.map(\.name))
        #expect(names.isSuperset(of: ["sasl.oauthbearer.method", "sasl.oauthbearer.client.id"]))
        environment["SWIFTLET_SECRET_K_1_TOKENPROVIDER"] = "MSKAccessTokenProvider"
        #expect(throws: (any Error).self) {
            try Self.source(spec: text, environment: environment)
        }
    }
}

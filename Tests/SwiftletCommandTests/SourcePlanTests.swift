// SPDX-License-Identifier: Apache-2.0

import KafkaSource
import Manifests
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
}

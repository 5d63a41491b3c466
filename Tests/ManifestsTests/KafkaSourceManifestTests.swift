// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Manifests

@Suite("sources.knative.dev KafkaSource")
struct KafkaSourceManifestTests {
    static let manifest = """
        apiVersion: sources.knative.dev/v1
        kind: KafkaSource
        metadata:
          name: kafka-source
          namespace: exam
          labels:
            kafkasources.sources.knative.dev/key-type: byte-array
        spec:
          consumerGroup: kafka-group
          bootstrapServers: ["a.strimzi.svc:9092", "b:9093,[::1]:9094"]
          topics: [exam-generator-topic, other]
          consumers: 2
          initialOffset: earliest
          ordering: unordered
          delivery:
            retry: 3
            backoffPolicy: linear
            backoffDelay: PT0.5S
            timeout: PT5S
            retryAfterMax: PT1M
            format: binary
            deadLetterSink: {uri: "http://127.0.0.1:9/dlq", CACerts: pem, audience: them}
          net:
            sasl:
              enable: true
              user: {secretKeyRef: {name: kafka, key: user}}
              password: {secretKeyRef: {name: kafka, key: password}}
              type: {secretKeyRef: {name: kafka, key: type}}
              tokenProvider: {}
              roleARN: {}
            tls:
              enable: true
              cert: {secretKeyRef: {name: kafka, key: cert}}
              key: {secretKeyRef: {name: kafka, key: key}}
              caCert: {secretKeyRef: {name: kafka, key: ca}}
          ceOverrides:
            extensions: {course: maths, level2: b}
          sink:
            ref: {apiVersion: serving.knative.dev/v1, kind: Service, name: exam-generator}
            uri: /events

        """

    @Test("every field is read")
    func readsAll() throws {
        let set = try Load.set(Self.manifest)
        #expect(set.diagnostics == [])
        let source = try #require(set.sources.first)
        #expect(source.metadata.name == "kafka-source")
        #expect(source.consumerGroup == "kafka-group")
        #expect(source.bootstrapServers == ["a.strimzi.svc:9092", "b:9093", "[::1]:9094"])
        #expect(source.topics == ["exam-generator-topic", "other"])
        #expect(source.consumers == 2)
        #expect(source.initialOffset == .earliest)
        #expect(source.ordering == .unordered)
        #expect(source.keyType == .byteArray)
        #expect(source.extensionOverrides == ["course": "maths", "level2": "b"])
        let service = ObjectReference(
            apiVersion: "serving.knative.dev/v1",
            kind: "Service",
            name: "exam-generator",
            namespace: "exam"
        )
        #expect(source.sink.reference == service)
        #expect(service.isKnativeService)
        #expect(source.sink.uri == "/events")
    }

    @Test("delivery is read as written")
    func readsDelivery() throws {
        let delivery = try #require(try Load.set(Self.manifest).sources.first?.delivery)
        #expect(delivery.retryMax == 3)
        #expect(delivery.backoffPolicy == .linear)
        #expect(delivery.backoffDelay == .milliseconds(500))
        #expect(delivery.timeout == .seconds(5))
        #expect(delivery.retryAfterMax == .seconds(60))
        #expect(delivery.format == .binary)
        #expect(delivery.deadLetterSink?.uri == "http://127.0.0.1:9/dlq")
        #expect(delivery.deadLetterSink?.caCertificates == "pem")
        #expect(delivery.deadLetterSink?.audience == "them")
        let empty = Self.manifest.replacing("delivery:", with: "delivery: {}\n  unused:")
        let partial = try #require(try Load.set(empty).sources.first?.delivery)
        #expect(partial.retryMax == nil)
        #expect(partial.backoffPolicy == nil)
        #expect(partial.deadLetterSink == nil)
    }

    @Test("credentials are keys of Secrets, and empty mappings are none")
    func readsNetwork() throws {
        let network = try #require(try Load.set(Self.manifest).sources.first?.network)
        let sasl = try #require(network.sasl)
        #expect(sasl.isEnabled)
        #expect(
            [sasl.user, sasl.password, sasl.type].map { $0?.key } == ["user", "password", "type"]
        )
        #expect(sasl.user?.name == "kafka")
        #expect(sasl.tokenProvider == nil)
        #expect(sasl.roleARN == nil)
        let tls = try #require(network.tls)
        #expect(tls.isEnabled)
        #expect(
            [tls.certificate, tls.key, tls.caCertificate].map { $0?.key } == ["cert", "key", "ca"]
        )
    }

    @Test("v1beta1, as in older clusters, with nothing but what is required")
    func smallest() throws {
        let text = """
            apiVersion: sources.knative.dev/v1beta1
            kind: KafkaSource
            metadata: {name: s}
            spec:
              bootstrapServers: [k:1]
              topics: [t]
              sink: {uri: "https://user@example.com/"}
            """
        let set = try Load.set(text)
        #expect(set.diagnostics == [])
        let source = try #require(set.sources.first)
        #expect(source.metadata.namespace == "default")
        #expect(source.consumerGroup == nil)
        #expect(source.consumers == 1)
        #expect(source.initialOffset == .latest)
        #expect(source.ordering == .ordered)
        #expect(source.delivery == nil)
        #expect(source.network == KafkaNetwork(sasl: nil, tls: nil))
        #expect(source.keyType == .string)
    }

    @Test("what the API server of a cluster returned is read")
    func readsCaptured() throws {
        let set = try ManifestLoader.load(
            files: [Load.repositoryPath("Tests/Fixtures/manifests/ks.yaml")]
        )
        let captured = try ManifestLoader.load(
            files: [Load.repositoryPath("Tests/Fixtures/manifests/kafkasource-status.yaml")]
        )
        #expect(set.diagnostics == [])
        #expect(captured.diagnostics == [])
        let applied = try #require(set.sources.first)
        let stored = try #require(captured.sources.first)
        #expect(applied.delivery == stored.delivery)
        #expect(applied.sink == stored.sink)
        #expect(applied.topics == stored.topics)
        #expect(stored.delivery?.retryMax == 3)
        #expect(stored.network.sasl?.user == nil)
        #expect(stored.network.sasl?.isEnabled == false)
    }

    // MARK: - Mistakes

    static let mistakes: [Mistake] = [
        Mistake(
            "key-type: byte-array",
            "key-type: bytes",
            "7:48: metadata.labels[\"kafkasources.sources.knative.dev/key-type\"]: expected one of"
                + " string, int, float, byte-array, got \"bytes\""
        ),
        Mistake(
            "\"a.strimzi.svc:9092\"",
            "a.strimzi.svc",
            "10:22: spec.bootstrapServers[0]: expected host:port, got \"a.strimzi.svc\""
        ),
        Mistake(
            "\"a.strimzi.svc:9092\"",
            "\"a:65536\"",
            "10:22: spec.bootstrapServers[0]: expected host:port, got \"a:65536\""
        ),
        Mistake(
            "[\"a.strimzi.svc:9092\", \"b:9093,[::1]:9094\"]",
            "[]",
            "10:21: spec.bootstrapServers: expected at least one, got an empty list"
        ),
        Mistake(
            "  topics: [exam-generator-topic, other]\n",
            "",
            "9:3: spec.topics: missing, but required"
        ),
        Mistake(
            "topics: [exam-generator-topic, other]",
            "topics: exam-generator-topic",
            "11:11: spec.topics: expected a list, got a string"
        ),
        Mistake(
            "other]",
            "a/b]",
            "11:34: spec.topics[1]: expected a topic's name (letters, digits, '.', '_' and '-',"
                + " at most 249), got \"a/b\""
        ),
        Mistake(
            "other]",
            "exam-generator-topic]",
            "11:34: spec.topics[1]: \"exam-generator-topic\" was given already"
        ),
        Mistake(
            "consumers: 2",
            "consumers: -1",
            "12:14: spec.consumers: expected 0 to 2147483647, got -1"
        ),
        Mistake(
            "initialOffset: earliest",
            "initialOffset: oldest",
            "13:18: spec.initialOffset: expected one of latest, earliest, got \"oldest\""
        ),
        Mistake(
            "ordering: unordered",
            "ordering: partitioned",
            "14:13: spec.ordering: expected one of ordered, unordered, got \"partitioned\""
        ),
        Mistake(
            "retry: 3",
            "retry: -1",
            "16:12: spec.delivery.retry: expected 0 to 2147483647, got -1"
        ),
        Mistake(
            "retry: 3",
            "retries: 3",
            "16:5: warning: spec.delivery.retries: unknown field"
        ),
        Mistake(
            "PT0.5S",
            "500ms",
            "18:19: spec.delivery.backoffDelay: expected an ISO 8601 duration such as PT0.5S, got"
                + " \"500ms\""
        ),
        Mistake(
            "timeout: PT5S",
            "timeout: P1M",
            "19:14: spec.delivery.timeout: expected an ISO 8601 duration such as PT0.5S without"
                + " years and months, whose length varies, got \"P1M\""
        ),
        Mistake(
            "timeout: PT5S",
            "timeout: PT0S",
            "19:14: spec.delivery.timeout: expected more than nothing"
        ),
        Mistake(
            "timeout: PT5S",
            "timeout: 5",
            "19:14: spec.delivery.timeout: expected a string, got an integer; put it in quotes"
        ),
        Mistake(
            "backoffPolicy: linear",
            "backoffPolicy: none",
            "17:20: spec.delivery.backoffPolicy: expected one of linear, exponential, got \"none\""
        ),
        Mistake(
            "\"http://127.0.0.1:9/dlq\"",
            "\"dlq:secret@host\"",
            "22:27: spec.delivery.deadLetterSink.uri: expected an address that starts with http://"
                + " or https:// and names a host"
        ),
        Mistake(
            "user: {secretKeyRef: {name: kafka, key: user}}",
            "user: {secretKeyRef: {key: user}}",
            "26:28: spec.net.sasl.user.secretKeyRef.name: missing, but required"
        ),
        Mistake(
            "{course: maths",
            "{courseName: maths",
            "37:30: spec.ceOverrides.extensions.courseName: expected a name of the letters a-z and"
                + " digits only"
        ),
        Mistake(
            "name: exam-generator}\n    uri: /events",
            "name: Exam}",
            "39:68: spec.sink.ref.name: expected a DNS-1123 subdomain (labels of a-z, 0-9 and -"
                + " joined by points, at most 253), got \"Exam\""
        ),
        Mistake(
            "kind: Service, ",
            "",
            "39:10: spec.sink.ref.kind: missing, but required"
        ),
        Mistake(
            "ref: {apiVersion: serving.knative.dev/v1, kind: Service, name: exam-generator}\n",
            "\n",
            "40:10: spec.sink.uri: expected an address that starts with http:// or https:// and"
                + " names a host"
        ),
        Mistake(
            "sources.knative.dev/v1",
            "sources.knative.dev/v1alpha1",
            "1:13: apiVersion: expected sources.knative.dev/v1 or sources.knative.dev/v1beta1 for a"
                + " KafkaSource, got \"sources.knative.dev/v1alpha1\""
        ),
        Mistake(
            "sources.knative.dev/v1",
            "v1",
            "2:7: kind: a KafkaSource needs the apiVersion sources.knative.dev/v1 or"
                + " sources.knative.dev/v1beta1"
        ),
    ]

    @Test("mistakes are told", arguments: mistakes)
    func mistake(_ mistake: Mistake) {
        mistake.check(in: Self.manifest)
    }

    @Test("a sink has to name something")
    func sinkMissing() throws {
        let range = try #require(Self.manifest.firstRange(of: "  sink:"))
        let head = String(Self.manifest[..<range.lowerBound])
        #expect(Load.diagnostics(head) == ["m:9:3: spec.sink: missing, but required"])
        #expect(
            Load.diagnostics(head + "  sink: {}\n")
                == ["m:38:9: spec.sink: expected ref, uri, or both, got neither"]
        )
        #expect(
            Load.diagnostics(head + "  sink: {uri: 'http://'}\n") == [
                "m:38:15: spec.sink.uri: expected an address that starts with http:// or https://"
                    + " and names a host"
            ]
        )
        #expect(
            Load.diagnostics(head + "  sink: {ref: x}\n")
                == ["m:38:15: spec.sink.ref: expected a mapping, got a string"]
        )
    }
}

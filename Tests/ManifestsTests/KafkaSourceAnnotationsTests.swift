// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Manifests

@Suite("Annotations of a KafkaSource")
struct KafkaSourceAnnotationsTests {
    private func source(_ annotations: String, spec: String = "") throws -> KafkaSourceManifest {
        let text = """
            apiVersion: sources.knative.dev/v1
            kind: KafkaSource
            metadata: {name: s, annotations: {\(annotations)}}
            spec:
              bootstrapServers: ["a:1"]
              topics: [t]
              \(spec)
              sink: {uri: "http://sink/"}
            """
        return try #require(try ManifestLoader.load(text: text, file: "s.yaml").sources.first)
    }

    @Test("without any, all is as Knative documents it")
    func none() throws {
        let extras = try self.source("").extras
        #expect(extras.ordering == nil && extras.compatibility == .documented)
        #expect(extras.headerCoding == .strict && extras.normalizer == nil)
        #expect(extras.filter == nil && extras.reply == nil && extras.sinkProtocol == .http1)
        #expect(extras.inFlightMax == nil && extras.rateMax == nil)
        #expect(extras.recordBytesMax == nil && !extras.isStaticMember)
        #expect(extras.properties.isEmpty)
    }

    @Test("all of them are read")
    func all() throws {
        let extras = try self.source(
            """
            swiftlet.dev/ordering: key, swiftlet.dev/compatibility: knative,
            swiftlet.dev/normalizer: s3, swiftlet.dev/filter: "TRUE",
            swiftlet.dev/reply: "kafka:replies", swiftlet.dev/sink-protocol: h2c,
            swiftlet.dev/max-in-flight: "7", swiftlet.dev/rate: "2.5",
            swiftlet.dev/max-record-bytes: "1000", swiftlet.dev/static-member: "true",
            swiftlet.dev/kafka-properties: "a.b=1, c=x=y"
            """
        ).extras
        #expect(extras.ordering == .key && extras.compatibility == .knative)
        // The coding of headers follows unless it is said.
        #expect(extras.headerCoding == .knative && extras.normalizer == .s3)
        #expect(extras.filter == "TRUE" && extras.reply == "kafka:replies")
        #expect(extras.sinkProtocol == .h2c && extras.inFlightMax == 7 && extras.rateMax == 2.5)
        #expect(extras.recordBytesMax == 1000 && extras.isStaticMember)
        #expect(extras.properties.map(\.name) == ["a.b", "c"])
        #expect(extras.properties.map(\.value) == ["1", "x=y"])
    }

    static let mistakes = [
        "swiftlet.dev/ordering: sorted", "swiftlet.dev/rate: \"0\"",
        "swiftlet.dev/max-in-flight: \"0\"", "swiftlet.dev/max-in-flight: \"10001\"",
        "swiftlet.dev/reply: \"kafka:\"", "swiftlet.dev/reply: \"ftp://x\"",
        "swiftlet.dev/kafka-properties: \"a\"", "swiftlet.dev/kafka-properties: \"A=1\"",
    ]

    @Test("mistakes are told", arguments: mistakes)
    func mistake(_ annotation: String) {
        #expect(throws: ManifestError.self) { try self.source(annotation) }
    }

    @Test("order by key is no word of the field")
    func field() {
        #expect(throws: ManifestError.self) { try self.source("", spec: "ordering: key") }
    }

    @Test("only dead letters may go to a topic")
    func topics() throws {
        let source = try self.source(
            "",
            spec: "delivery: {deadLetterSink: {uri: \"kafka:dead.letters\"}}"
        )
        #expect(source.delivery?.deadLetterSink?.uri == "kafka:dead.letters")
        for uri in ["kafka:", "kafka:a b", "kafka:.."] {
            #expect(throws: ManifestError.self) {
                try self.source("", spec: "delivery: {deadLetterSink: {uri: \"\(uri)\"}}")
            }
        }
    }
}

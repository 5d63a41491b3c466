// SPDX-License-Identifier: Apache-2.0

/// What the annotations of a KafkaSource say, all of them in the domain `swiftlet.dev`.
package struct KafkaSourceAnnotations: Sendable, Hashable {
    /// Whose habits are kept where ours differ.
    package enum Compatibility: String, CaseIterable, Sendable {
        /// Documented defaults, jittered and capped waits, `Retry-After`.
        case documented
        /// Knative's data plane to the letter.
        case knative
    }

    /// How values are written in the headers of an event.
    package enum HeaderCoding: String, CaseIterable, Sendable {
        /// As the HTTP binding of CloudEvents says.
        case strict
        /// Unencoded, as Knative's data plane does.
        case knative
    }

    /// Records that become events in a special way.
    package enum Normalizer: String, CaseIterable, Sendable {
        /// Notifications of a bucket.
        case s3
    }

    /// What is spoken to the sink.
    package enum SinkProtocol: String, CaseIterable, Sendable {
        /// HTTP/1.1, and HTTP/2 where TLS agrees upon it.
        case http1
        /// HTTP/2 from the first byte on.
        case h2c
    }

    /// A property of librdkafka.
    package struct Property: Sendable, Hashable {
        /// For example `session.timeout.ms`.
        package let name: String
        /// What it is set to.
        package let value: String
    }

    private enum Switch: String, CaseIterable { case `true`, `false` }

    /// `ordering`: in place of the field, with one more choice.
    package let ordering: KafkaSourceManifest.Ordering?
    /// `compatibility`: whose habits are kept.
    package let compatibility: Compatibility
    /// `header-coding`: like the compatibility unless given.
    package let headerCoding: HeaderCoding
    /// `normalizer`: which records become events in a special way.
    package let normalizer: Normalizer?
    /// `filter`: an expression of CloudEvents SQL.
    package let filter: String?
    /// `reply`: the address or topic that replies go to.
    package let reply: String?
    /// `sink-protocol`: what is spoken to the sink.
    package let sinkProtocol: SinkProtocol
    /// `max-in-flight`: most events with the sink.
    package let inFlightMax: Int?
    /// `rate`: most events in a second.
    package let rateMax: Double?
    /// `max-record-bytes`: the largest record that is sent.
    package let recordBytesMax: Int?
    /// `kafka-properties`: further properties of librdkafka, as `name=value` joined by commas.
    package let properties: [Property]
    /// `static-member`: whether a restart keeps the place in the group.
    package let isStaticMember: Bool

    /// Most events with a sink that can be asked for.
    static let inFlightLimit = 10_000

    /// Reads the annotations; mistakes are noted and left out.
    init(_ annotations: [String: Field<String>], _ problems: ProblemCollector) {
        var reader = AnnotationReader(annotations, domain: SwiftletAnnotation.domain, problems)
        self.ordering = reader.choice("ordering", of: KafkaSourceManifest.Ordering.self)
        let compatibility =
            reader.choice("compatibility", of: Compatibility.self) ?? .documented
        self.compatibility = compatibility
        self.headerCoding =
            reader.choice("header-coding", of: HeaderCoding.self)
            ?? (compatibility == .knative ? .knative : .strict)
        self.normalizer = reader.choice("normalizer", of: Normalizer.self)
        self.filter = reader.text("filter")?.value
        if let field = reader.text("reply") {
            let isAddress = Destination.isAbsolute(field.value) || Destination.isTopic(field.value)
            if !isAddress {
                problems.error(field, "expected http://, https:// or kafka: and a topic")
            }
            self.reply = isAddress ? field.value : nil
        } else {
            self.reply = nil
        }
        self.sinkProtocol = reader.choice("sink-protocol", of: SinkProtocol.self) ?? .http1
        self.inFlightMax = reader.integer("max-in-flight", in: 1...Self.inFlightLimit)
        self.rateMax = reader.number("rate", in: 0.001...1e9)
        self.recordBytesMax = reader.integer("max-record-bytes", in: 1...1_000_000_000)
        self.isStaticMember = reader.choice("static-member", of: Switch.self) == .true
        self.properties =
            reader.text("kafka-properties").map { Self.properties($0, problems) } ?? []
        reader.finish()
    }

    private static func properties(
        _ field: Field<String>,
        _ problems: ProblemCollector
    ) -> [Property] {
        field.value.split(separator: ",").compactMap { part in
            let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = String(pair[0].filter { $0 != " " })
            let isName = name.utf8.allSatisfy { 0x61...0x7A ~= $0 || $0 == 0x2E }
            guard pair.count == 2, isName, !name.isEmpty else {
                problems.error(field, "expected name=value, joined by commas")
                return nil
            }
            return Property(name: name, value: String(pair[1]))
        }
    }
}

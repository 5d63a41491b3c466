// SPDX-License-Identifier: Apache-2.0

/// Finds the text behind a key of a Secret; `nil` when there is none.
package typealias SecretLookup =
    (_ namespace: String, _ name: String, _ key: String) -> String?

/// What Knative's control plane wants a data plane for Kafka to do: the JSON form of `Contract` in
/// `contract.proto` of knative-extensions/eventing-kafka-broker.
///
/// Each egress is a source here. Resources that only take events in are no matter of a dispatcher.
package struct Contract: Sendable {
    /// The largest contract, in bytes; a ConfigMap holds 1 MiB.
    package static let bytesMax = 4 * 1024 * 1024
    /// Most egresses.
    static let sourcesMax = 10_000

    /// Counts the changes that the control plane makes.
    package let generation: Int64
    /// What is to be dispatched, by what tells an egress from all others in each generation.
    package let sources: [String: KafkaSourceSpec]
    /// What has no effect here, a sentence each.
    package let warnings: [String]

    /// Reads a contract.
    ///
    /// - Parameters:
    ///   - json: The document.
    ///   - tokenFile: Holds the token for destinations that have an audience, if there is one.
    ///   - secret: Finds what its references to Secrets name.
    /// - Throws: ``KafkaSourceError`` that begins with the path of what is wrong; nothing of a
    ///   contract that is wrong somewhere is of use.
    package init(
        json: [UInt8],
        tokenFile: String? = nil,
        secret: SecretLookup
    ) throws(KafkaSourceError) {
        let document = try ProtobufMessage(try JSONNode(json: json), path: "")
        var reader = ContractReader(tokenFile: tokenFile)
        self.generation = try document.number("generation", max: .max)
        for resource in try document.messages("resources") { try reader.read(resource, secret) }
        // Certificates that all destinations may show; each egress carries those that it needs.
        document.skip("trustBundles")
        reader.finish(document)
        self.sources = reader.sources
        self.warnings = reader.warnings
    }
}

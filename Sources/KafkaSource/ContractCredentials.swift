// SPDX-License-Identifier: Apache-2.0

internal import Kafka

/// How the brokers of a contract's resource are reached, in librdkafka's words.
struct ContractCredentials {
    private(set) var properties: [KafkaProperty] = []

    /// The names in which a contract, and a Secret of Knative, speak of a value.
    private static let names: [(field: String, number: String, key: String, property: String)] = [
        ("SASL_MECHANISM", "0", "sasl.mechanism", "sasl.mechanisms"),
        ("CA_CRT", "1", "ca.crt", "ssl.ca.pem"),
        ("USER_CRT", "2", "user.crt", "ssl.certificate.pem"),
        ("USER_KEY", "3", "user.key", "ssl.key.pem"),
        ("USER", "4", "user", "sasl.username"), ("PASSWORD", "5", "password", "sasl.password"),
    ]
    private static let protocols = ["PLAINTEXT", "SASL_PLAINTEXT", "SSL", "SASL_SSL"]

    init(
        _ resource: ContractDocument.Resource,
        _ secret: DispatchContract.SecretLookup
    ) throws {
        if let multi = resource.multiAuthSecret, let references = multi.references,
            !references.isEmpty
        {
            try self.read(multi, references, secret)
        } else if let reference = resource.authSecret {
            try self.read(reference, secret)
        }
    }

    private mutating func read(
        _ multi: ContractDocument.MultiSecret,
        _ references: [ContractDocument.SecretReference],
        _ secret: DispatchContract.SecretLookup
    ) throws {
        let word = multi.protocol?.text ?? Self.protocols[0]
        let name = Int(word).flatMap {
            Self.protocols.indices.contains($0) ? Self.protocols[$0] : nil
        }
        self.properties.append(("security.protocol", (name ?? word).lowercased()))
        for reference in references {
            for field in reference.keyFieldReferences ?? [] {
                let word = field.field?.text ?? "0"
                guard let entry = Self.names.first(where: { $0.field == word || $0.number == word })
                else { continue }
                let text = try Self.required(reference.reference, field.secretKey ?? "", secret)
                self.properties.append((entry.property, text))
            }
        }
    }

    private mutating func read(
        _ reference: ContractDocument.Reference,
        _ secret: DispatchContract.SecretLookup
    ) throws {
        let protocolName = try Self.required(reference, "protocol", secret)
        self.properties.append(("security.protocol", protocolName.lowercased()))
        for entry in Self.names {
            if let text = try secret(reference.namespace ?? "", reference.name ?? "", entry.key) {
                self.properties.append((entry.property, text))
            }
        }
    }

    private static func required(
        _ reference: ContractDocument.Reference?,
        _ key: String,
        _ secret: DispatchContract.SecretLookup
    ) throws -> String {
        let namespace = reference?.namespace ?? ""
        let name = reference?.name ?? ""
        guard let text = try secret(namespace, name, key) else {
            throw KafkaSourceError(
                message: "The Secret \(namespace)/\(name) with the key \(key) is not to be found."
            )
        }
        return text
    }
}

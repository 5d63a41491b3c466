// SPDX-License-Identifier: Apache-2.0

internal import Kafka

/// How a resource's brokers are reached, as references to Secrets.
struct ContractCredentialList: Sendable, Equatable {
    /// What a key of a Secret holds, in the order of `SecretField`.
    enum Field: Int, Sendable, CaseIterable {
        case mechanism
        case authorities
        case certificate
        case key
        case user
        case password

        /// The name in `contract.proto`.
        var name: String {
            switch self {
            case .mechanism: "SASL_MECHANISM"
            case .authorities: "CA_CRT"
            case .certificate: "USER_CRT"
            case .key: "USER_KEY"
            case .user: "USER"
            case .password: "PASSWORD"
            }
        }

        /// The key in a Secret of the format that `authSecret` has.
        var secretKey: String {
            switch self {
            case .mechanism: "sasl.mechanism"
            case .authorities: "ca.crt"
            case .certificate: "user.crt"
            case .key: "user.key"
            case .user: "user"
            case .password: "password"
            }
        }

        /// The property of librdkafka.
        var property: String {
            switch self {
            case .mechanism: "sasl.mechanisms"
            case .authorities: "ssl.ca.pem"
            case .certificate: "ssl.certificate.pem"
            case .key: "ssl.key.pem"
            case .user: "sasl.username"
            case .password: "sasl.password"
            }
        }

        var isOfSASL: Bool { self == .mechanism || self == .user || self == .password }
    }

    /// A key of a Secret.
    struct Reference: Sendable, Equatable {
        var field: Field
        var namespace: String
        var name: String
        var key: String
    }

    /// Names of protocols, in the order of `Protocol`.
    static let protocols = ["PLAINTEXT", "SASL_PLAINTEXT", "SSL", "SASL_SSL"]

    /// The name of the protocol; `nil` when the Secret has it.
    var `protocol`: String? = "PLAINTEXT"
    var references: [Reference] = []

    /// Whether `secret` alone says everything, also the protocol.
    static func secret(namespace: String, name: String) -> Self {
        Self(
            protocol: nil,
            references: Field.allCases.map {
                Reference(field: $0, namespace: namespace, name: name, key: $0.secretKey)
            }
        )
    }

    /// The properties of librdkafka, with what `secret` finds.
    ///
    /// - Throws: ``KafkaSourceError`` naming the Secret and the key, and no value.
    func properties(_ secret: SecretLookup) throws(KafkaSourceError) -> [KafkaProperty] {
        let text: String
        if let name = self.protocol { text = name } else { text = try self.namedProtocol(secret) }
        guard text != Self.protocols[0] else { return [] }
        guard Self.protocols.contains(text) else {
            throw KafkaSourceError(
                message: "the protocol of the brokers must be one of "
                    + Self.protocols.joined(separator: ", ")
            )
        }
        var properties: [KafkaProperty] = [("security.protocol", text.lowercased())]
        for reference in self.references {
            let isUsed = reference.field.isOfSASL ? text.hasPrefix("SASL") : text.hasSuffix("SSL")
            guard isUsed else { continue }
            guard let value = secret(reference.namespace, reference.name, reference.key) else {
                // A Secret that says it all need not have certificates, or a mechanism.
                let isNeeded = reference.field == .user || reference.field == .password
                if self.protocol == nil, !isNeeded { continue }
                throw Self.missing(reference.namespace, reference.name, reference.key)
            }
            properties.append((reference.field.property, value))
        }
        if text.hasPrefix("SASL"), !properties.contains(where: { $0.name == "sasl.mechanisms" }) {
            properties.append(("sasl.mechanisms", "PLAIN"))
        }
        return properties
    }

    private func namedProtocol(_ secret: SecretLookup) throws(KafkaSourceError) -> String {
        guard let first = self.references.first else { return Self.protocols[0] }
        guard let text = secret(first.namespace, first.name, "protocol") else {
            throw Self.missing(first.namespace, first.name, "protocol")
        }
        return text
    }

    private static func missing(
        _ namespace: String,
        _ name: String,
        _ key: String
    ) -> KafkaSourceError {
        KafkaSourceError(message: "the Secret \(namespace)/\(name) has no key \(key) here")
    }
}

// SPDX-License-Identifier: Apache-2.0

/// How a KafkaSource talks to its brokers; every value is a key of a Secret.
package struct KafkaNetwork: Sendable, Hashable {
    /// Proof of who we are.
    package struct SASL: Sendable, Hashable {
        /// Whether it is used.
        package let isEnabled: Bool
        /// The user's name.
        package let user: KeyReference?
        /// The password.
        package let password: KeyReference?
        /// `PLAIN`, `SCRAM-SHA-256`, `SCRAM-SHA-512` or `OAUTHBEARER`.
        package let type: KeyReference?
        /// Where tokens come from.
        package let tokenProvider: KeyReference?
        /// The role to take on.
        package let roleARN: KeyReference?
    }

    /// Encryption, and proof of who they are.
    package struct TLS: Sendable, Hashable {
        /// Whether it is used.
        package let isEnabled: Bool
        /// Our certificate.
        package let certificate: KeyReference?
        /// The key of our certificate.
        package let key: KeyReference?
        /// Certificates to trust.
        package let caCertificate: KeyReference?
    }

    /// Proof of who we are.
    package let sasl: SASL?
    /// Encryption.
    package let tls: TLS?
}

extension KafkaNetwork {
    /// Reads `net`; mistakes inside are noted and left out.
    init(_ reader: inout ObjectReader) {
        defer { reader.finish() }
        var sasl: SASL?
        if var object = reader.object("sasl") {
            sasl = SASL(
                isEnabled: object.flag("enable") ?? false,
                user: Self.secret("user", &object),
                password: Self.secret("password", &object),
                type: Self.secret("type", &object),
                tokenProvider: Self.secret("tokenProvider", &object),
                roleARN: Self.secret("roleARN", &object)
            )
            object.finish()
        }
        var tls: TLS?
        if var object = reader.object("tls") {
            tls = TLS(
                isEnabled: object.flag("enable") ?? false,
                certificate: Self.secret("cert", &object),
                key: Self.secret("key", &object),
                caCertificate: Self.secret("caCert", &object)
            )
            object.finish()
        }
        self.init(sasl: sasl, tls: tls)
    }

    /// Reads `{secretKeyRef: {name, key}}`; the empty mapping that the API server writes is `nil`.
    private static func secret(_ name: String, _ reader: inout ObjectReader) -> KeyReference? {
        guard var value = reader.object(name) else { return nil }
        defer { value.finish() }
        guard var reference = value.object("secretKeyRef") else { return nil }
        return KeyReference(&reference)
    }
}

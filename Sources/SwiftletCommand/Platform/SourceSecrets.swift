// SPDX-License-Identifier: Apache-2.0

internal import Kafka
internal import Manifests
internal import Swiftlet

/// Finds the secrets of a source: in the manifests, else in files, else in the environment.
///
/// A cluster mounts Secrets as folders; `SWIFTLET_SECRETS` names the folder that holds them, as
/// `NAMESPACE/NAME/KEY` or `NAME/KEY`. In the environment `SWIFTLET_SECRET_NAME_KEY` is looked for,
/// in capitals, and `_` for all but letters and digits.
struct SourceSecrets {
    let manifests: ManifestSet
    var environment = Environment.process

    /// The longest secret in a file, in bytes.
    private static let bytesMax = 1024 * 1024

    /// The text of a secret.
    ///
    /// - Throws: An error that names the Secret and the key, and no value.
    func text(_ reference: KeyReference, of source: KafkaSourceManifest) throws -> String {
        let namespace = source.metadata.namespace
        if self.manifests.secret(reference.name, in: namespace) == nil,
            let text = self.text(namespace, reference.name, reference.key)
        {
            return text
        }
        return try self.manifests.secretText(reference, in: namespace, at: source.metadata.mark)
    }

    /// The text of a secret outside the manifests; `nil` when there is none.
    func text(_ namespace: String, _ name: String, _ key: String) -> String? {
        self.file(namespace, name, key) ?? self.variable(name, key)
    }

    private func file(_ namespace: String, _ name: String, _ key: String) -> String? {
        // A name with a slash would lead out of the folder.
        guard let folder = self.environment["SWIFTLET_SECRETS"],
            ![namespace, name, key].contains(where: { $0.contains("/") || $0.hasPrefix(".") })
        else { return nil }
        for path in ["\(folder)/\(namespace)/\(name)/\(key)", "\(folder)/\(name)/\(key)"] {
            guard let bytes = try? Files.read(path, bytesMax: Self.bytesMax) else { continue }
            return String(validating: bytes, as: UTF8.self)
        }
        return nil
    }

    private func variable(_ name: String, _ key: String) -> String? {
        let name = "SWIFTLET_SECRET_\(name)_\(key)".uppercased().map {
            $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_"
        }
        return self.environment[String(name)]
    }

    // MARK: Properties

    /// How to talk to the brokers of a source, in librdkafka's words.
    func properties(of source: KafkaSourceManifest, _ place: String) throws -> [KafkaProperty] {
        let sasl = source.network.sasl.flatMap { $0.isEnabled ? $0 : nil }
        let tls = source.network.tls.flatMap { $0.isEnabled ? $0 : nil }
        let security = (sasl == nil ? "" : "sasl_") + (tls == nil ? "plaintext" : "ssl")
        func secret(_ reference: KeyReference?) throws -> String? {
            try reference.map { try self.text($0, of: source) }
        }
        var properties: [(String, String?)] = [
            ("security.protocol", security),
            ("ssl.ca.pem", try secret(tls?.caCertificate)),
            ("ssl.certificate.pem", try secret(tls?.certificate)),
            ("ssl.key.pem", try secret(tls?.key)),
        ]
        if let sasl {
            let mechanism = try secret(sasl.type) ?? "PLAIN"
            properties.append(("sasl.mechanisms", mechanism))
            if mechanism == "OAUTHBEARER" {
                properties += try Self.tokens(
                    endpoint: secret(sasl.tokenProvider),
                    user: secret(sasl.user),
                    password: secret(sasl.password),
                    place
                )
            } else {
                properties.append(("sasl.username", try secret(sasl.user)))
                properties.append(("sasl.password", try secret(sasl.password)))
            }
        }
        return properties.compactMap { name, value in value.map { (name, $0) } }
    }

    /// Where librdkafka gets its tokens (OpenID Connect, client credentials).
    private static func tokens(
        endpoint: String?,
        user: String?,
        password: String?,
        _ place: String
    ) throws -> [(String, String?)] {
        guard let endpoint, endpoint.hasPrefix("https://") || endpoint.hasPrefix("http://") else {
            throw CommandError(
                "\(place): net.sasl.tokenProvider must be the address of an OpenID Connect token "
                    + "endpoint; the providers of cloud vendors are not known here"
            )
        }
        return [
            ("sasl.oauthbearer.method", "oidc"),
            ("sasl.oauthbearer.token.endpoint.url", endpoint),
            ("sasl.oauthbearer.client.id", user), ("sasl.oauthbearer.client.secret", password),
        ]
    }
}

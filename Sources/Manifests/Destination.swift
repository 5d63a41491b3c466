// SPDX-License-Identifier: Apache-2.0

/// Where events go: an object of the cluster, an address, or a path on an object's address.
package struct Destination: Sendable, Hashable {
    /// The object that takes them.
    package let reference: ObjectReference?
    /// The address; with ``reference`` it may be a path that is resolved against the object's.
    package let uri: String?
    /// Certificates to trust, in PEM.
    package let caCertificates: String?
    /// What the sender's token must be meant for.
    package let audience: String?
}

/// Names an object of the cluster.
package struct ObjectReference: Sendable, Hashable {
    /// The API that the object belongs to, `serving.knative.dev/v1`.
    package let apiVersion: String
    /// The kind of object.
    package let kind: String
    /// The object's name.
    package let name: String
    /// The object's namespace; that of the one who refers to it unless given.
    package let namespace: String

    /// Whether it is a Knative Service.
    package var isKnativeService: Bool {
        self.kind == "Service" && self.apiVersion.hasPrefix("serving.knative.dev/")
    }
}

extension Destination {
    /// Reads `sink` or `deadLetterSink`; `nil` when it is unusable.
    ///
    /// Only where `mayBeTopic` says so the address may be `kafka:` and the name of a topic.
    init?(_ reader: inout ObjectReader, namespace: String, mayBeTopic: Bool = false) {
        defer { reader.finish() }
        let uri = reader.text("uri").flatMap { $0.value.isEmpty ? nil : $0 }
        let caCertificates = reader.text("CACerts")
        let audience = reader.text("audience")
        var reference: ObjectReference?
        if var object = reader.object("ref") {
            reference = ObjectReference(&object, namespace: namespace)
            guard reference != nil else { return nil }
        } else if reader.has("ref") {
            return nil
        }
        if reference == nil {
            guard let uri else {
                reader.problems.error(
                    reader.mark,
                    "\(reader.path): expected ref, uri, or both, got neither"
                )
                return nil
            }
            guard Self.isAbsolute(uri.value) || mayBeTopic && Self.isTopic(uri.value) else {
                // The address itself is not told: it may hold a password.
                reader.problems.error(
                    uri,
                    "expected an address that starts with http:// or https:// and names a host"
                )
                return nil
            }
        }
        self.init(
            reference: reference,
            uri: uri?.value,
            caCertificates: caCertificates?.value,
            audience: audience?.value
        )
    }

    /// Whether it is `kafka:` and what Kafka takes for the name of a topic.
    static func isTopic(_ uri: String) -> Bool {
        guard uri.hasPrefix("kafka:") else { return false }
        return NameRule.topic.accepts(String(uri.dropFirst("kafka:".count)))
    }

    /// Whether it is an address of HTTP that names a host.
    static func isAbsolute(_ uri: String) -> Bool {
        guard uri.utf8.allSatisfy({ 0x21...0x7E ~= $0 }) else { return false }
        let schemes = ["http://", "https://"]
        guard let scheme = schemes.first(where: { uri.lowercased().hasPrefix($0) }) else {
            return false
        }
        let authority = uri.dropFirst(scheme.count).prefix { !"/?#".contains($0) }
        let host = authority.split(separator: "@", omittingEmptySubsequences: false).last ?? ""
        return !host.isEmpty && host.first != ":"
    }
}

extension ObjectReference {
    /// Reads `ref`; `nil` when it is unusable.
    init?(_ reader: inout ObjectReader, namespace: String) {
        defer { reader.finish() }
        let kind = reader.requiredText("kind")
        let name = reader.requiredText("name")
        let group = reader.text("group")
        let apiVersion =
            group == nil ? reader.requiredText("apiVersion") : reader.text("apiVersion")
        let given = reader.text("namespace").flatMap { $0.value.isEmpty ? nil : $0 }
        reader.accept(["address": .text])
        guard let kind, let name, let version = apiVersion ?? group else { return nil }
        var isUsable = reader.problems.check(name, is: .dnsSubdomain)
        if let given { isUsable = reader.problems.check(given, is: .dnsLabel) && isUsable }
        guard isUsable else { return nil }
        self.init(
            apiVersion: version.value,
            kind: kind.value,
            name: name.value,
            namespace: given?.value ?? namespace
        )
    }
}

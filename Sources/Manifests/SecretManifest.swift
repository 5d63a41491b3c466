// SPDX-License-Identifier: Apache-2.0

/// A `v1 Secret`: values that must not be shown.
package struct SecretManifest: Sendable {
    /// Name, namespace, labels and annotations.
    package let metadata: ObjectMetadata
    /// The values by their keys, `stringData` merged into `data`.
    package let data: [String: [UInt8]]
}

extension SecretManifest: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The Secret's name and keys, never its values.
    package var description: String {
        let keys = self.data.keys.sorted().joined(separator: ", ")
        return "Secret \(self.metadata.namespace)/\(self.metadata.name) (\(keys))"
    }

    /// The same as ``description``.
    package var debugDescription: String { self.description }

    /// Shows nothing, so that `dump` and test reports tell no values either.
    package var customMirror: Mirror { Mirror(self, children: [:]) }
}

extension SecretManifest {
    private static let ignored: [String: FieldShape] = ["immutable": .flag, "type": .text]

    /// Reads a Secret; `nil` when it is too broken to be told about.
    init?(_ object: inout ObjectReader) {
        let header = MetadataReader(of: &object, nameIs: .dnsSubdomain)
        object.accept(Self.ignored)
        defer { object.finish() }
        var data: [String: [UInt8]] = [:]
        for (key, field) in object.textMap("data") {
            ConfigMapManifest.check(key, field, object.problems)
            if let bytes = Base64Text.decode(field.value) {
                data[key] = bytes
            } else {
                // Neither the value nor a part of it is told.
                object.problems.error(field, "expected base64; plain text belongs in stringData")
            }
        }
        for (key, field) in object.textMap("stringData") {
            ConfigMapManifest.check(key, field, object.problems)
            data[key] = Array(field.value.utf8)
        }
        ConfigMapManifest.checkSize(ConfigMapManifest.bytes(in: data), of: object)
        guard let metadata = header.metadata else { return nil }
        self.init(metadata: metadata, data: data)
    }
}

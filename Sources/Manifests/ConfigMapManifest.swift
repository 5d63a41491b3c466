// SPDX-License-Identifier: Apache-2.0

/// A `v1 ConfigMap`: settings by name.
package struct ConfigMapManifest: Sendable {
    /// Name, namespace, labels and annotations.
    package let metadata: ObjectMetadata
    /// The texts by their keys.
    package let data: [String: String]
    /// Values that are no texts, by their keys.
    package let binaryData: [String: [UInt8]]
}

extension ConfigMapManifest {
    /// Reads a ConfigMap; `nil` when it is too broken to be told about.
    init?(_ object: inout ObjectReader) {
        let header = MetadataReader(of: &object, nameIs: .dnsSubdomain)
        object.accept(["immutable": .flag])
        defer { object.finish() }
        let texts = object.textMap("data")
        for (key, field) in texts { Self.check(key, field, object.problems) }
        var binaryData: [String: [UInt8]] = [:]
        for (key, field) in object.textMap("binaryData") {
            Self.check(key, field, object.problems)
            if texts[key] != nil {
                object.problems.error(field, "the same key is in data; give it once")
            } else if let bytes = Base64Text.decode(field.value) {
                binaryData[key] = bytes
            } else {
                object.problems.error(field, "expected base64; plain text belongs in data")
            }
        }
        let bytesTotal = texts.values.reduce(0) { $0 + $1.value.utf8.count }
        Self.checkSize(bytesTotal + Self.bytes(in: binaryData), of: object)
        guard let metadata = header.metadata else { return nil }
        self.init(metadata: metadata, data: texts.mapValues(\.value), binaryData: binaryData)
    }

    /// Most bytes of all values of a ConfigMap or Secret, as in Kubernetes.
    static let dataBytesMax = 1024 * 1024

    /// The bytes of all values.
    static func bytes(in data: [String: [UInt8]]) -> Int {
        data.values.reduce(0) { $0 + $1.count }
    }

    /// Notes data that is longer than Kubernetes takes.
    static func checkSize(_ bytesTotal: Int, of object: ObjectReader) {
        guard bytesTotal > self.dataBytesMax else { return }
        object.problems.error(
            object.mark(of: "data"),
            "data: expected at most \(self.dataBytesMax) bytes, got \(bytesTotal)"
        )
    }

    /// Notes a key that Kubernetes refuses.
    static func check(_ key: String, _ field: Field<String>, _ problems: ProblemCollector) {
        guard !NameRule.dataKey.accepts(key) else { return }
        problems.error(field, "expected \(NameRule.dataKey.expectation)")
    }
}

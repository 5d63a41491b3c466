// SPDX-License-Identifier: Apache-2.0

/// What every object says about itself.
package struct ObjectMetadata: Sendable {
    /// The object's name.
    package let name: String
    /// The namespace; `default` when the manifest gives none.
    package let namespace: String
    /// Names by which objects are selected.
    package let labels: [String: String]
    /// Remarks for programs, ours among them.
    package let annotations: [String: String]
    /// Where the object starts.
    package let mark: SourceMark
}

/// What tells one object from all others.
struct ObjectIdentity: Hashable, CustomStringConvertible {
    let kind: String
    let namespace: String
    let name: String

    var description: String { "\(self.kind) \(self.namespace)/\(self.name)" }
}

/// Metadata while it is read: with the places that messages about labels and annotations name.
struct MetadataReader {
    let name: Field<String>?
    let namespace: String
    let labels: [String: Field<String>]
    let annotations: [String: Field<String>]
    let mark: SourceMark

    /// Fields that the API server writes and nobody needs here.
    private static let ignored: [String: FieldShape] = [
        "creationTimestamp": .text, "deletionGracePeriodSeconds": .integer,
        "deletionTimestamp": .text, "finalizers": .list(.text), "generateName": .text,
        "generation": .integer, "managedFields": .anything, "ownerReferences": .anything,
        "resourceVersion": .text, "selfLink": .text, "uid": .text,
    ]

    /// Reads `metadata` of an object whose name keeps `rule`.
    init(of object: inout ObjectReader, nameIs rule: NameRule) {
        self.mark = object.mark
        guard var reader = object.object("metadata") else {
            if !object.has("metadata") {
                object.problems.error(object.mark, "metadata.name: missing, but required")
            }
            (self.name, self.namespace, self.labels, self.annotations) = (nil, "", [:], [:])
            return
        }
        self.name = reader.requiredText("name").flatMap { name in
            reader.problems.check(name, is: rule) ? name : nil
        }
        if let namespace = reader.text("namespace"), !namespace.value.isEmpty {
            reader.problems.check(namespace, is: .dnsLabel)
            self.namespace = namespace.value
        } else {
            self.namespace = "default"
        }
        self.labels = reader.textMap("labels")
        self.annotations = Self.annotations(&reader)
        reader.accept(Self.ignored)
        reader.finish()
    }

    /// Most bytes of an object's annotations, names and values, as in Kubernetes.
    private static let annotationBytesMax = 256 * 1024

    /// Reads `annotations`; none when they are longer than Kubernetes takes.
    static func annotations(_ reader: inout ObjectReader) -> [String: Field<String>] {
        let annotations = reader.textMap("annotations")
        let bytesTotal = annotations.reduce(0) { sum, annotation in
            sum + annotation.key.utf8.count + annotation.value.value.utf8.count
        }
        guard bytesTotal <= self.annotationBytesMax else {
            reader.problems.error(
                reader.mark(of: "annotations"),
                "\(reader.path(of: "annotations")): expected at most \(self.annotationBytesMax)"
                    + " bytes, got \(bytesTotal)"
            )
            return [:]
        }
        return annotations
    }

    /// The metadata; `nil` when there is no usable name.
    var metadata: ObjectMetadata? {
        self.name.map { name in
            ObjectMetadata(
                name: name.value,
                namespace: self.namespace,
                labels: self.labels.mapValues(\.value),
                annotations: self.annotations.mapValues(\.value),
                mark: self.mark
            )
        }
    }
}

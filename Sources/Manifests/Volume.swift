// SPDX-License-Identifier: Apache-2.0

/// Something that containers mount.
package struct Volume: Sendable, Hashable {
    /// The volume's name.
    package let name: String
    /// Which field describes it: `emptyDir`, `secret`, `configMap` ….
    package let kind: String

    /// Whether Knative wants it mounted read-only.
    var mustBeReadOnly: Bool { ["configMap", "projected", "secret"].contains(self.kind) }
}

extension Volume {
    /// Reads one item of `volumes`; `nil` when it is unusable.
    init?(_ reader: inout ObjectReader) {
        defer { reader.finish() }
        let name = reader.requiredText("name")
        reader.accept(KubernetesFields.volume)
        let kinds = KubernetesFields.volume.keys.filter(reader.has)
        guard kinds.count == 1, let kind = kinds.first else {
            reader.problems.error(
                reader.mark,
                "\(reader.path): expected exactly one of emptyDir, secret, configMap, projected,"
                    + " persistentVolumeClaim, got \(kinds.count)"
            )
            return nil
        }
        guard let name, reader.problems.check(name, is: .dnsLabel) else { return nil }
        self.init(name: name.value, kind: kind)
    }
}

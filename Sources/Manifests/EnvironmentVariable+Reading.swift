// SPDX-License-Identifier: Apache-2.0

extension EnvironmentVariable {
    /// Names that the platform sets and a manifest must not (Knative runtime contract, Process).
    static let reservedNames: Set<String> = ["PORT", "K_SERVICE", "K_CONFIGURATION", "K_REVISION"]

    private static let fieldReference: [String: FieldShape] = ["apiVersion": .text]
    private static let resourceReference: [String: FieldShape] = [
        "containerName": .text, "divisor": .quantity,
    ]

    /// Reads one item of `env`; `nil` when it is unusable.
    init?(_ reader: inout ObjectReader, isSidecar: Bool) {
        defer { reader.finish() }
        let name = reader.requiredText("name")
        let value = reader.text("value")
        var source = value.map { Source.literal($0.value) } ?? .literal("")
        if var origin = reader.object("valueFrom") {
            if let value, !value.value.isEmpty {
                origin.problems.error(value, "give either value or valueFrom, not both")
            }
            guard let found = Self.source(&origin) else { return nil }
            source = found
        }
        if let value, value.value.utf8.contains(0) {
            reader.problems.error(value, "a variable cannot hold a NUL character")
        }
        guard let name, reader.problems.check(name, is: .environmentVariable) else { return nil }
        // A sidecar has a port of its own to name.
        guard !Self.reservedNames.contains(name.value) || isSidecar && name.value == "PORT" else {
            reader.problems.error(
                name,
                "\(name.value) is reserved: Knative sets it, so choose another name"
            )
            return nil
        }
        self.name = name.value
        self.source = source
        self.mark = name.mark
    }

    private static func source(_ origin: inout ObjectReader) -> Source? {
        defer { origin.finish() }
        var sources: [Source] = []
        if var reader = origin.object("secretKeyRef") {
            KeyReference(&reader).map { sources.append(.secret($0)) }
        }
        if var reader = origin.object("configMapKeyRef") {
            KeyReference(&reader).map { sources.append(.configMap($0)) }
        }
        if var reader = origin.object("fieldRef") {
            reader.requiredText("fieldPath").map { sources.append(.field(path: $0.value)) }
            reader.accept(Self.fieldReference)
            reader.finish()
        }
        if var reader = origin.object("resourceFieldRef") {
            reader.requiredText("resource").map { sources.append(.resource(name: $0.value)) }
            reader.accept(Self.resourceReference)
            reader.finish()
        }
        let names = ["secretKeyRef", "configMapKeyRef", "fieldRef", "resourceFieldRef"]
        guard names.count(where: { origin.has($0) }) == 1 else {
            origin.problems.error(
                origin.mark,
                "\(origin.path): expected exactly one of \(names.joined(separator: ", "))"
            )
            return nil
        }
        return sources.first
    }
}

extension KeyReference {
    /// Reads `{name, key, optional}`; `nil` when it is unusable.
    init?(_ reader: inout ObjectReader) {
        defer { reader.finish() }
        let name = reader.requiredText("name")
        let key = reader.requiredText("key")
        let isOptional = reader.flag("optional") ?? false
        guard let name, let key, reader.problems.check(name, is: .dnsSubdomain),
            reader.problems.check(key, is: .dataKey)
        else { return nil }
        self.init(name: name.value, key: key.value, isOptional: isOptional)
    }
}

extension EnvironmentSource {
    /// Reads one item of `envFrom`; `nil` when it is unusable.
    init?(_ reader: inout ObjectReader) {
        defer { reader.finish() }
        let prefix = reader.text("prefix")?.value ?? ""
        var references: [(kind: Kind, reader: ObjectReader)] = []
        if let secret = reader.object("secretRef") { references.append((.secret, secret)) }
        if let map = reader.object("configMapRef") { references.append((.configMap, map)) }
        guard references.count == 1, let kind = references.first?.kind,
            var reference = references.first?.reader
        else {
            reader.problems.error(
                reader.mark,
                "\(reader.path): expected exactly one of secretRef, configMapRef"
            )
            return nil
        }
        defer { reference.finish() }
        let name = reference.requiredText("name")
        let isOptional = reference.flag("optional") ?? false
        guard let name, reader.problems.check(name, is: .dnsSubdomain) else { return nil }
        self.init(
            kind: kind,
            name: name.value,
            prefix: prefix,
            isOptional: isOptional,
            mark: reader.mark
        )
    }
}

// SPDX-License-Identifier: Apache-2.0

extension Container {
    /// A name that Knative's own container has.
    private static let reservedNames: Set<String> = ["queue-proxy"]
    /// Directories that a volume must not hide (Knative runtime contract, Filesystems).
    private static let reservedPaths: Set<String> = ["/", "/dev", "/dev/log"]

    /// Reads one item of `containers`; `nil` when it has no usable image.
    init?(
        _ reader: inout ObjectReader,
        isSidecar: Bool,
        volumes: [String: Volume],
        podSecurity: SecurityContext
    ) {
        defer { reader.finish() }
        let name = reader.text("name")
        if let name, !name.value.isEmpty, reader.problems.check(name, is: .dnsLabel),
            Self.reservedNames.contains(name.value)
        {
            reader.problems.error(name, "\(name.value) is reserved for Knative's own container")
        }
        self.name = name?.value ?? ""
        self.command = reader.texts("command").map(\.value)
        self.arguments = reader.texts("args").map(\.value)
        self.workingDirectory = reader.text("workingDir")?.value
        self.environmentSources = reader.objects("envFrom").compactMap { item in
            var item = item
            return EnvironmentSource(&item)
        }
        self.environment = Self.environment(&reader, isSidecar: isSidecar)
        self.port = Self.port(&reader)
        (self.resourceLimits, self.resourceRequests) = Self.resources(&reader)
        self.security = SecurityContext(
            in: &reader,
            accepting: KubernetesFields.containerSecurityContext
        ).over(podSecurity)
        self.readinessProbe = Self.probe("readinessProbe", &reader, self.port)
        self.livenessProbe = Self.probe("livenessProbe", &reader, self.port)
        self.startupProbe = Self.probe("startupProbe", &reader, self.port)
        self.volumeMounts = Self.volumeMounts(&reader, volumes)
        reader.accept(KubernetesFields.container)
        reader.discourage(
            KubernetesFields.containerRefused,
            because: "Knative does not allow this field, so a cluster refuses the Service"
        )
        guard let image = reader.requiredText("image") else { return nil }
        self.image = image.value
        guard Self.isUsableImage(image.value) else {
            reader.problems.error(
                image,
                "expected an image such as registry.example/team/name:tag, got"
                    + " \(ShownText.quoted(image.value))"
            )
            return nil
        }
    }

    // MARK: - Images

    /// The last part of an image's name, without tag and digest.
    static func executableName(ofImage image: String) -> String {
        let withoutDigest = image.prefix { $0 != "@" }
        let last = withoutDigest.split(separator: "/", omittingEmptySubsequences: false).last ?? ""
        return String(last.prefix { $0 != ":" })
    }

    /// Whether the image names a program that cannot lead out of the directory of programs.
    private static func isUsableImage(_ image: String) -> Bool {
        let name = self.executableName(ofImage: image)
        let printable = image.utf8.allSatisfy { 0x21...0x7E ~= $0 }
        guard printable, let first = name.utf8.first, Self.isWordByte(first) else { return false }
        return name.utf8.allSatisfy { Self.isWordByte($0) || "._-".utf8.contains($0) }
    }

    private static func isWordByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: false
        }
    }

    // MARK: - Parts

    private static func environment(
        _ reader: inout ObjectReader,
        isSidecar: Bool
    ) -> [EnvironmentVariable] {
        var variables: [EnvironmentVariable] = []
        var marks: [String: SourceMark] = [:]
        for var item in reader.objects("env") {
            guard let variable = EnvironmentVariable(&item, isSidecar: isSidecar) else { continue }
            if let first = marks.updateValue(variable.mark, forKey: variable.name) {
                item.problems.warning(
                    variable.mark,
                    "\(item.path): \(variable.name) was given already at line \(first.line);"
                        + " this one wins"
                )
            }
            variables.append(variable)
        }
        return variables
    }

    private static func port(_ reader: inout ObjectReader) -> ContainerPort? {
        let items = reader.objects("ports")
        if items.count > 1 {
            reader.problems.error(
                items[1].mark,
                "\(items[1].path): expected a single port, got \(items.count)"
            )
        }
        guard var item = items.first else { return nil }
        return ContainerPort(&item)
    }

    private static func resources(
        _ reader: inout ObjectReader
    ) -> (limits: [String: String], requests: [String: String]) {
        guard var resources = reader.object("resources") else { return ([:], [:]) }
        defer { resources.finish() }
        resources.accept(["claims": .anything, "limits": .quantityMap, "requests": .quantityMap])
        return (
            Self.quantities(resources.node("limits")), Self.quantities(resources.node("requests"))
        )
    }

    private static func quantities(_ node: YAMLNode?) -> [String: String] {
        guard case .mapping(let entries) = node?.content else { return [:] }
        var quantities: [String: String] = [:]
        for entry in entries {
            if case .scalar(let scalar) = entry.value.content {
                quantities[entry.key] = scalar.text
            }
        }
        return quantities
    }

    private static func probe(
        _ name: String,
        _ reader: inout ObjectReader,
        _ port: ContainerPort?
    ) -> Probe? {
        guard var probe = reader.object(name) else { return nil }
        return Probe(&probe, port: port, isReadiness: name == "readinessProbe")
    }

    private static func volumeMounts(
        _ reader: inout ObjectReader,
        _ volumes: [String: Volume]
    ) -> [VolumeMount] {
        var paths: Set<String> = []
        return reader.objects("volumeMounts").compactMap { item in
            var item = item
            guard let mount = VolumeMount(&item, volumes) else { return nil }
            let path = item.path(of: "mountPath")
            if Self.reservedPaths.contains(mount.path) {
                item.problems.error(
                    item.mark(of: "mountPath"),
                    "\(path): \(mount.path) is reserved, so mount the volume below it"
                )
            } else if !paths.insert(mount.path).inserted {
                item.problems.error(
                    item.mark(of: "mountPath"),
                    "\(path): \(ShownText.quoted(mount.path)) is mounted already"
                )
            }
            return mount
        }
    }
}

extension ContainerPort {
    /// Ports that Knative's own container takes (Knative runtime contract, Inbound network).
    private static let reserved: Set<Int> = [8008, 8012, 8013, 8022, 8112, 9090, 9091]

    /// Reads one item of `ports`; `nil` when it is unusable.
    init?(_ reader: inout ObjectReader) {
        defer { reader.finish() }
        let number = reader.integer("containerPort", in: 0...65_535) ?? 0
        let name = reader.text("name")
        if let text = reader.text("protocol"), text.value != "TCP", !text.value.isEmpty {
            reader.problems.error(text, "expected TCP, got \(ShownText.quoted(text.value))")
        }
        reader.discourage(
            ["hostIP", "hostPort"],
            because: "Knative does not allow this field, so a cluster refuses the Service"
        )
        if let name, !name.value.isEmpty, Name(rawValue: name.value) == nil {
            reader.problems.error(
                name,
                "expected no name, http1 or h2c, got \(ShownText.quoted(name.value))"
            )
        }
        guard !Self.reserved.contains(number) else {
            reader.problems.error(
                reader.mark(of: "containerPort"),
                "\(reader.path(of: "containerPort")): \(number) is taken by Knative; choose another"
            )
            return nil
        }
        self.init(number: number == 0 ? 8080 : number, name: name?.value ?? "")
    }
}

extension VolumeMount {
    /// Reads one item of `volumeMounts`; `nil` when it is unusable.
    init?(_ reader: inout ObjectReader, _ volumes: [String: Volume]) {
        defer { reader.finish() }
        let name = reader.requiredText("name")
        let path = reader.requiredText("mountPath")
        let isReadOnly = reader.flag("readOnly") ?? false
        reader.accept(["subPath": .text])
        reader.discourage(
            ["mountPropagation", "recursiveReadOnly", "subPathExpr"],
            because: "Knative does not allow this field, so a cluster refuses the Service"
        )
        guard let name, let path else { return nil }
        guard let volume = volumes[name.value] else {
            reader.problems.error(name, "no volume is named \(ShownText.quoted(name.value))")
            return nil
        }
        guard path.value.hasPrefix("/") else {
            reader.problems.error(
                path,
                "expected an absolute path, got \(ShownText.quoted(path.value))"
            )
            return nil
        }
        if volume.mustBeReadOnly, !isReadOnly {
            reader.problems.error(
                reader.mark,
                "\(reader.path).readOnly: expected true, for nothing can be written to a volume"
                    + " of kind \(volume.kind)"
            )
        }
        let parts = path.value.split(separator: "/").filter { $0 != "." }
        self.init(
            name: name.value,
            path: "/" + parts.joined(separator: "/"),
            isReadOnly: isReadOnly
        )
    }
}

// SPDX-License-Identifier: Apache-2.0

extension ServiceManifest {
    /// The `metadata` of a revision template while it is read.
    private struct TemplateMetadata {
        var name: Field<String>?
        var labels: [String: Field<String>] = [:]
        var annotations: [String: Field<String>] = [:]
    }

    /// Reads a Service; `nil` when it is too broken to be told about.
    init?(_ object: inout ObjectReader, limits: ManifestLimits) {
        let header = MetadataReader(of: &object, nameIs: .serviceName)
        let problems = object.problems
        Self.checkAnnotations(of: header, problems)
        object.accept(["status": .anything])
        defer { object.finish() }

        guard var spec = object.object("spec") else {
            if !object.has("spec") { object.missing("spec") }
            return nil
        }
        defer { spec.finish() }
        self.traffic = TrafficTarget.list(in: &spec)
        guard var template = spec.object("template") else {
            if !spec.has("template") { spec.missing("template") }
            return nil
        }
        defer { template.finish() }
        let revision = Self.metadata(of: &template, service: header.name?.value)
        self.revisionName = revision.name?.value
        self.revisionLabels = revision.labels.mapValues(\.value)
        self.revisionAnnotations = revision.annotations.mapValues(\.value)
        self.scaling = ScalingAnnotations(revision.annotations, problems)
        self.warmth = WarmthAnnotations(revision.annotations, problems)
        self.commandOverride = Self.commandOverride(
            revision.annotations[SwiftletAnnotation.command.rawValue]
                ?? header.annotations[SwiftletAnnotation.command.rawValue],
            problems
        )
        func objectName(_ annotation: SwiftletAnnotation) -> String? {
            let name =
                revision.annotations[annotation.rawValue]
                ?? header.annotations[annotation.rawValue]
            if let name { problems.check(name, is: .serviceName) }
            return name?.value
        }
        self.deployment = objectName(.deployment)
        self.endpoints = objectName(.endpoints)

        guard var pod = template.object("spec") else {
            if !template.has("spec") { template.missing("spec") }
            return nil
        }
        defer { pod.finish() }
        let concurrency = 0...limits.containerConcurrencyMax
        self.containerConcurrency = pod.integer("containerConcurrency", in: concurrency) ?? 0
        let timeouts = Timeouts(&pod, secondsMax: limits.revisionTimeoutSecondsMax)
        self.timeout = timeouts.timeout
        self.responseStartTimeout = timeouts.responseStart
        self.idleTimeout = timeouts.idle
        let account = pod.text("serviceAccountName").flatMap { $0.value.isEmpty ? nil : $0 }
        if let account { problems.check(account, is: .dnsSubdomain) }
        self.serviceAccountName = account?.value
        self.volumes = Self.volumes(&pod)
        let containers = Self.containers(&pod, self.volumes)
        pod.accept(KubernetesFields.podSpec)
        pod.discourage(
            KubernetesFields.podSpecRefused,
            because: "Knative does not allow this field, so a cluster refuses the Service"
        )
        guard let metadata = header.metadata, let serving = containers.serving else { return nil }
        self.metadata = metadata
        self.container = serving
        self.sidecars = containers.sidecars
    }

    // MARK: - Metadata

    private static func checkAnnotations(
        of header: MetadataReader,
        _ problems: ProblemCollector
    ) {
        let annotations = header.annotations.sorted { $0.key < $1.key }
        for (name, field) in annotations where name.hasPrefix(ScalingAnnotations.domain) {
            problems.error(
                field,
                "has no effect on a Service: move it to spec.template.metadata.annotations"
            )
        }
        SwiftletAnnotation.checkNames(
            header.annotations,
            known: [.command, .deployment, .endpoints],
            problems
        )
        let visibility = "networking.knative.dev/visibility"
        if let field = header.labels[visibility], field.value != "cluster-local" {
            problems.error(
                field,
                "expected cluster-local, got \(ShownText.quoted(field.value))"
            )
        }
    }

    private static func metadata(
        of template: inout ObjectReader,
        service: String?
    ) -> TemplateMetadata {
        guard var reader = template.object("metadata") else { return TemplateMetadata() }
        defer { reader.finish() }
        let problems = reader.problems
        let name = reader.text("name").flatMap { $0.value.isEmpty ? nil : $0 }
        if let name, problems.check(name, is: .serviceName), let service,
            !name.value.hasPrefix(service + "-")
        {
            problems.error(
                name,
                "expected a name that starts with \(service)-, got \(ShownText.quoted(name.value))"
            )
        }
        let metadata = TemplateMetadata(
            name: name,
            labels: reader.textMap("labels"),
            annotations: MetadataReader.annotations(&reader)
        )
        SwiftletAnnotation.checkNames(
            metadata.annotations,
            known: [.command, .deployment, .endpoints, .idle, .pauseTime, .spare, .lagTarget],
            problems
        )
        reader.accept(["creationTimestamp": .text, "namespace": .text])
        return metadata
    }

    private static func commandOverride(
        _ field: Field<String>?,
        _ problems: ProblemCollector
    ) -> [String]? {
        guard let field else { return nil }
        do throws(CommandWords.Failure) {
            return try CommandWords.split(field.value)
        } catch {
            switch error {
            case .empty: problems.error(field, "expected a command line, got an empty one")
            case .unfinished: problems.error(field, "a quote is not closed, or a \\ ends the text")
            case .notAList: problems.error(field, "expected words, or a JSON list of strings")
            }
            return nil
        }
    }

    // MARK: - Pod

    private static func volumes(_ pod: inout ObjectReader) -> [Volume] {
        var volumes: [Volume] = []
        var names: Set<String> = []
        for var item in pod.objects("volumes") {
            guard let volume = Volume(&item) else { continue }
            if !names.insert(volume.name).inserted {
                item.problems.error(
                    item.mark,
                    "\(item.path).name: a volume named \(volume.name) was given already"
                )
            }
            volumes.append(volume)
        }
        return volumes
    }

    /// Reads the containers, and finds the one that gets requests: the only one, or that with
    /// a port.
    private static func containers(
        _ pod: inout ObjectReader,
        _ volumes: [Volume]
    ) -> (serving: Container?, sidecars: [Container]) {
        let podSecurity = SecurityContext(
            in: &pod,
            accepting: KubernetesFields.podSecurityContext
        )
        let items = pod.objects("containers")
        let path = pod.path(of: "containers")
        guard !items.isEmpty else {
            // Items that are no mappings were told already.
            if case .sequence(let nodes) = pod.node("containers")?.content, nodes.isEmpty {
                pod.missing("containers")
            } else if !pod.has("containers") {
                pod.missing("containers")
            }
            return (nil, [])
        }
        let volumesByName = Dictionary(volumes.map { ($0.name, $0) }, uniquingKeysWith: { $1 })
        let servingIndexes = items.indices.filter { items.count == 1 || items[$0].has("ports") }
        if servingIndexes.count != 1 {
            let found = servingIndexes.count
            let message = "expected exactly one container with ports, got \(found)"
            pod.problems.error(pod.mark(of: "containers"), "\(path): \(message)")
        }
        var serving: Container?
        var sidecars: [Container] = []
        for (index, var item) in items.enumerated() {
            let isServing = index == servingIndexes.first
            let container = Container(
                &item,
                isSidecar: !isServing,
                volumes: volumesByName,
                podSecurity: podSecurity
            )
            if isServing {
                serving = container
            } else {
                item.problems.warning(
                    item.mark,
                    "\(item.path): ignored here, for only the container with ports is run"
                )
                if let container { sidecars.append(container) }
            }
        }
        // What was told already may be the mount that is missed.
        if !pod.problems.hasErrors {
            Self.checkMounts(pod, volumes, sidecars + [serving].compactMap { $0 })
        }
        return (serving, sidecars)
    }

    private static func checkMounts(
        _ pod: ObjectReader,
        _ volumes: [Volume],
        _ containers: [Container]
    ) {
        let mounted = Set(containers.flatMap(\.volumeMounts).map(\.name))
        for volume in volumes where !mounted.contains(volume.name) {
            pod.problems.warning(
                pod.mark(of: "volumes"),
                "\(pod.path(of: "volumes")): no container mounts \(volume.name), so a cluster"
                    + " refuses the Service"
            )
        }
    }
}

/// The time limits of a revision.
private struct Timeouts {
    let timeout: Duration
    let responseStart: Duration?
    let idle: Duration?

    /// Reads them; zero means the default, and neither of the others may exceed the first.
    init(_ pod: inout ObjectReader, secondsMax: Int) {
        let written = pod.integer("timeoutSeconds", in: 0...secondsMax)
        let whole = written.flatMap { $0 == 0 ? nil : Duration.seconds($0) }
        let timeout = whole ?? ServiceManifest.timeoutDefault
        self.timeout = timeout
        func part(_ name: String) -> Duration? {
            guard let seconds = pod.integer(name, in: 0...secondsMax), seconds > 0 else {
                return nil
            }
            if .seconds(seconds) > timeout {
                let expected = "expected timeoutSeconds, \(timeout.components.seconds), or less"
                pod.problems.error(
                    pod.mark(of: name),
                    "\(pod.path(of: name)): \(expected), got \(seconds)"
                )
            }
            return .seconds(seconds)
        }
        self.responseStart = part("responseStartTimeoutSeconds")
        self.idle = part("idleTimeoutSeconds")
    }
}

// SPDX-License-Identifier: Apache-2.0

/// Turns documents into a ``ManifestSet``, each by its kind.
struct ManifestAssembler {
    /// The kinds that mean something here.
    private enum Kind: String {
        case service = "Service"
        case kafkaSource = "KafkaSource"
        case kafkaTopic = "KafkaTopic"
        case secret = "Secret"
        case configMap = "ConfigMap"
        case job = "Job"

        /// The group of the API that the kind belongs to; empty for Kubernetes' core.
        var group: String {
            switch self {
            case .service: "serving.knative.dev"
            case .kafkaSource: "sources.knative.dev"
            case .kafkaTopic: "kafka.strimzi.io"
            case .secret, .configMap: ""
            case .job: "batch"
            }
        }

        /// The versions that are read; empty is any.
        var versions: [String] {
            switch self {
            case .kafkaSource: ["v1", "v1beta1"]
            case .kafkaTopic: []
            default: ["v1"]
            }
        }

        var apiVersions: [String] {
            self.versions.map { self.group.isEmpty ? $0 : "\(self.group)/\($0)" }
        }
    }

    private let limits: ManifestLimits
    private let problems: ProblemCollector
    private var places: [ObjectIdentity: SourceMark] = [:]

    /// What was read so far.
    private(set) var set = ManifestSet()

    init(limits: ManifestLimits, problems: ProblemCollector) {
        self.limits = limits
        self.problems = problems
    }

    /// Takes in one document.
    mutating func add(_ document: YAMLNode) {
        self.add(document, path: "", isInList: false)
    }

    private mutating func add(_ document: YAMLNode, path: String, isInList: Bool) {
        guard var object = ObjectReader(document, path: path, problems: self.problems) else {
            return
        }
        let apiVersion = object.requiredText("apiVersion")
        guard let kind = object.requiredText("kind"), let apiVersion else { return }
        if !isInList, apiVersion.value == "v1", kind.value == "List" {
            for item in object.items("items") {
                self.add(item.value, path: item.path, isInList: true)
            }
            object.accept(["metadata": .anything])
            return object.finish()
        }
        let parts = apiVersion.value.split(separator: "/", omittingEmptySubsequences: false)
        let group = parts.count > 1 ? String(parts[0]) : ""
        guard let known = Kind(rawValue: kind.value), self.isOurs(known, group, kind) else {
            return self.ignore(kind, apiVersion, &object)
        }
        let version = String(parts.last ?? "")
        guard known.versions.isEmpty || known.versions.contains(version) else {
            let expected = known.apiVersions.joined(separator: " or ")
            let got = ShownText.quoted(apiVersion.value)
            self.problems.error(
                apiVersion,
                "expected \(expected) for a \(kind.value), got \(got)"
            )
            return
        }
        self.read(known, &object, kind, apiVersion)
    }

    /// Whether an object of a kind that we know belongs to the group that we mean.
    ///
    /// There are other things called Service, and other operators with topics. A KafkaSource of
    /// another group, or a Secret of another version, can only be a mistake.
    private func isOurs(_ known: Kind, _ group: String, _ kind: Field<String>) -> Bool {
        if group == known.group { return true }
        guard known == .kafkaSource else { return false }
        let expected = known.apiVersions.joined(separator: " or ")
        self.problems.error(kind, "a KafkaSource needs the apiVersion \(expected)")
        return false
    }

    private mutating func read(
        _ known: Kind,
        _ object: inout ObjectReader,
        _ kind: Field<String>,
        _ apiVersion: Field<String>
    ) {
        switch known {
        case .service:
            guard let service = ServiceManifest(&object, limits: self.limits) else { return }
            if self.isOtherRevision(service) || self.isNew(known, service.metadata) {
                self.set.services.append(service)
            }
        case .kafkaSource:
            guard let source = KafkaSourceManifest(&object) else { return }
            if self.isNew(known, source.metadata) { self.set.sources.append(source) }
        case .kafkaTopic:
            guard let topic = KafkaTopicManifest(&object) else { return }
            if self.isNew(known, topic.metadata) { self.set.topics.append(topic) }
        case .secret:
            guard let secret = SecretManifest(&object) else { return }
            if self.isNew(known, secret.metadata) { self.set.secrets.append(secret) }
        case .configMap:
            guard let map = ConfigMapManifest(&object) else { return }
            if self.isNew(known, map.metadata) { self.set.configMaps.append(map) }
        case .job:
            self.readJob(&object, kind, apiVersion)
        }
    }

    /// Of a Job only the annotations are read, and only of one that sets up notifications.
    private mutating func readJob(
        _ object: inout ObjectReader,
        _ kind: Field<String>,
        _ apiVersion: Field<String>
    ) {
        let header = MetadataReader(of: &object, nameIs: .dnsSubdomain)
        guard BucketNotification.isDeclared(in: header.annotations) else {
            return self.warnOfIgnored(kind, apiVersion, name: header.name?.value)
        }
        object.accept(["spec": .anything, "status": .anything])
        object.finish()
        let notification = BucketNotification(header.annotations, at: header.mark, self.problems)
        guard let notification, let metadata = header.metadata else { return }
        if self.isNew(.job, metadata) { self.set.notifications.append(notification) }
    }

    /// Whether a Service was declared before with other names of its revision: then this one is
    /// the newer revision, as after one `kubectl apply` and another.
    private func isOtherRevision(_ service: ServiceManifest) -> Bool {
        let before = self.set.services.filter { $0.isSame(as: service) }.map(\.revisionName)
        guard let name = service.revisionName, !before.isEmpty else { return false }
        return before.allSatisfy { $0 != nil && $0 != name }
    }

    /// Notes an object that was declared before.
    private mutating func isNew(_ kind: Kind, _ metadata: ObjectMetadata) -> Bool {
        let identity = ObjectIdentity(
            kind: kind.rawValue,
            namespace: metadata.namespace,
            name: metadata.name
        )
        guard let first = self.places[identity] else {
            self.places[identity] = metadata.mark
            return true
        }
        self.problems.error(
            metadata.mark,
            "\(identity) was declared already at \(first): remove one of the two"
        )
        return false
    }

    private func ignore(
        _ kind: Field<String>,
        _ apiVersion: Field<String>,
        _ object: inout ObjectReader
    ) {
        // What is told about the wrong group is enough.
        if kind.value == Kind.kafkaSource.rawValue { return }
        var name: String?
        if case .mapping(let entries) = object.node("metadata")?.content,
            case .scalar(let scalar) = entries.first(where: { $0.key == "name" })?.value.content
        {
            name = scalar.text
        }
        self.warnOfIgnored(kind, apiVersion, name: name)
    }

    private func warnOfIgnored(
        _ kind: Field<String>,
        _ apiVersion: Field<String>,
        name: String?
    ) {
        let shownName = name.map { " " + ShownText.quoted($0) } ?? ""
        self.problems.warning(
            kind.mark,
            "ignored here: kind \(ShownText.cut(kind.value)) of"
                + " \(ShownText.cut(apiVersion.value))\(shownName)"
        )
    }
}

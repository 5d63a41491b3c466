// SPDX-License-Identifier: Apache-2.0

extension ManifestSet {
    /// The environment that a container gets from its manifest and the Secrets and ConfigMaps of
    /// this set.
    ///
    /// As on a cluster: whole Secrets and ConfigMaps first, then single variables, of which the
    /// last of a name wins; `$(NAME)` stands for a variable before it.
    ///
    /// - Returns: Names with values, no name twice, in the order given first.
    /// - Throws: ``ManifestError`` that names each Secret, ConfigMap or key that is missing.
    package func environment(
        of container: Container,
        in namespace: String
    ) throws(ManifestError) -> [(name: String, value: String)] {
        var resolver = EnvironmentResolver(set: self, namespace: namespace)
        for source in container.environmentSources { resolver.add(source) }
        for variable in container.environment { resolver.add(variable) }
        guard resolver.errors.isEmpty else { throw ManifestError(resolver.errors) }
        return resolver.names.map { ($0, resolver.values[$0] ?? "") }
    }

    /// The text behind a key of a Secret, such as a password of a broker.
    ///
    /// - Throws: ``ManifestError`` that names the Secret or key that is missing.
    package func secretText(
        _ reference: KeyReference,
        in namespace: String,
        at mark: SourceMark
    ) throws(ManifestError) -> String {
        let resolver = EnvironmentResolver(set: self, namespace: namespace)
        do throws(EnvironmentResolver.Failure) {
            return try resolver.text(of: .secret, reference)
        } catch {
            throw ManifestError([ManifestDiagnostic(.error, at: mark, error.message)])
        }
    }
}

/// Collects the variables of one container.
private struct EnvironmentResolver {
    /// Why a variable has no value.
    struct Failure: Error {
        let message: String
        /// Whether `optional: true` makes up for it.
        let isAbsence: Bool
    }

    /// Most bytes of all names and values; a process cannot be started with much more.
    static let bytesMax = 1024 * 1024

    let set: ManifestSet
    let namespace: String
    private var bytesTotal = 0
    private(set) var names: [String] = []
    private(set) var values: [String: String] = [:]
    private(set) var errors: [ManifestDiagnostic] = []

    init(set: ManifestSet, namespace: String) {
        self.set = set
        self.namespace = namespace
    }

    mutating func add(_ source: EnvironmentSource) {
        guard let data = self.data(of: source.kind, source.name) else {
            guard !source.isOptional else { return }
            return self.fail(source.mark, self.absence(of: source.kind, source.name).message)
        }
        for (key, bytes) in data.sorted(by: { $0.key < $1.key }) {
            let name = source.prefix + key
            guard let value = Self.text(bytes) else {
                let problem = "is not text, so it cannot be a variable"
                self.fail(source.mark, "the key \(key) of \(source.kind.rawValue) \(problem)")
                continue
            }
            self.put(name, value, source.mark)
        }
    }

    mutating func add(_ variable: EnvironmentVariable) {
        do throws(Failure) {
            self.put(variable.name, try self.value(of: variable), variable.mark)
        } catch {
            guard !(error.isAbsence && variable.isOptional) else { return }
            self.fail(variable.mark, "\(variable.name): \(error.message)")
        }
    }

    /// The text behind a key.
    func text(
        of kind: EnvironmentSource.Kind,
        _ reference: KeyReference
    ) throws(Failure) -> String {
        let owner = "\(kind.rawValue) \(self.namespace)/\(reference.name)"
        let value: [UInt8]?
        switch kind {
        case .secret:
            guard let secret = self.set.secret(reference.name, in: self.namespace) else {
                throw self.absence(of: kind, reference.name)
            }
            value = secret.data[reference.key]
        case .configMap:
            guard let map = self.set.configMap(reference.name, in: self.namespace) else {
                throw self.absence(of: kind, reference.name)
            }
            let text = map.data[reference.key].map { Array($0.utf8) }
            value = text ?? map.binaryData[reference.key]
        }
        guard let bytes = value else {
            throw Failure(message: "\(owner) has no key \(reference.key)", isAbsence: true)
        }
        guard let text = Self.text(bytes) else {
            throw Failure(
                message: "the key \(reference.key) of \(owner) is not text",
                isAbsence: false
            )
        }
        return text
    }

    private func value(of variable: EnvironmentVariable) throws(Failure) -> String {
        switch variable.source {
        case .literal(let text):
            guard let value = VariableReferences.expand(text, with: self.values) else {
                let bytesMax = VariableReferences.textBytesMax
                throw Failure(message: "longer than \(bytesMax) bytes", isAbsence: false)
            }
            return value
        case .secret(let reference):
            return try self.text(of: .secret, reference)
        case .configMap(let reference):
            return try self.text(of: .configMap, reference)
        case .field(path: "metadata.namespace"):
            return self.namespace
        case .field(let path):
            throw Failure(
                message: "there is no pod here whose \(ShownText.cut(path)) could be taken",
                isAbsence: false
            )
        case .resource(let name):
            throw Failure(
                message: "there is no container here whose \(ShownText.cut(name)) could be taken",
                isAbsence: false
            )
        }
    }

    /// All values of a Secret or ConfigMap.
    private func data(of kind: EnvironmentSource.Kind, _ name: String) -> [String: [UInt8]]? {
        switch kind {
        case .secret:
            return self.set.secret(name, in: self.namespace)?.data
        case .configMap:
            guard let map = self.set.configMap(name, in: self.namespace) else { return nil }
            return map.data.mapValues { Array($0.utf8) }.merging(map.binaryData) { text, _ in text }
        }
    }

    private func absence(of kind: EnvironmentSource.Kind, _ name: String) -> Failure {
        Failure(
            message: "there is no \(kind.rawValue) \(self.namespace)/\(name) in the manifests",
            isAbsence: true
        )
    }

    private mutating func put(_ name: String, _ value: String, _ mark: SourceMark) {
        let isWithinLimit = self.bytesTotal <= Self.bytesMax
        self.bytesTotal += name.utf8.count + value.utf8.count
        guard self.bytesTotal <= Self.bytesMax else {
            // Told once; what comes after it is left out.
            if isWithinLimit {
                self.fail(mark, "the environment is longer than \(Self.bytesMax) bytes")
            }
            return
        }
        if self.values.updateValue(value, forKey: name) == nil { self.names.append(name) }
    }

    private mutating func fail(_ mark: SourceMark, _ message: String) {
        self.errors.append(ManifestDiagnostic(.error, at: mark, message))
    }

    /// Bytes as text; a NUL would end a variable early.
    private static func text(_ bytes: [UInt8]) -> String? {
        bytes.contains(0) ? nil : String(validating: bytes, as: UTF8.self)
    }
}

extension EnvironmentVariable {
    /// Whether it may be left out when what it refers to is missing.
    fileprivate var isOptional: Bool {
        switch self.source {
        case .secret(let reference), .configMap(let reference): reference.isOptional
        case .literal, .field, .resource: false
        }
    }
}

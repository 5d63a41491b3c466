// SPDX-License-Identifier: Apache-2.0

internal import Activator
internal import Autoscaler
internal import Kubernetes
internal import Manifests
internal import Swiftlet

/// Turns Knative Services into what the activator runs.
struct RevisionPlan {
    let manifests: ManifestSet
    let options: PlatformOptions
    /// Where functions find Kafka and the object storage on this machine.
    let platformVariables: [(name: String, value: String)]
    /// Whether a program that cannot run as its manifest's user is refused.
    ///
    /// Otherwise it runs as our own, and that is told: on a developer's machine the manifests of a
    /// cluster have to work.
    var refusesOtherUsers = false
    var users = UserPlan()

    /// The revision that a Service's template describes.
    ///
    /// - Throws: ``CommandError`` or `ManifestError` naming the Service and what it lacks.
    func revision(of service: ServiceManifest) throws -> RevisionSpec {
        let name = service.metadata.name
        var spec = RevisionSpec(
            namespace: service.metadata.namespace,
            service: name,
            revision: service.revisionName ?? "\(name)-00001",
            command: []
        )
        switch self.options.backend {
        case .processes: try self.addProcess(service, to: &spec)
        case .kubernetes:
            spec.deployment = DeploymentReference(
                namespace: service.metadata.namespace,
                deployment: service.deployment ?? name,
                service: service.endpoints
            )
        }
        spec.containerConcurrency = service.containerConcurrency
        spec.timeout = service.timeout
        spec.speaksHTTP2 = service.container.port?.isHTTP2 ?? false
        spec.scale.min = service.scaling.minScale ?? 0
        spec.scale.max = service.scaling.maxScale ?? 0
        spec.scale.initial = service.scaling.initialScale ?? 0
        spec.lagTarget = service.scaling.lagTarget
        if let window = self.options.idleWindow {
            spec.idleWindow = window
        } else {
            spec.autoscaling = ScalingConfiguration(
                service.scaling,
                containerConcurrency: service.containerConcurrency
            )
        }
        spec.pausesWhenIdle = service.warmth.pausesWhenIdle
        spec.pauseTime = service.warmth.pauseTime ?? spec.pauseTime
        spec.spareCount = service.warmth.spareCount
        return spec
    }

    /// Says how its program is run; what runs in pods is said in their Deployment.
    private func addProcess(_ service: ServiceManifest, to spec: inout RevisionSpec) throws {
        spec.environment = try self.environment(of: service)
        spec.command = try self.command(of: service, spec.environment)
        spec.resourceLimits.memoryBytesMax = service.container.limit(of: "memory") ?? 0
        spec.resourceLimits.fileBytesMax = service.container.limit(of: "ephemeral-storage") ?? 0
        spec.user = try self.user(of: service, program: spec.command.first ?? "")
        spec.readinessProbe = try self.readinessProbe(of: service, spec.environment)
        if service.commandOverride == nil {
            spec.workingDirectory = service.container.workingDirectory
        } else {
            spec.socketMode = .port
        }
    }

    private func user(
        of service: ServiceManifest,
        program: String
    ) throws -> RevisionSpec.User? {
        let security = service.container.security
        do throws(UserPlan.Refusal) {
            return try self.users.user(of: security, program: program)
        } catch {
            let mark = security.mark ?? service.metadata.mark
            let text = "\(mark): Service \(service.metadata.name): \(error)"
            guard !self.refusesOtherUsers else { throw CommandError(text) }
            Terminal.note("\(text); it runs as user \(self.users.own.id) here")
            return nil
        }
    }

    /// `nil` when listening is enough, as it is for a connection that is asked for at once.
    private func readinessProbe(
        of service: ServiceManifest,
        _ environment: [(name: String, value: String)]
    ) throws -> RevisionSpec.ReadinessProbe? {
        guard let probe = service.container.readinessProbe,
            probe.port == nil || probe.port == service.container.port?.number ?? 8080
        else { return nil }
        var readiness: RevisionSpec.ReadinessProbe
        switch probe.action {
        case .httpGet(let path, let headers):
            let headers = headers.map {
                RevisionSpec.ReadinessProbe.Header(name: $0.name, value: $0.value)
            }
            readiness = .init(.httpGet(path: path, headers: headers))
        case .tcpSocket:
            let isPlain = probe.initialDelay == .zero && probe.period == .zero
            guard !isPlain || probe.successThreshold > 1 else { return nil }
            readiness = .init(.tcpSocket)
        case .exec(let command):
            readiness = .init(.exec(try self.probeCommand(command, of: service, environment)))
        case .grpc(let service): readiness = .init(.grpc(service: service))
        }
        readiness.initialDelay = probe.initialDelay
        readiness.period = probe.period
        readiness.timeout = probe.timeout
        readiness.successThreshold = probe.successThreshold
        readiness.failureThreshold = probe.failureThreshold
        return readiness
    }

    /// A probe's command with the path of its program, which is looked for as the function would.
    private func probeCommand(
        _ words: [String],
        of service: ServiceManifest,
        _ environment: [(name: String, value: String)]
    ) throws -> [String] {
        let finder = ExecutableFinder(functionsDirectory: self.options.functionsDirectory)
        let path = environment.last { $0.name == "PATH" }?.value ?? "/usr/local/bin:/usr/bin:/bin"
        guard let program = words.first, let found = finder.findCommand(program, path: path) else {
            throw CommandError(
                "\(service.metadata.mark): Service \(service.metadata.name): there is no program "
                    + "\(words.first ?? "") on this machine, which its readinessProbe runs"
            )
        }
        return [found] + words.dropFirst()
    }

    private func command(
        of service: ServiceManifest,
        _ environment: [(name: String, value: String)]
    ) throws -> [String] {
        let finder = ExecutableFinder(functionsDirectory: self.options.functionsDirectory)
        let place = "\(service.metadata.mark): Service \(service.metadata.name)"
        if let words = service.commandOverride, let program = words.first {
            let path = Environment.process["PATH"] ?? "/usr/local/bin:/usr/bin:/bin"
            guard let found = finder.findCommand(program, path: path) else {
                throw CommandError("\(place): there is no program \(program) on this machine")
            }
            return [found] + words.dropFirst()
        }
        guard let found = finder.find(service.executableName) else {
            let places = finder.directories.joined(separator: " and ")
            throw CommandError(
                "\(place): no program \(service.executableName) (the name of its image) in "
                    + "\(places); build it, name its folder with --functions, or say how to run it "
                    + "in the annotation \(SwiftletAnnotation.command.rawValue)"
            )
        }
        // As on a cluster, $(NAME) in an argument stands for a variable.
        let values = Dictionary(environment.map { ($0.name, $0.value) }) { _, last in last }
        return [found]
            + service.container.arguments.map { VariableReferences.expand($0, with: values) ?? $0 }
    }

    private func environment(
        of service: ServiceManifest
    ) throws -> [(name: String, value: String)] {
        let container = service.container
        var variables = try self.manifests.environment(
            of: container,
            in: service.metadata.namespace
        )
        // The manifest names services of a cluster; here they have other addresses.
        for variable in self.platformVariables {
            variables.removeAll { $0.name == variable.name }
            variables.append(variable)
        }
        let timeout = String(max(1, service.timeout.components.seconds))
        variables.append(("REVISION_TIMEOUT_SECONDS", timeout))
        // The log settings of whoever started us hold for functions as well.
        for name in ["LOG_LEVEL", "LOG_FORMAT"]
        where !variables.contains(where: { $0.name == name }) {
            if let value = Environment.process[name] { variables.append((name, value)) }
        }
        return variables
    }
}

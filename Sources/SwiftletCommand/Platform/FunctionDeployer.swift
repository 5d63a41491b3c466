// SPDX-License-Identifier: Apache-2.0

internal import Activator
internal import Manifests

/// Brings Services to the activator: at the start, and whenever their manifests change.
actor FunctionDeployer {
    private let options: PlatformOptions
    private let platformVariables: [(name: String, value: String)]
    private let refusesOtherUsers: Bool
    private var history = RevisionHistory()
    private var activator: Activator?

    init(
        _ options: PlatformOptions,
        platformVariables: [(name: String, value: String)],
        refusesOtherUsers: Bool
    ) {
        self.options = options
        self.platformVariables = platformVariables
        self.refusesOtherUsers = refusesOtherUsers
    }

    /// What the activator is to serve.
    ///
    /// - Throws: ``CommandError`` or `ManifestError` naming the Service and what it lacks.
    func plan(for manifests: ManifestSet) throws -> ActivatorPlan {
        let plan = RevisionPlan(
            manifests: manifests,
            options: self.options,
            platformVariables: self.platformVariables,
            refusesOtherUsers: self.refusesOtherUsers
        )
        return try self.history.apply(
            manifests.services.map { service in
                RevisionHistory.Wanted(manifest: service, spec: try plan.revision(of: service))
            }
        )
    }

    /// From now on changes go to this activator.
    func use(_ activator: Activator) { self.activator = activator }

    /// Reads the manifests again; what is wrong with them is told, and changes nothing.
    func reload() async {
        guard let activator = self.activator else { return }
        do {
            let manifests = try ManifestLoader.load(files: self.options.manifests)
            for diagnostic in manifests.diagnostics { Terminal.note("\(diagnostic)") }
            let plan = try self.plan(for: manifests)
            await activator.update(plan)
            Terminal.note("The manifests changed; traffic goes to \(Self.summary(plan)).")
        } catch {
            Terminal.note("\(error)")
            Terminal.note("The manifests changed and cannot be used; all goes on as before.")
        }
    }

    private static func summary(_ plan: ActivatorPlan) -> String {
        let targets = plan.services.flatMap(\.targets).filter { $0.percent > 0 }
        return targets.map { "\($0.revision) (\($0.percent) %)" }.joined(separator: ", ")
    }
}

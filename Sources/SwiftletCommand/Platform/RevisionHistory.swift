// SPDX-License-Identifier: Apache-2.0

internal import Activator
internal import Manifests

/// Which revisions each service has had, as one manifest after the other said.
///
/// As on a cluster, a changed template is a new revision beside the old ones, traffic goes to the
/// newest unless the manifest says otherwise, and a revision with a name of its own never changes.
struct RevisionHistory {
    /// A Service as it is to be run.
    struct Wanted {
        var manifest: ServiceManifest
        /// With any name, if the manifest gives none.
        var spec: RevisionSpec
    }

    fileprivate struct Service {
        /// Oldest first.
        var revisions: [RevisionSpec] = []
        var generation = 0
    }

    private struct Key: Hashable {
        var namespace: String
        var name: String
    }

    /// Most revisions of a service that are kept, beside those that traffic names.
    static let revisionsMax = 20

    private var services: [Key: Service] = [:]

    /// Takes in manifests, and says what is to be served.
    ///
    /// - Parameter wanted: All Services, the older revisions of each first.
    /// - Returns: The revisions, and the traffic to them.
    /// - Throws: ``CommandError`` naming the Service and what is wrong; nothing has changed then.
    mutating func apply(_ wanted: [Wanted]) throws -> ActivatorPlan {
        var next = self
        var order: [Key] = []
        var routes: [Key: ServiceRoute] = [:]
        for item in wanted {
            let key = Key(namespace: item.spec.namespace, name: item.spec.service)
            if routes[key] == nil { order.append(key) }
            var service = next.services[key] ?? Service()
            try service.add(item)
            routes[key] = try service.route(item)
            next.services[key] = service
        }
        next.services = next.services.filter { routes[$0.key] != nil }
        for key in order { next.services[key]?.forget(except: routes[key]) }
        self = next
        return ActivatorPlan(
            revisions: order.flatMap { self.services[$0]?.revisions ?? [] },
            services: order.compactMap { routes[$0] }
        )
    }
}

extension RevisionHistory.Wanted {
    fileprivate var place: String {
        "\(self.manifest.metadata.mark): Service \(self.manifest.metadata.name)"
    }
}

extension RevisionHistory.Service {
    /// Makes a Service's template the newest revision, unless it is that already.
    fileprivate mutating func add(_ wanted: RevisionHistory.Wanted) throws {
        var spec = wanted.spec
        if let name = wanted.manifest.revisionName {
            spec.revision = name
            if let index = self.revisions.firstIndex(where: { $0.revision == name }) {
                guard self.revisions[index] == spec else {
                    throw CommandError(
                        "\(wanted.place): the revision \(name) is there already with another "
                            + "template; give the new one another name"
                    )
                }
                self.revisions.append(self.revisions.remove(at: index))
                return
            }
        } else if let newest = self.revisions.last {
            spec.revision = newest.revision
            if spec == newest { return }
        }
        self.generation += 1
        if wanted.manifest.revisionName == nil {
            spec.revision = self.freeName(for: spec.service)
        }
        self.revisions.append(spec)
    }

    private mutating func freeName(for service: String) -> String {
        while true {
            let number = String(self.generation)
            let zeros = String(repeating: "0", count: max(0, 5 - number.count))
            let name = "\(service)-\(zeros)\(number)"
            if !self.revisions.contains(where: { $0.revision == name }) { return name }
            self.generation += 1
        }
    }

    /// Where the traffic goes: by default all to the newest.
    fileprivate func route(_ wanted: RevisionHistory.Wanted) throws -> ServiceRoute {
        let newest = self.revisions.last?.revision ?? wanted.spec.revision
        var targets = try wanted.manifest.traffic.map { target in
            let name = target.revisionName ?? newest
            guard self.revisions.contains(where: { $0.revision == name }) else {
                let known = self.revisions.map(\.revision).joined(separator: ", ")
                throw CommandError(
                    "\(wanted.place): its traffic names the revision \(name), which is not there; "
                        + "there are \(known)"
                )
            }
            return ServiceRoute.Target(
                revision: name,
                percent: target.percent ?? 0,
                tag: target.tag
            )
        }
        if targets.isEmpty { targets = [ServiceRoute.Target(revision: newest, percent: 100)] }
        return ServiceRoute(
            namespace: wanted.spec.namespace,
            service: wanted.spec.service,
            targets: targets
        )
    }

    /// Drops the oldest revisions that nothing names.
    fileprivate mutating func forget(except route: ServiceRoute?) {
        let named = Set(route?.targets.map(\.revision) ?? [])
        let newest = self.revisions.last?.revision
        var surplus = self.revisions.count - RevisionHistory.revisionsMax
        self.revisions.removeAll { spec in
            guard surplus > 0, !named.contains(spec.revision), spec.revision != newest
            else { return false }
            surplus -= 1
            return true
        }
    }
}

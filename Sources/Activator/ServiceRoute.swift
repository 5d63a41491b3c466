// SPDX-License-Identifier: Apache-2.0

/// Which revisions answer a service's requests, and in which shares.
package struct ServiceRoute: Sendable, Equatable {
    /// A share, and the revision that gets it.
    package struct Target: Sendable, Equatable {
        /// The revision's name.
        package var revision: String
        /// The share in percent; 0 for one that is reached by its tag only.
        package var percent: Int
        /// The host `<tag>-<service>.<namespace>` reaches it alone.
        package var tag: String?

        /// Makes a target.
        package init(revision: String, percent: Int, tag: String? = nil) {
            self.revision = revision
            self.percent = percent
            self.tag = tag
        }
    }

    /// The namespace.
    package var namespace: String
    /// The service.
    package var service: String
    /// The shares, which sum up to 100.
    package var targets: [Target]

    /// Makes a route.
    package init(namespace: String, service: String, targets: [Target]) {
        self.namespace = namespace
        self.service = service
        self.targets = targets
    }

    /// The revisions that its traffic, or a tag of it, comes to.
    var reached: [RouteTable.RevisionName] {
        self.targets.filter { $0.percent > 0 || $0.tag != nil }.map {
            RouteTable.RevisionName(namespace: self.namespace, revision: $0.revision)
        }
    }
}

/// Everything that an ``Activator`` serves: the revisions, and the services that lead to them.
package struct ActivatorPlan: Sendable {
    /// The revisions; each name occurs once in a namespace.
    package var revisions: [RevisionSpec]
    /// The services; targets that name no revision get nothing.
    package var services: [ServiceRoute]

    /// Makes a plan.
    package init(revisions: [RevisionSpec], services: [ServiceRoute]) {
        self.revisions = revisions
        self.services = services
    }

    /// Makes a plan in which each service leads to the last of its revisions.
    package init(revisions: [RevisionSpec]) {
        self.revisions = revisions
        self.services = []
        for spec in revisions {
            let target = ServiceRoute.Target(revision: spec.revision, percent: 100)
            let route = ServiceRoute(
                namespace: spec.namespace,
                service: spec.service,
                targets: [target]
            )
            self.services.removeAll {
                $0.namespace == spec.namespace && $0.service == spec.service
            }
            self.services.append(route)
        }
    }
}

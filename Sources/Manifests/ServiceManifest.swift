// SPDX-License-Identifier: Apache-2.0

/// A `serving.knative.dev/v1 Service`: a function, and how it is run.
package struct ServiceManifest: Sendable {
    /// Name, namespace, labels and annotations of the Service.
    package let metadata: ObjectMetadata
    /// The revision's name, when the manifest gives one.
    package let revisionName: String?
    /// Labels of the revision.
    package let revisionLabels: [String: String]
    /// Annotations of the revision, those in ``scaling`` among them.
    package let revisionAnnotations: [String: String]
    /// What it asks of the autoscaler.
    package let scaling: ScalingAnnotations
    /// What keeps it warm when nobody uses it.
    package let warmth: WarmthAnnotations
    /// Most requests that an instance gets at once; 0, the default, is no limit.
    package let containerConcurrency: Int
    /// How long a request may take; 300 s unless given.
    package let timeout: Duration
    /// How long the first byte of an answer may take; `nil` is as long as ``timeout``.
    package let responseStartTimeout: Duration?
    /// How long a connection may be silent; `nil` is as long as ``timeout``.
    package let idleTimeout: Duration?
    /// The container that gets the requests.
    package let container: Container
    /// Others beside it, which do not run here.
    package let sidecars: [Container]
    /// What containers mount.
    package let volumes: [Volume]
    /// The account that it runs as on a cluster.
    package let serviceAccountName: String?
    /// Which revisions get which share; empty is all to the newest.
    package let traffic: [TrafficTarget]
    /// The command line of the annotation `swiftlet.dev/command`, split into words.
    package let commandOverride: [String]?
    /// The Deployment of the annotation `swiftlet.dev/deployment`.
    package let deployment: String?
    /// Kubernetes' Service of the annotation `swiftlet.dev/endpoints`.
    package let endpoints: String?

    /// What a revision gets when its manifest says nothing (Knative's `config-defaults`).
    package static let timeoutDefault = Duration.seconds(300)

    /// Whether it is a revision of the same Service.
    package func isSame(as other: ServiceManifest) -> Bool {
        self.metadata.name == other.metadata.name
            && self.metadata.namespace == other.metadata.namespace
    }

    /// Whether it should not be reachable from outside of a cluster.
    package var isClusterLocal: Bool {
        self.metadata.labels["networking.knative.dev/visibility"] == "cluster-local"
    }

    /// The name of the program that answers: the image's, without registry, tag and digest.
    package var executableName: String { self.container.executableName }
}

// SPDX-License-Identifier: Apache-2.0

internal import EventLoop
internal import Kubernetes
internal import Telemetry

/// The Deployments of a cluster that revisions run in.
///
/// Belongs to the loop's thread.
final class PodBackend {
    private let client: KubernetesClient
    private let startTimeout: Duration
    private var sources: [DeploymentReference: PodSource] = [:]

    init(_ client: KubernetesClient, startTimeout: Duration) {
        self.client = client
        self.startTimeout = startTimeout
    }

    /// The pods of a Deployment, which several revisions may share.
    func source(of reference: DeploymentReference) -> PodSource {
        self.closeUnused()
        if let source = self.sources[reference] { return source }
        let source = PodSource(self.client, of: reference, startTimeout: self.startTimeout)
        self.sources[reference] = source
        return source
    }

    /// Whose revisions are all gone is followed no longer.
    private func closeUnused() {
        for (reference, source) in self.sources where source.isDone {
            source.close()
            self.sources[reference] = nil
        }
    }

    /// Instances that end from now on leave their pods to the next activator.
    func keepPods() { for source in self.sources.values { source.keepPods() } }

    /// Ends everything that was asked of the API server.
    func close() {
        for source in self.sources.values { source.close() }
        self.client.close()
    }
}

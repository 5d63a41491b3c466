// SPDX-License-Identifier: Apache-2.0

/// The pods that a revision runs in: a Deployment to scale, and the Service that knows their
/// addresses.
package struct DeploymentReference: Sendable, Hashable {
    /// The namespace of both.
    package var namespace: String
    /// The Deployment.
    package var deployment: String
    /// The Service whose EndpointSlices list the Deployment's pods.
    package var service: String

    /// Makes a reference; the Service is commonly named as the Deployment.
    package init(namespace: String, deployment: String, service: String? = nil) {
        self.namespace = namespace
        self.deployment = deployment
        self.service = service ?? deployment
    }
}

// SPDX-License-Identifier: Apache-2.0

internal import Bytes
internal import HTTP

/// A request to the API server, before it is known where that is and who asks.
struct APIRequest: Equatable {
    /// How many objects a page of a list has.
    static let pageCount = 500

    var method = HTTPMethod.get
    /// The path and the query.
    var target: String
    var contentType: String?
    var body: [UInt8] = []
    /// What it is for, to follow "cannot" in a message.
    var purpose: String

    /// Lists the EndpointSlices of a Service, a page at a time.
    static func listEndpointSlices(
        of reference: DeploymentReference,
        continuing token: String? = nil
    ) -> Self {
        var query = Self.selector(reference) + "&limit=\(Self.pageCount)"
        if let token { query += "&continue=\(PercentCoding.encode(token))" }
        return Self(
            target: Self.endpointSlices(reference.namespace) + query,
            purpose: "list the EndpointSlices of the Service \(Self.name(reference))"
        )
    }

    /// Tells each change of a Service's EndpointSlices since a resource version.
    static func watchEndpointSlices(
        of reference: DeploymentReference,
        since version: String,
        seconds: Int
    ) -> Self {
        let query =
            Self.selector(reference) + "&watch=1&allowWatchBookmarks=true"
            + "&resourceVersion=\(PercentCoding.encode(version))&timeoutSeconds=\(seconds)"
        return Self(
            target: Self.endpointSlices(reference.namespace) + query,
            purpose: "watch the EndpointSlices of the Service \(Self.name(reference))"
        )
    }

    /// Sets how many pods a Deployment has, whatever it had (RFC 7396 patches the one field).
    static func scale(_ reference: DeploymentReference, to replicas: Int) -> Self {
        let namespace = PercentCoding.encode(reference.namespace)
        let name = PercentCoding.encode(reference.deployment)
        return Self(
            method: .patch,
            target: "/apis/apps/v1/namespaces/\(namespace)/deployments/\(name)/scale"
                + "?fieldManager=swiftlet",
            contentType: "application/merge-patch+json",
            body: Array(#"{"spec":{"replicas":\#(replicas)}}"#.utf8),
            purpose: "scale the Deployment \(reference.namespace)/\(reference.deployment) to "
                + "\(replicas)"
        )
    }

    private static func endpointSlices(_ namespace: String) -> String {
        let namespace = PercentCoding.encode(namespace)
        return "/apis/discovery.k8s.io/v1/namespaces/\(namespace)/endpointslices"
    }

    private static func selector(_ reference: DeploymentReference) -> String {
        let selector = "kubernetes.io/service-name=\(reference.service)"
        return "?labelSelector=\(PercentCoding.encode(selector))"
    }

    private static func name(_ reference: DeploymentReference) -> String {
        "\(reference.namespace)/\(reference.service)"
    }
}

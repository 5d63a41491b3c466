// SPDX-License-Identifier: Apache-2.0

internal import EventLoop
internal import Glibc

/// Where the API server is, and how one proves to be allowed to ask it.
package struct KubernetesAccess: Sendable, Equatable {
    /// Where Kubernetes puts a pod's credentials.
    package static let serviceAccountDirectory = "/var/run/secrets/kubernetes.io/serviceaccount"

    /// The server, for example `https://10.96.0.1:443`, without a slash at the end.
    package var url: String
    /// A file with the certificates that the server's is checked against; `nil` for the system's.
    package var authoritiesFile: String?
    /// A file with the bearer token, which may be replaced at any time; `nil` to show none, as to
    /// everybody who does not speak TLS.
    package var tokenFile: String?

    /// Makes an access.
    package init(url: String, authoritiesFile: String? = nil, tokenFile: String? = nil) {
        self.url = url
        self.authoritiesFile = authoritiesFile
        self.tokenFile = tokenFile
    }

    /// What Kubernetes gives to each pod.
    ///
    /// - Parameters:
    ///   - url: The server, instead of the one that the variables name.
    ///   - directory: Where `token` and `ca.crt` are.
    ///   - environment: The value of a variable, for `KUBERNETES_SERVICE_HOST` and
    ///     `KUBERNETES_SERVICE_PORT`.
    /// - Returns: The access.
    /// - Throws: ``KubernetesError`` of kind `credentials`, saying what is missing.
    package static func inCluster(
        url: String? = nil,
        directory: String = Self.serviceAccountDirectory,
        environment: (String) -> String?
    ) throws(KubernetesError) -> Self {
        var access = Self(url: "")
        if let url {
            access.url = url
        } else {
            guard let host = environment("KUBERNETES_SERVICE_HOST"), !host.isEmpty else {
                throw KubernetesError(
                    .credentials,
                    "this is no pod of a cluster: KUBERNETES_SERVICE_HOST is not set"
                )
            }
            let port = environment("KUBERNETES_SERVICE_PORT") ?? "443"
            access.url = "https://\(host.contains(":") ? "[\(host)]" : host):\(port)"
        }
        while access.url.hasSuffix("/") { access.url.removeLast() }
        // What listens there (`kubectl proxy`) has a token of its own.
        guard access.url.hasPrefix("https://") else { return access }
        let token = "\(directory)/token"
        guard Glibc.access(token, R_OK) == 0 else {
            throw KubernetesError(
                .credentials,
                "the file \(token) cannot be read: give the pod a service account"
            )
        }
        access.tokenFile = token
        let authorities = "\(directory)/ca.crt"
        if Glibc.access(authorities, R_OK) == 0 { access.authoritiesFile = authorities }
        return access
    }
}

// SPDX-License-Identifier: Apache-2.0

/// What runs: an image here stands for an executable.
package struct Container: Sendable {
    /// The container's name; empty unless given.
    package let name: String
    /// The image as written.
    package let image: String
    /// What replaces the image's entry point, a path inside of the image.
    package let command: [String]
    /// Arguments; `$(NAME)` stands for a variable.
    package let arguments: [String]
    /// Secrets and ConfigMaps all of whose keys become variables.
    package let environmentSources: [EnvironmentSource]
    /// Variables, in order; they win over ``environmentSources``.
    package let environment: [EnvironmentVariable]
    /// The directory to run in.
    package let workingDirectory: String?
    /// The port that it listens on; `nil` is 8080 by HTTP/1.1.
    package let port: ContainerPort?
    /// Amounts that it may use at most, as written: `["memory": "256Mi"]`.
    package let resourceLimits: [String: String]
    /// Amounts that it needs, as written.
    package let resourceRequests: [String: String]
    /// As whom it runs.
    package let security: SecurityContext
    /// Whether it can serve.
    package let readinessProbe: Probe?
    /// Whether it should be started anew.
    package let livenessProbe: Probe?
    /// Whether it is up for the first time.
    package let startupProbe: Probe?
    /// Where volumes appear.
    package let volumeMounts: [VolumeMount]

    /// The most of a resource that is counted in whole units, such as `memory` in bytes; `nil` for
    /// no limit.
    package func limit(of resource: String) -> UInt64? {
        self.resourceLimits[resource].flatMap { Quantity.wholeUnits($0) }
    }

    /// The name of the program: the last part of the image's name, without tag and digest.
    package var executableName: String { Self.executableName(ofImage: self.image) }
}

/// The port of a container.
package struct ContainerPort: Sendable, Hashable {
    /// The protocol that Knative reads from the port's name.
    package enum Name: String, CaseIterable, Sendable {
        /// HTTP/1.1.
        case http1
        /// HTTP/2 without TLS and without an upgrade.
        case h2c
    }

    /// The number.
    package let number: Int
    /// The name as written; empty when it is left out.
    package let name: String

    /// Whether it speaks HTTP/2 only.
    package var isHTTP2: Bool { self.name == Name.h2c.rawValue }
}

/// Where a volume appears in a container.
package struct VolumeMount: Sendable, Hashable {
    /// The volume's name.
    package let name: String
    /// The directory, absolute.
    package let path: String
    /// Whether nothing can be written there.
    package let isReadOnly: Bool
}

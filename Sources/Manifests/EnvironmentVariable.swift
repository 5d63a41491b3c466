// SPDX-License-Identifier: Apache-2.0

/// A variable of a container's environment.
package struct EnvironmentVariable: Sendable {
    /// Where its value comes from.
    package enum Source: Sendable {
        /// The manifest itself; `$(NAME)` stands for a variable before it.
        case literal(String)
        /// A key of a Secret.
        case secret(KeyReference)
        /// A key of a ConfigMap.
        case configMap(KeyReference)
        /// A field of the pod, such as `metadata.namespace`.
        case field(path: String)
        /// A limit or request of a container.
        case resource(name: String)
    }

    /// The variable's name.
    package let name: String
    /// Where its value comes from.
    package let source: Source
    /// Where the manifest names it.
    package let mark: SourceMark
}

/// A key of a Secret or ConfigMap in the same namespace.
package struct KeyReference: Sendable, Hashable {
    /// The name of the Secret or ConfigMap.
    package let name: String
    /// The key in its data.
    package let key: String
    /// Whether it may be missing; the variable is left out then.
    package let isOptional: Bool
}

/// A Secret or ConfigMap all of whose keys become variables.
package struct EnvironmentSource: Sendable {
    /// Which of the two it is.
    package enum Kind: String, Sendable {
        /// A ConfigMap.
        case configMap = "ConfigMap"
        /// A Secret.
        case secret = "Secret"
    }

    /// Which of the two it is.
    package let kind: Kind
    /// Its name.
    package let name: String
    /// What each variable's name starts with.
    package let prefix: String
    /// Whether it may be missing.
    package let isOptional: Bool
    /// Where the manifest names it.
    package let mark: SourceMark
}

// SPDX-License-Identifier: Apache-2.0

/// One value of a YAML document, and where it was written.
package struct YAMLNode: Sendable {
    /// What a node holds.
    package enum Content: Sendable {
        /// A text that may stand for a number, a boolean or nothing.
        case scalar(YAMLScalar)
        /// Values in order.
        case sequence([YAMLNode])
        /// Names with values, in the order written; no name occurs twice.
        case mapping([YAMLEntry])
    }

    /// What it holds.
    package let content: Content
    /// Where it starts; for a value that comes through an alias, where the alias is.
    package let mark: SourceMark

    /// Whether it stands for nothing, which Kubernetes takes for a field left out.
    package var isNull: Bool {
        if case .scalar(let scalar) = self.content { return scalar.value == .null }
        return false
    }

    /// What a message calls it, with its article.
    var kindName: String {
        switch self.content {
        case .scalar(let scalar): scalar.value.kindName
        case .sequence: "a list"
        case .mapping: "a mapping"
        }
    }
}

/// One name of a mapping with its value.
package struct YAMLEntry: Sendable {
    /// The name as text, whatever type it resolves to.
    package let key: String
    /// Where the name is written.
    package let keyMark: SourceMark
    /// The value.
    package let value: YAMLNode
}

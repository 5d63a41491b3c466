// SPDX-License-Identifier: Apache-2.0

/// An element of a document that was read: its text and its children, without attributes.
package struct XMLElement: Sendable, Equatable {
    /// The name, without a namespace's prefix.
    package var name: String
    /// The text directly inside, references resolved.
    package var text: String = ""
    /// The elements directly inside, in order.
    package var children: [XMLElement] = []

    /// The first child called `name`.
    package subscript(name: String) -> XMLElement? { self.children.first { $0.name == name } }

    /// All children called `name`.
    package func all(_ name: String) -> [XMLElement] { self.children.filter { $0.name == name } }
}

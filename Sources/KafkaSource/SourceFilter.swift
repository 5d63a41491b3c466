// SPDX-License-Identifier: Apache-2.0

package import CloudEvents

/// Which events of a source are delivered; the others count as done.
package struct SourceFilter: Sendable, Equatable {
    /// The filter as its author wrote it; two with the same text are the same.
    package let text: String
    private let matches: @Sendable (CloudEvent) -> Bool

    /// Makes a filter.
    ///
    /// `matches`: Called on the dispatcher's loop for every event; must not wait.
    package init(_ text: String, matches: @escaping @Sendable (CloudEvent) -> Bool) {
        self.text = text
        self.matches = matches
    }

    /// Whether the event is to be delivered.
    func admits(_ event: CloudEvent) -> Bool { self.matches(event) }

    /// Compares the texts.
    package static func == (left: Self, right: Self) -> Bool { left.text == right.text }
}

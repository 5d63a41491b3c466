// SPDX-License-Identifier: Apache-2.0

/// One thing that is wrong, or worth knowing, about a manifest.
package struct ManifestDiagnostic: Hashable, Sendable, CustomStringConvertible {
    /// Whether the manifest can be used all the same.
    package enum Severity: String, Sendable {
        /// The manifest cannot be used.
        case error
        /// The manifest can be used; something in it has no effect here.
        case warning
    }

    /// Whether the manifest can be used all the same.
    package let severity: Severity
    /// Where it is.
    package let mark: SourceMark
    /// One sentence: what was expected, and what was found; never a secret.
    package let message: String

    /// Makes a diagnostic whose message holds no control character, whatever the manifest held.
    package init(_ severity: Severity, at mark: SourceMark, _ message: String) {
        self.severity = severity
        self.mark = mark
        self.message = ShownText.printable(message)
    }

    /// `file:line:column: message`, with `warning: ` before the message of a warning.
    package var description: String {
        switch self.severity {
        case .error: "\(self.mark): \(self.message)"
        case .warning: "\(self.mark): warning: \(self.message)"
        }
    }
}

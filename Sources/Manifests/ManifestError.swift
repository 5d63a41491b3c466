// SPDX-License-Identifier: Apache-2.0

/// Manifests that cannot be used, with everything that was found in them.
package struct ManifestError: Error, Sendable, CustomStringConvertible {
    /// What was found, in the order of the files; at least one is an error.
    package let diagnostics: [ManifestDiagnostic]

    /// Collects what was found.
    package init(_ diagnostics: [ManifestDiagnostic]) {
        self.diagnostics = diagnostics
    }

    /// Those that make the manifests unusable.
    package var errors: [ManifestDiagnostic] {
        self.diagnostics.filter { $0.severity == .error }
    }

    /// One line a diagnostic.
    package var description: String {
        self.diagnostics.map(\.description).joined(separator: "\n")
    }
}

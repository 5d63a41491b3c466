// SPDX-License-Identifier: Apache-2.0

/// Collects what is found in manifests, so that all of it can be told at once.
///
/// One load owns it and nothing else sees it, so it is neither locked nor `Sendable`.
final class ProblemCollector {
    /// What was found, in the order found.
    private(set) var diagnostics: [ManifestDiagnostic] = []
    private let diagnosticsMax: Int
    /// Whether nothing more is kept, so that nobody needs to look for more.
    private(set) var isFull = false

    init(limits: ManifestLimits) {
        self.diagnosticsMax = max(1, limits.diagnosticsMax)
    }

    /// Whether one of them is an error.
    var hasErrors: Bool { self.diagnostics.contains { $0.severity == .error } }

    /// Notes something that makes the manifest unusable.
    func error(_ mark: SourceMark, _ message: String) {
        self.add(.error, mark, message)
    }

    /// Notes something that has no effect here.
    func warning(_ mark: SourceMark, _ message: String) {
        self.add(.warning, mark, message)
    }

    private func add(
        _ severity: ManifestDiagnostic.Severity,
        _ mark: SourceMark,
        _ message: String
    ) {
        guard !self.isFull else { return }
        guard self.diagnostics.count < self.diagnosticsMax else {
            self.isFull = true
            self.diagnostics.append(
                ManifestDiagnostic(
                    .error,
                    at: mark,
                    "more than \(self.diagnosticsMax) problems were found: from here on they are"
                        + " not told; correct the first ones and try again"
                )
            )
            return
        }
        self.diagnostics.append(ManifestDiagnostic(severity, at: mark, message))
    }
}

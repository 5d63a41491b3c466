// SPDX-License-Identifier: Apache-2.0

internal import Telemetry

/// Logs a problem once when it begins, again when it becomes another, and when it is over.
///
/// What is tried again every few seconds would fill the log otherwise.
struct ProblemLog {
    /// Most problems that are remembered.
    static let problemsMax = 1000

    private let logger: Logger
    private var problems: [String: KubernetesError.Kind] = [:]

    init(_ logger: Logger) { self.logger = logger }

    /// Something did not work.
    mutating func failed(_ error: KubernetesError, _ purpose: String) {
        guard self.problems[purpose] != error.kind else { return }
        if self.problems.count >= Self.problemsMax { self.problems.removeAll() }
        self.problems[purpose] = error.kind
        self.logger.warning("Kubernetes: \(error.message).", ["reason": error.kind.rawValue])
    }

    /// Something worked.
    mutating func succeeded(_ purpose: String) {
        guard self.problems.removeValue(forKey: purpose) != nil else { return }
        self.logger.info("Kubernetes: it works again to \(purpose).")
    }
}

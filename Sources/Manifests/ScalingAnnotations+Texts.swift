// SPDX-License-Identifier: Apache-2.0

extension ScalingAnnotations {
    /// The names of all annotations that are read, without their domain, in the order of Knative's
    /// documentation, and then ours.
    package static let names = [
        "metric", "target", "target-utilization-percentage", "min-scale", "max-scale",
        "initial-scale", "activation-scale", "scale-down-delay",
        "scale-to-zero-pod-retention-period", "window", "panic-window-percentage",
        "panic-threshold-percentage", "target-burst-capacity", "metric-aggregation-algorithm",
        Self.lagTargetName,
    ]
    /// The one that is ours.
    static let lagTargetName = "lag-target"

    /// An annotation with its domain, by one of the ``names``.
    package static func annotation(_ name: String) -> String {
        (name == self.lagTargetName ? SwiftletAnnotation.domain : self.domain) + name
    }

    /// Reads annotations from elsewhere than a manifest, such as a command line.
    ///
    /// - Parameter texts: The values by the names in ``names``.
    /// - Throws: ``ManifestError`` with all that is wrong; each message begins with the name.
    package init(texts: [String: String]) throws(ManifestError) {
        let problems = ProblemCollector(limits: ManifestLimits())
        var fields: [String: Field<String>] = [:]
        for (name, text) in texts {
            let mark = SourceMark(file: "--\(name)", line: 1, column: 1)
            fields[Self.annotation(name)] = Field(value: text, mark: mark, path: name)
        }
        self.init(fields, problems)
        guard !problems.hasErrors else { throw ManifestError(problems.diagnostics) }
    }
}

// SPDX-License-Identifier: Apache-2.0

/// What a revision asks for to be warm when nobody uses it, by annotations in `swiftlet.dev/`.
package struct WarmthAnnotations: Sendable, Equatable {
    /// Most spares.
    static let spareMax = 100
    private static let pauseRange = Duration.seconds(1)...Duration.seconds(7 * 24 * 3600)

    private enum Idle: String, CaseIterable {
        case end
        case pause
    }

    /// Whether an idle instance rests in memory instead of ending.
    package var pausesWhenIdle = false
    /// How long it rests before it ends; `nil` is an hour.
    package var pauseTime: Duration?
    /// Instances beyond those with requests that are kept started.
    package var spareCount = 0

    /// Asks nothing.
    package init() {}

    /// Reads the annotations of a revision template.
    init(_ annotations: [String: Field<String>], _ problems: ProblemCollector) {
        var reader = AnnotationReader(annotations, domain: SwiftletAnnotation.domain, problems)
        self.pausesWhenIdle = reader.choice("idle", of: Idle.self) == .pause
        self.pauseTime = reader.duration("pause-time", in: Self.pauseRange, wholeSeconds: false)
        self.spareCount = reader.integer("spare", in: 0...Self.spareMax) ?? 0
    }
}

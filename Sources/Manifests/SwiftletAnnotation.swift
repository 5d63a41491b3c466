// SPDX-License-Identifier: Apache-2.0

/// The annotations that tell Swiftlet what Kubernetes has no field for.
package enum SwiftletAnnotation: String, CaseIterable, Sendable {
    /// On a Service: the command line that runs it here, instead of the image's executable.
    case command = "swiftlet.dev/command"
    /// On a Service or a revision template: the Deployment that runs it on a cluster without
    /// Knative, instead of the one with the Service's name.
    case deployment = "swiftlet.dev/deployment"
    /// On a Service or a revision template: Kubernetes' Service that has the Deployment's pods as
    /// its endpoints, instead of the one with the Deployment's name.
    case endpoints = "swiftlet.dev/endpoints"
    /// On a revision template: `pause` lets an idle instance rest in memory instead of ending it.
    case idle = "swiftlet.dev/idle"
    /// On a revision template: how long an instance rests before it ends, `1h` unless given.
    case pauseTime = "swiftlet.dev/pause-time"
    /// On a revision template: instances beyond those with requests that are kept started.
    case spare = "swiftlet.dev/spare"
    /// On a revision template: records of its sources' lag that one instance should have before it.
    case lagTarget = "swiftlet.dev/lag-target"
    /// On a Job that sets up bucket notifications: the bucket.
    case bucket = "swiftlet.dev/bucket"
    /// On such a Job: the topic that the notifications go to.
    case topic = "swiftlet.dev/topic"
    /// On such a Job: which events, by the names of `mc` or of S3, separated by commas.
    case events = "swiftlet.dev/events"
    /// On such a Job: what keys start with.
    case prefix = "swiftlet.dev/prefix"
    /// On such a Job: what keys end with; several are separated by commas.
    case suffix = "swiftlet.dev/suffix"

    /// What all of them start with.
    static let domain = "swiftlet.dev/"

    /// Warns of annotations in our domain that are not among `known`.
    static func checkNames(
        _ annotations: [String: Field<String>],
        known: [SwiftletAnnotation],
        _ problems: ProblemCollector
    ) {
        let names = known.map(\.rawValue)
        for (name, field) in annotations.sorted(by: { $0.key < $1.key })
        where name.hasPrefix(self.domain) && !names.contains(name) {
            guard !problems.isFull else { return }
            let hint = NearestName.of(name, among: names).map { "; did you mean \($0)?" } ?? ""
            problems.warning(field, "unknown annotation\(hint)")
        }
    }
}

// SPDX-License-Identifier: Apache-2.0

package import Autoscaler

/// What a revision looks like at one moment.
package struct RevisionStatus: Sendable, Equatable {
    /// One instance.
    package struct Instance: Sendable, Equatable {
        /// How far it is in its life.
        package enum State: String, Sendable {
            /// Its process is there, and neither said that it is ready nor answered yet; or no pod
            /// became ready for it yet.
            case starting
            /// It said that it is ready, or has answered a request.
            case ready
            /// Its `readinessProbe` fails: it gets no request until that passes.
            case unready
            /// It has no processor time until it is wanted again.
            case paused
            /// It was asked to end, or will be when its requests are done.
            case stopping
        }

        /// For logs, for example `exam-generator-00001-1`.
        package var name: String
        /// The process; 0 when it is gone, and for a pod.
        package var processID: Int32
        /// How far it is.
        package var state: State
        /// Requests that it has.
        package var inFlightCount: Int
    }

    /// A start that a request waited for.
    package struct ColdStart: Sendable, Equatable {
        /// From the start of the process to the first byte of its first answer.
        package var duration: Duration
        /// How long ago it ended.
        package var age: Duration
    }

    /// The namespace.
    package var namespace: String
    /// The service.
    package var service: String
    /// The revision.
    package var revision: String
    /// The instances, oldest first.
    package var instances: [Instance]
    /// Requests that wait.
    package var queuedCount: Int
    /// Requests that are with an instance.
    package var inFlightCount: Int
    /// Records that the sources of its events have left to do; `nil` when none ever told.
    package var lag: Int?
    /// Instances that were started, ever.
    package var startedTotal: UInt64
    /// Instances that ended without being asked to, ever.
    package var crashesTotal: UInt64
    /// Requests that came, ever.
    package var requestsTotal: UInt64
    /// From the last start of a process to the first byte of its first answer.
    package var lastColdStartMilliseconds: Double?
    /// How the last crash went, in one sentence.
    package var lastCrash: String?
    /// What keeps it from having no process; empty when there is none.
    package var stayReasons: [StayReason]
    /// How long until something is decided, if nothing happens; `nil` when nothing will be.
    package var nextDecision: Duration?
    /// What the autoscaler decided last; `nil` without one, and before its first decision.
    package var decision: ScalingDecision?
    /// Whether traffic is meant for it.
    package var isReachable: Bool
    /// The last seconds, the one that runs at the end; empty when nothing ever happened.
    package var history: [LoadHistory.Sample]
    /// The last cold starts, the youngest last.
    package var coldStarts: [ColdStart]
}

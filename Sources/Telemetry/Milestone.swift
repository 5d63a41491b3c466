// SPDX-License-Identifier: Apache-2.0

/// A step in the life of an event, for the timeline that a person looks at.
package struct Milestone: Sendable, Equatable {
    /// The steps, in the order in which an event goes through them.
    package enum Stage: String, Sendable, CaseIterable {
        /// The object lies in its bucket.
        case stored
        /// The bucket's notification lies in its topic.
        case notified
        /// The dispatcher sent the event to its sink.
        case dispatched
        /// No instance was there: one is being started.
        case instanceStarting
        /// The instance takes requests.
        case instanceReady
        /// The sink answered.
        case answered
    }

    /// The step.
    package var stage: Stage
    /// What it happened to: an object's key, an event's or an instance's identifier.
    package var subject: String
    /// When, by the wall clock, in nanoseconds since 1970.
    package var at: UInt64
    /// What else is known.
    package var attributes: [String: String]

    /// Makes a milestone.
    package init(
        stage: Stage,
        subject: String,
        at: UInt64,
        attributes: [String: String] = [:]
    ) {
        self.stage = stage
        self.subject = subject
        self.at = at
        self.attributes = attributes
    }
}

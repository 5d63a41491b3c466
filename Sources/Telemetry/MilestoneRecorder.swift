// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Tells an observer about milestones; costs next to nothing when there is none.
package struct MilestoneRecorder: Sendable {
    private let observe: (@Sendable (Milestone) -> Void)?

    /// Nobody looks.
    package static let none = MilestoneRecorder(observe: nil)

    /// Makes a recorder; `observe` is called on whatever thread a milestone is reached, and must
    /// not block.
    package init(_ observe: @escaping @Sendable (Milestone) -> Void) {
        self.init(observe: observe)
    }

    private init(observe: (@Sendable (Milestone) -> Void)?) { self.observe = observe }

    /// Whether anybody looks.
    package var isEnabled: Bool { self.observe != nil }

    /// Records that `subject` reached `stage` just now; evaluates nothing when nobody looks.
    package func record(
        _ stage: Milestone.Stage,
        subject: @autoclosure () -> String,
        attributes: @autoclosure () -> [String: String] = [:]
    ) {
        guard let observe = self.observe else { return }
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        let at = UInt64(clamping: time.tv_sec) &* 1_000_000_000 &+ UInt64(clamping: time.tv_nsec)
        observe(
            Milestone(stage: stage, subject: subject(), at: at, attributes: attributes())
        )
    }
}

// SPDX-License-Identifier: Apache-2.0

internal import Autoscaler
internal import EventLoop

/// One thing that keeps a revision from having no process.
package struct StayReason: Sendable, Equatable {
    /// What kind of thing it is.
    package enum Kind: String, Sendable {
        /// Requests that are there.
        case requests
        /// The mean load over the stable window.
        case window
        /// A burst that the panic window saw.
        case panic
        /// Records that sources of events have left to do.
        case lag
        /// A moment's need for more instances.
        case need
        /// Instances go step by step.
        case rate
        /// An annotation.
        case annotation
        /// Instances stay idle for a time.
        case idle
        /// Processes that are being started or ended.
        case process
    }

    /// What kind of thing it is.
    package var kind: Kind
    /// One sentence for people.
    package var text: String
    /// How long it holds from now on, if nothing happens; `nil` when that is not known.
    package var remaining: Duration?

    init(_ kind: Kind, _ text: String, remaining: Duration? = nil) {
        self.kind = kind
        self.text = text
        self.remaining = remaining
    }
}

extension StayReason {
    /// What the lag of sources keeps; `nil` when it wants no instance.
    init?(_ lag: LagMeter, at now: MonotonicTime) {
        guard let target = lag.target, lag.wantedCount(at: Instant(now)) > 0 else { return nil }
        let records = lag.records(at: Instant(now))
        self.init(
            .lag,
            "records that its sources have left: \(records); an instance should have \(target)"
        )
    }
}

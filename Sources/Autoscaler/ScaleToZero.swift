// SPDX-License-Identifier: Apache-2.0

/// Decides when the last instance of a revision may go, once the load wants none.
///
/// It stays for a stable window after it became active, and then until the activator had time to
/// come into the path, and for the retention period.
struct ScaleToZero: Sendable {
    /// What keeps the last instance.
    enum Hold: Sendable, Equatable {
        /// It became active too short a time ago.
        case young(until: Instant)
        /// The activator may not be in the path yet.
        case gracePeriod(until: Instant)
        /// The retention period is not over.
        case retention(until: Instant)

        var until: Instant {
            switch self {
            case .young(let until), .gracePeriod(let until), .retention(let until): until
            }
        }
    }

    private let configuration: ScalingConfiguration
    private var activeSince: Instant?
    private var inactiveSince: Instant?
    private var proxySince: Instant?

    /// Makes one; a new revision that starts with instances is active from the first.
    init(_ configuration: ScalingConfiguration, at now: Instant) {
        self.configuration = configuration
        if configuration.initialScale > 0 { self.activeSince = now }
    }

    /// Says what keeps the last instance.
    ///
    /// - Parameters:
    ///   - wantedCount: What the load and the bounds want.
    ///   - mode: Whether the activator is in the path.
    ///   - now: The time.
    /// - Returns: `nil` when nothing does.
    mutating func hold(
        wantedCount: Int,
        mode: ScaleDecider.Mode,
        at now: Instant
    ) -> Hold? {
        // With no instance wanted the activator is asked into the path, if it is not there yet.
        let isProxy = mode == .proxy || wantedCount == 0
        self.proxySince = isProxy ? self.proxySince ?? now : nil
        guard wantedCount == 0 else {
            self.activeSince = self.activeSince ?? now
            self.inactiveSince = nil
            return nil
        }
        guard let activeSince = self.activeSince else { return nil }
        let youngUntil = activeSince.advanced(by: self.configuration.stableWindow)
        guard self.inactiveSince != nil || now >= youngUntil else {
            return .young(until: youngUntil)
        }
        let inactiveSince = self.inactiveSince ?? now
        self.inactiveSince = inactiveSince
        let retention = inactiveSince.advanced(
            by: self.configuration.scaleToZeroPodRetentionPeriod
        )
        let grace = self.configuration.scaleToZeroGracePeriod
        // A negative capacity had the activator in the path before, so its time may be over.
        let graceEnd = min(
            inactiveSince.advanced(by: grace),
            (self.proxySince ?? now).advanced(by: grace)
        )
        if now < retention, retention >= graceEnd { return .retention(until: retention) }
        if now < graceEnd { return .gracePeriod(until: graceEnd) }
        self.activeSince = nil
        self.inactiveSince = nil
        return nil
    }
}

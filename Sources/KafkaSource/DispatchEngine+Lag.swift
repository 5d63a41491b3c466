// SPDX-License-Identifier: Apache-2.0

internal import EventLoop
internal import Telemetry

/// Who wants to know of the lag, and when they are told next.
struct LagWatch {
    /// The shortest time between two reports.
    static let interval = Duration.seconds(1)

    let told: @Sendable (KafkaSourceLag) -> Void
    /// Set while a report is due.
    var timer: TimerID?
    var lastReport = MonotonicTime(nanoseconds: 0)
    var hasLag = false
}

extension DispatchEngine {
    /// Begins to tell of the lag; `told` is called on the loop.
    func watchLag(_ told: @escaping @Sendable (KafkaSourceLag) -> Void) {
        guard !self.isStopped, self.lagWatch == nil else { return }
        self.lagWatch = LagWatch(told: told)
        self.lagMayHaveChanged()
    }

    /// Records may have come.
    ///
    /// While there is lag a timer tells of it. Without any there is none: the next records bring
    /// the next report, at once if the last one was long enough ago.
    func lagMayHaveChanged() {
        guard let watch = self.lagWatch, watch.timer == nil else { return }
        let due = watch.lastReport.advanced(by: LagWatch.interval)
        self.lagWatch?.timer = self.loop.schedule(at: max(due, .now())) { self.tellLag() }
    }

    private func tellLag() {
        let lag = self.currentLag
        self.instruments.lag.set(lag.records)
        self.lagWatch?.timer = nil
        self.lagWatch?.lastReport = .now()
        let hadLag = self.lagWatch?.hasLag ?? false
        self.lagWatch?.hasLag = lag.records > 0
        guard lag.records > 0 || hadLag else { return }
        self.lagWatch?.told(lag)
        if lag.records > 0 { self.lagMayHaveChanged() }
    }

    private var currentLag: KafkaSourceLag {
        let lags = self.partitions.map { lane, partition in
            self.lag(of: partition, position: self.lanes.position(of: lane))
        }
        return KafkaSourceLag(
            of: lags,
            ordering: self.spec.ordering,
            inFlightMax: self.spec.inFlightMax
        )
    }

    /// Nothing is told any more, and what was told last counts no more.
    func endLagWatch() {
        guard let watch = self.lagWatch else { return }
        self.lagWatch = nil
        if let timer = watch.timer { self.loop.cancel(timer) }
        if watch.hasLag { watch.told(.none) }
    }
}

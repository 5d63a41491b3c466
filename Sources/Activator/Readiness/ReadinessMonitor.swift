// SPDX-License-Identifier: Apache-2.0

internal import EventLoop

/// Asks an instance again and again whether it can serve, as the manifest's `readinessProbe` says.
///
/// One try at a time. Until the instance is ready they follow each other at intervals that double,
/// up to the probe's period at most; then they come once a period, if it has one. A program with an
/// inherited socket gets the first request as soon as it listens to it, so nothing is polled unless
/// it answers that it is not ready. Belongs to the loop's thread.
final class ReadinessMonitor {
    private let probe: RevisionSpec.ReadinessProbe
    private let loop: EventLoop
    private let makeAttempt: () throws -> any ReadinessAttempt
    private var changed: ((Bool) -> Void)?
    private var tally: ReadinessTally
    /// Whether it was ready once: from then on tries come once a period.
    private var wasReady = false
    private var attempt: (any ReadinessAttempt)?
    private var attemptedAt = MonotonicTime(nanoseconds: 0)
    private var interval: Duration
    private let intervalMax: Duration
    private var timer = TimerID.none
    /// What the last try found that failed, to follow "the last try" in a sentence.
    private(set) var lastFailure: String?

    /// Makes a monitor that does nothing yet.
    ///
    /// - Parameters:
    ///   - probe: How often, and how long.
    ///   - loop: The loop whose thread this is.
    ///   - makeAttempt: Makes a try; one that throws has failed.
    ///   - changed: Told that the instance is ready, at first and after it was not.
    init(
        _ probe: RevisionSpec.ReadinessProbe,
        loop: EventLoop,
        makeAttempt: @escaping () throws -> any ReadinessAttempt,
        changed: @escaping (Bool) -> Void
    ) {
        self.probe = probe
        self.loop = loop
        self.makeAttempt = makeAttempt
        self.changed = changed
        self.tally = ReadinessTally(
            successThreshold: probe.successThreshold,
            failureThreshold: probe.failureThreshold
        )
        let intervals = Self.intervals(of: probe.action)
        self.interval = intervals.min
        self.intervalMax = probe.period > .zero ? min(probe.period, intervals.max) : intervals.max
    }

    /// The first and the longest time between tries until the instance is ready.
    ///
    /// A request costs little: as often as Knative's queue-proxy tries. A command is a process.
    private static func intervals(
        of action: RevisionSpec.ReadinessProbe.Action
    ) -> (min: Duration, max: Duration) {
        switch action {
        case .httpGet, .tcpSocket, .grpc: (.milliseconds(1), .milliseconds(50))
        case .exec: (.milliseconds(10), .seconds(1))
        }
    }

    /// Begins, after the probe's delay.
    func start() { self.wait(for: self.probe.initialDelay) }

    /// Asks nothing while the instance has no processor time.
    func suspend() {
        self.loop.cancel(self.timer)
        self.attempt?.cancel()
        self.attempt = nil
    }

    /// Goes on after ``suspend()``; with an instance that was ready, after a period.
    func resume() {
        guard self.changed != nil, self.attempt == nil else { return }
        guard self.tally.isReady else { return self.wait(for: .zero) }
        if self.probe.period > .zero { self.wait(for: self.probe.period) }
    }

    /// Asks nothing more, and tells nothing.
    func cancel() {
        self.changed = nil
        self.suspend()
    }

    private func wait(for delay: Duration) {
        self.timer = self.loop.schedule(after: delay) { [weak self] in self?.begin() }
    }

    private func begin() {
        guard self.changed != nil else { return }
        self.attemptedAt = .now()
        do {
            let attempt = try self.makeAttempt()
            self.attempt = attempt
            self.timer = self.loop.schedule(after: self.probe.timeout) { [weak self] in
                self?.timedOut()
            }
            attempt.start { [weak self] finding in self?.found(finding) }
        } catch {
            self.found(.notReady("failed: \(error)"))
        }
    }

    private func timedOut() {
        self.attempt?.cancel()
        self.found(.notReady("took longer than \(self.probe.timeout)"))
    }

    private func found(_ finding: ReadinessFinding) {
        self.loop.cancel(self.timer)
        self.attempt = nil
        if case .notReady(let failure) = finding { self.lastFailure = failure }
        let hasChanged = self.tally.note(finding == .ready)
        self.waitForNext()
        if hasChanged { self.changed?(self.tally.isReady) }
    }

    private func waitForNext() {
        guard self.wasReady || self.tally.isReady else {
            self.wait(for: self.interval)
            self.interval = min(self.interval * 2, self.intervalMax)
            return
        }
        self.wasReady = true
        guard self.probe.period > .zero else { return }
        let next = self.attemptedAt.advanced(by: TimeSpan(self.probe.period))
        self.timer = self.loop.schedule(at: next) { [weak self] in self?.begin() }
    }
}

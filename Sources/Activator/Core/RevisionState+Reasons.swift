// SPDX-License-Identifier: Apache-2.0

internal import EventLoop

extension RevisionState {
    /// What keeps the revision from having no process; empty when there is none.
    func stayReasons(at now: MonotonicTime) -> [StayReason] {
        guard !self.instances.isEmpty else { return [] }
        var reasons: [StayReason] = []
        let (inFlight, queued) = (self.requests.dispatchedCount, self.requests.queuedCount)
        if inFlight > 0 {
            reasons.append(StayReason(.requests, "requests at instances: \(inFlight)"))
        }
        if queued > 0 { reasons.append(StayReason(.requests, "requests that wait: \(queued)")) }
        if !self.isRetired, !self.isStopping {
            reasons += self.policyReasons(at: now)
            if self.limits.spareCount > 0 {
                let text = "a spare is kept: swiftlet.dev/spare is \(self.limits.spareCount)"
                reasons.append(StayReason(.annotation, text))
            }
            if self.liveCount > 0, self.limits.instancesMin > 0 {
                let text = "min-scale is \(self.limits.instancesMin)"
                reasons.append(StayReason(.annotation, text))
            }
        }
        let ending = self.instances.count { $0.phase == .stopping || $0.phase == .exited }
        if ending > 0 { reasons.append(StayReason(.process, "instances that end: \(ending)")) }
        if let paused = self.instances.first(where: { $0.phase == .paused }) {
            let until = paused.idleSince.advanced(by: self.limits.pauseTime)
            let text = "an instance is paused: swiftlet.dev/idle is pause"
            reasons.append(StayReason(.annotation, text, remaining: now.duration(to: until)))
        }
        return reasons
    }

    /// When something is decided next, if nothing happens until then.
    func nextDecision(at now: MonotonicTime) -> MonotonicTime? {
        guard !self.instances.isEmpty else { return nil }
        return self.wakeAt.map { max(now, $0) }
    }

    private func policyReasons(at now: MonotonicTime) -> [StayReason] {
        let reasons = self.policy.reasons(at: now)
        guard !self.policy.endsSurplusAtOnce else { return reasons }
        let idle = self.instances.filter { $0.phase == .open && $0.inFlightCount == 0 }
        guard let last = idle.map(\.idleSince).max() else { return reasons }
        let until = last.advanced(by: self.limits.idleWindow)
        let text = "an idle instance stays for \(self.limits.idleWindow)"
        return reasons + [StayReason(.idle, text, remaining: max(.zero, now.duration(to: until)))]
    }
}

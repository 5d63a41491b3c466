// SPDX-License-Identifier: Apache-2.0

internal import EventLoop

/// How many instances there should be, and what is started, paused and ended for it.
extension RevisionState {
    /// Brings the instances nearer to what is wanted; whether one takes requests that did not.
    @discardableResult
    mutating func scale(at now: MonotonicTime) -> Bool {
        let goal = self.instancesGoal(at: now)
        var liveCount = self.liveCount
        var hasReopened = false
        while liveCount < goal, self.reopen(at: now) {
            hasReopened = true
            liveCount += 1
        }
        while liveCount < goal, self.mayStart(at: now) {
            self.startInstance(at: now)
            liveCount += 1
        }
        if liveCount < goal, let restsUntil = self.backOff.restsUntil, restsUntil > now,
            goal <= self.instancesLeast || self.policy.endsSurplusAtOnce
        {
            self.wantWake(at: restsUntil)
        }
        if self.endsSurplusAtOnce { self.endSurplus(beyond: goal, liveCount, at: now) }
        if let next = self.policy.nextDecision, next > now, liveCount > 0 {
            self.wantWake(at: next)
        }
        return hasReopened
    }

    var endsSurplusAtOnce: Bool { self.policy.endsSurplusAtOnce || self.isRetired }

    /// Takes back an instance that was one too many, or that rests.
    private mutating func reopen(at now: MonotonicTime) -> Bool {
        guard !self.isStopping else { return false }
        if let index = self.instances.firstIndex(where: { $0.phase == .closing }) {
            self.instances[index].phase = .open
            return true
        }
        guard let index = self.instances.firstIndex(where: { $0.phase == .paused }) else {
            return false
        }
        self.instances[index].phase = .open
        self.instances[index].idleSince = now
        self.want(.resume(self.instances[index].id))
        return true
    }

    /// Ends what is beyond the goal: idle instances first, and of equals the youngest.
    private mutating func endSurplus(
        beyond goal: Int,
        _ liveCount: Int,
        at now: MonotonicTime
    ) {
        var surplus = liveCount - goal
        for index in self.instances.indices.reversed() where surplus > 0 {
            let instance = self.instances[index]
            guard instance.phase == .open, instance.inFlightCount == 0 else { continue }
            self.retire(index, at: now)
            surplus -= 1
        }
        for index in self.instances.indices.reversed() where surplus > 0 {
            guard self.instances[index].phase == .open else { continue }
            self.instances[index].phase = .closing
            surplus -= 1
        }
    }

    /// Lets an idle instance rest, or ends it.
    private mutating func retire(_ index: Int, at now: MonotonicTime) {
        let pausedCount = self.instances.count { $0.phase == .paused }
        guard pausedCount < self.limits.pausedMax, !self.isRetired, !self.isStopping,
            self.instances[index].hasAnswered, self.instances[index].isReady
        else { return self.stop(index) }
        self.instances[index].phase = .paused
        self.instances[index].idleSince = now
        self.want(.pause(self.instances[index].id))
        self.wantWake(at: now.advanced(by: self.limits.pauseTime))
    }

    private var instancesLeast: Int {
        self.isStopping || self.isRetired ? 0 : self.limits.instancesMin
    }

    /// How many instances there should be now.
    private mutating func instancesGoal(at now: MonotonicTime) -> Int {
        var load = RevisionLoad(inFlightCount: 0, queuedCount: 0, openCount: 0, startingCount: 0)
        load.queuedCount = self.requests.queuedCount
        var busyCount = 0
        for instance in self.instances where instance.phase != .exited {
            load.inFlightCount += instance.inFlightCount
            guard instance.isLive else { continue }
            if instance.inFlightCount > 0 { busyCount += 1 }
            if instance.takesRequests { load.openCount += 1 } else { load.startingCount += 1 }
        }
        var wanted = self.policy.desiredCount(for: load, at: now)
        if self.isRetired || self.isStopping {
            let capacity = self.limits.instanceCapacity
            wanted = min(wanted, (load.demand + capacity - 1) / capacity)
        } else if self.limits.spareCount > 0 {
            wanted = max(wanted, busyCount + load.queuedCount + self.limits.spareCount)
        }
        if self.backOff.failureCount > 0, load.demand == 0 {
            // What a policy remembers of a load is no reason to start what fails to.
            wanted = min(
                wanted,
                max(self.limits.instancesKept, load.openCount + load.startingCount)
            )
        }
        // Whatever a policy says, a request that waits is never left without any instance.
        let needed = load.queuedCount > 0 ? max(1, wanted) : wanted
        return min(max(needed, self.instancesLeast), self.limits.instancesMax)
    }

    /// After a failure instances are tried one by one.
    private func mayStart(at now: MonotonicTime) -> Bool {
        guard self.backOff.failureCount > 0 else { return true }
        return self.backOff.mayStart(at: now)
            && !self.instances.contains { $0.isLive && !$0.hasAnswered }
    }

    // MARK: Time

    /// Ends what was idle for the whole window and is not wanted, the youngest first.
    mutating func stopIdleInstances(at now: MonotonicTime) {
        for index in self.instances.indices where self.instances[index].phase == .paused {
            let since = self.instances[index].idleSince
            if since.advanced(by: self.limits.pauseTime) <= now { self.stop(index) }
        }
        guard !self.endsSurplusAtOnce else { return }
        let goal = self.instancesGoal(at: now)
        var liveCount = self.liveCount
        for index in self.instances.indices.reversed() where liveCount > goal {
            let instance = self.instances[index]
            guard instance.phase == .open, instance.inFlightCount == 0,
                instance.idleSince.advanced(by: self.limits.idleWindow) <= now
            else { continue }
            self.retire(index, at: now)
            liveCount -= 1
        }
    }

    mutating func scheduleWake(at now: MonotonicTime) {
        if let deadline = self.requests.firstDeadline { self.wantWake(at: deadline) }
        for instance in self.instances where instance.phase == .paused {
            self.wantWake(at: instance.idleSince.advanced(by: self.limits.pauseTime))
        }
        guard !self.endsSurplusAtOnce, self.liveCount > self.limits.instancesMin else { return }
        for instance in self.instances where instance.phase == .open && instance.inFlightCount == 0
        {
            let due = instance.idleSince.advanced(by: self.limits.idleWindow)
            // One that is kept because the load wants it is looked at again later.
            self.wantWake(at: due > now ? due : now.advanced(by: self.limits.idleWindow))
        }
    }
}

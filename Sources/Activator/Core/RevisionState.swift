// SPDX-License-Identifier: Apache-2.0

internal import Autoscaler
internal import EventLoop

/// Decides what happens to the requests and instances of one revision.
///
/// Events come in by the methods in the past tense, what is to be done comes out of
/// ``nextAction()``. No I/O, no clock, no randomness: time is an argument. After each event holds
/// that a request waits only while no instance has room for it and an instance is there or being
/// started.
struct RevisionState {
    /// What is known of one instance.
    struct Instance {
        /// How far it is in its life.
        enum Phase {
            /// Its process is being started and cannot be given requests.
            case starting
            /// It takes requests, or its socket does.
            case open
            /// It is one too many: it finishes what it has, and takes nothing more.
            case closing
            /// It has no request, and gets no processor time until it is wanted again.
            case paused
            /// It was asked to end.
            case stopping
            /// Its process is gone, and some of its requests are not settled yet.
            case exited
        }

        let id: InstanceID
        var phase = Phase.starting
        /// Whether its start is over: it said that it serves, or has answered.
        var hasStarted = false
        /// Whether it has sent a first byte of an answer.
        var hasAnswered = false
        /// Whether it says that it can serve; an open one that says no gets no request.
        var isReady = true
        var inFlightCount = 0
        /// Since when it has no request.
        var idleSince: MonotonicTime

        var isLive: Bool { self.phase == .starting || self.phase == .open }
        var takesRequests: Bool { self.phase == .open && self.isReady }
    }

    let limits: RevisionLimits
    private let queueTimeout: TimeSpan
    /// What other revisions leave of the queue that all share; set before each event.
    var sharedRoom = QueueRoom(count: .max, bytes: .max)
    /// Oldest first.
    var instances: [Instance] = []
    private(set) var requests = RequestTable()
    private(set) var isStopping = false
    /// Whether no traffic is meant for it any more; requests that come all the same are served.
    private(set) var isRetired = false
    var policy: any ScalingPolicy
    private(set) var backOff: StartBackOff
    private var lastInstanceNumber = 0
    private(set) var wakeAt: MonotonicTime?
    private var actions: [RevisionAction] = []
    private var actionNext = 0

    /// Makes the state of a revision without instances.
    init(limits: RevisionLimits, policy: any ScalingPolicy) {
        precondition(limits.instanceCapacity >= 1, "an instance takes at least one request")
        precondition(limits.instancesMax >= 1, "a revision may have at least one instance")
        precondition(limits.queueCountMax >= 1, "the first request waits for the first instance")
        self.limits = limits
        self.queueTimeout = TimeSpan(limits.queueTimeout)
        self.policy = policy
        self.backOff = limits.backOff
    }

    /// Instances that are started or take requests.
    var liveCount: Int { self.instances.count { $0.isLive } }
    /// Whether there is neither a process nor a request.
    var isEmpty: Bool {
        self.instances.isEmpty && self.requests.queuedCount + self.requests.dispatchedCount == 0
    }

    /// Adds to what is to be done.
    mutating func want(_ action: RevisionAction) { self.actions.append(action) }

    /// Takes the next thing to be done.
    mutating func nextAction() -> RevisionAction? {
        guard self.actionNext < self.actions.count else { return nil }
        let action = self.actions[self.actionNext]
        self.actionNext += 1
        if self.actionNext == self.actions.count {
            self.actions.removeAll(keepingCapacity: true)
            self.actionNext = 0
        }
        return action
    }

    // MARK: Requests

    /// A request came in.
    ///
    /// - Parameters:
    ///   - bytes: What it may hold in memory while it waits.
    ///   - now: The time.
    /// - Returns: Its name.
    mutating func requestArrived(bytes: Int, at now: MonotonicTime) -> RequestID {
        let deadline = now.advanced(by: self.queueTimeout)
        self.policy.requestArrived()
        let id = self.requests.add(bytes: bytes, deadline: deadline)
        if self.isStopping {
            self.refuse(id, .stopping)
        } else if self.requests.queuedCount == 0, let index = self.instanceWithRoom() {
            self.dispatch(id, toInstanceAt: index)
            self.scale(at: now)
        } else if let reason = self.reasonNotToQueue(bytes: bytes) {
            self.refuse(id, reason)
        } else {
            self.requests.enqueueLast(id)
            self.settle(at: now)
            if self.requests.place(of: id) == .queued { self.wantWake(at: deadline) }
        }
        return id
    }

    /// A request is over, whatever came of it and wherever it was: an instance is done with it, or
    /// it was given up while it waited.
    mutating func requestFinished(_ id: RequestID, at now: MonotonicTime) {
        let place = self.requests.place(of: id)
        guard place != .nowhere else { return }
        self.requests.remove(id)
        if case .dispatched(let instance) = place { self.release(instance, at: now) }
        self.settle(at: now)
    }

    /// A request was given to an instance that never saw it; it goes first now.
    mutating func requestReturned(_ id: RequestID, at now: MonotonicTime) {
        guard case .dispatched(let instance) = self.requests.place(of: id) else { return }
        if self.requests.deadline(of: id) <= now {
            self.refuse(id, .queueTimedOut)
        } else if let reason = self.reasonNotToQueue(bytes: self.requests.bytes(of: id)) {
            self.refuse(id, reason)
        } else {
            self.requests.enqueueFirst(id)
        }
        self.release(instance, at: now)
        self.settle(at: now)
        if let deadline = self.requests.firstDeadline { self.wantWake(at: deadline) }
    }

    private func reasonNotToQueue(bytes: Int) -> RefusalReason? {
        guard self.requests.queuedCount < self.limits.queueCountMax else { return .queueFull }
        guard bytes <= self.limits.queueBytesMax - self.requests.queuedBytes else {
            return .queueBytesFull
        }
        guard self.sharedRoom.count > 0, bytes <= self.sharedRoom.bytes else {
            return .allQueuesFull
        }
        return nil
    }

    private mutating func refuse(_ id: RequestID, _ reason: RefusalReason) {
        self.requests.remove(id)
        self.actions.append(.refuse(id, reason))
    }

    private mutating func dispatch(_ id: RequestID, toInstanceAt index: Int) {
        self.instances[index].inFlightCount += 1
        self.requests.dispatch(id, to: self.instances[index].id)
        self.actions.append(.dispatch(id, self.instances[index].id))
    }

    private mutating func release(_ id: InstanceID, at now: MonotonicTime) {
        guard let index = self.index(of: id) else { return }
        self.instances[index].inFlightCount -= 1
        guard self.instances[index].inFlightCount == 0 else { return }
        switch self.instances[index].phase {
        case .exited: self.instances.remove(at: index)
        case .closing: self.stop(index)
        case .starting, .open, .paused, .stopping: self.becameIdle(index, at: now)
        }
    }

    // MARK: Instances

    /// Starts the instances that are wanted before any request.
    mutating func began(at now: MonotonicTime) {
        while self.liveCount < min(self.limits.instancesInitial, self.limits.instancesMax) {
            self.startInstance(at: now)
        }
        self.settle(at: now)
    }

    /// Instances were there before they were asked for: as many are started as may be kept.
    mutating func instancesFound(_ count: Int, at now: MonotonicTime) {
        while self.liveCount < min(count, self.limits.instancesMax), !self.isStopping {
            self.startInstance(at: now)
        }
        self.settle(at: now)
    }

    /// An instance can be given requests.
    mutating func instanceAccepts(_ id: InstanceID, at now: MonotonicTime) {
        guard let index = self.index(of: id), self.instances[index].phase == .starting
        else { return }
        self.instances[index].phase = .open
        self.becameIdle(index, at: now)
        self.settle(at: now)
    }

    /// An instance that takes requests says that it cannot serve for now, or can again.
    ///
    /// It keeps the requests that it has; those that wait find another instance, or this one when
    /// it is ready again.
    mutating func instanceReadinessChanged(
        _ id: InstanceID,
        to isReady: Bool,
        at now: MonotonicTime
    ) {
        guard let index = self.index(of: id), self.instances[index].isReady != isReady
        else { return }
        self.instances[index].isReady = isReady
        self.settle(at: now)
    }

    /// An instance sent a first byte of an answer.
    mutating func instanceAnswered(_ id: InstanceID, at now: MonotonicTime) {
        guard let index = self.index(of: id), !self.instances[index].hasAnswered else { return }
        self.instances[index].hasAnswered = true
        self.instances[index].hasStarted = true
        self.backOff.succeeded()
        // Starts that were held back may go on now.
        self.settle(at: now)
    }

    /// The start of an instance is over: it serves at once what it is given.
    ///
    /// It takes its share of what comes then, be it the newest.
    mutating func instanceStarted(_ id: InstanceID) {
        guard let index = self.index(of: id) else { return }
        self.instances[index].hasStarted = true
    }

    /// The process of an instance is gone, or could not be started.
    ///
    /// - Parameters:
    ///   - id: The instance.
    ///   - isFailure: Whether an end without an answer holds further starts back.
    ///   - now: The time.
    mutating func instanceExited(
        _ id: InstanceID,
        isFailure: Bool = true,
        at now: MonotonicTime
    ) {
        guard let index = self.index(of: id), self.instances[index].phase != .exited
        else { return }
        let instance = self.instances[index]
        if isFailure, instance.phase != .stopping, !instance.hasAnswered {
            self.backOff.failed(at: now)
        }
        if instance.inFlightCount == 0 {
            self.instances.remove(at: index)
        } else {
            self.instances[index].phase = .exited
        }
        self.settle(at: now)
    }

    private func index(of id: InstanceID) -> Int? { self.instances.firstIndex { $0.id == id } }

    private mutating func becameIdle(_ index: Int, at now: MonotonicTime) {
        self.instances[index].idleSince = now
        guard !self.policy.endsSurplusAtOnce else { return }
        self.wantWake(at: now.advanced(by: self.limits.idleWindow))
    }

    /// Which instance takes the next request: one below its target whose start is over, then one
    /// below its target, then any that has room; of those the one with the fewest requests, and
    /// among equals the oldest, so that the others become idle.
    private func instanceWithRoom() -> Int? {
        var best: (index: Int, rank: Int, load: Int)?
        for (index, instance) in self.instances.enumerated() where instance.takesRequests {
            let load = instance.inFlightCount
            guard load < self.limits.instanceCapacity else { continue }
            let isBelowTarget = load < self.limits.instanceTarget
            let rank = isBelowTarget ? (instance.hasStarted ? 0 : 1) : 2
            if let best, (best.rank, best.load) <= (rank, load) { continue }
            best = (index, rank, load)
            if rank == 0, load == 0 { break }
        }
        return best?.index
    }

    mutating func startInstance(at now: MonotonicTime) {
        self.lastInstanceNumber += 1
        let id = InstanceID(number: self.lastInstanceNumber)
        self.instances.append(Instance(id: id, idleSince: now))
        self.actions.append(.start(id))
    }

    mutating func stop(_ index: Int) {
        self.instances[index].phase = .stopping
        self.actions.append(.stop(self.instances[index].id))
    }

    // MARK: What follows from any event

    private mutating func settle(at now: MonotonicTime) {
        self.dispatchQueue()
        if self.scale(at: now) { self.dispatchQueue() }
        if self.requests.queuedCount > 0, self.liveCount == 0 { self.refuseQueue(at: now) }
        if self.isStopping { self.stopWhatIsIdle() }
    }

    private mutating func dispatchQueue() {
        while let first = self.requests.first, let index = self.instanceWithRoom() {
            self.dispatch(first, toInstanceAt: index)
        }
    }

    private mutating func refuseQueue(at now: MonotonicTime) {
        let rest = self.backOff.restsUntil.map { now.duration(to: $0) } ?? .zero
        while let first = self.requests.first { self.refuse(first, .startsRest(rest)) }
    }

    // MARK: Time

    mutating func wantWake(at time: MonotonicTime) {
        if let wakeAt = self.wakeAt, wakeAt <= time { return }
        self.wakeAt = time
        self.actions.append(.wake(time))
    }

    /// The time of a `wake` came, or has passed.
    mutating func timerFired(at now: MonotonicTime) {
        self.wakeAt = nil
        while let deadline = self.requests.firstDeadline, deadline <= now,
            let first = self.requests.first
        {
            self.refuse(first, .queueTimedOut)
        }
        self.stopIdleInstances(at: now)
        self.settle(at: now)
        self.scheduleWake(at: now)
    }

    // MARK: Traffic

    /// A source of events has so much left to do.
    mutating func lagReported(_ lag: SourceLag, by source: String, at now: MonotonicTime) {
        self.policy.lagReported(lag, by: source, at: now)
        self.settle(at: now)
    }

    /// Traffic is meant for the revision, or no longer.
    ///
    /// Without, it serves what it has and what comes by its own name, and keeps no instance for
    /// anything else.
    mutating func reachabilityChanged(to isReachable: Bool, at now: MonotonicTime) {
        self.isRetired = !isReachable
        self.policy.isReachable = isReachable
        if self.isRetired {
            for index in self.instances.indices where self.instances[index].phase == .paused {
                self.stop(index)
            }
        }
        self.settle(at: now)
    }

    // MARK: End

    /// No further request is taken; instances end as soon as no request needs them.
    mutating func stopBegan(at now: MonotonicTime) {
        self.isStopping = true
        self.settle(at: now)
    }

    private mutating func stopWhatIsIdle() {
        guard self.requests.queuedCount == 0 else { return }
        for index in self.instances.indices
        where self.instances[index].isLive && self.instances[index].inFlightCount == 0
            || self.instances[index].phase == .paused
        {
            self.stop(index)
        }
    }

    /// The time for an orderly stop is over.
    mutating func stopDeadlinePassed() {
        self.isStopping = true
        while let first = self.requests.first { self.refuse(first, .stopping) }
        for index in self.instances.indices where self.instances[index].phase != .exited {
            self.instances[index].phase = .stopping
            self.actions.append(.kill(self.instances[index].id))
        }
    }
}

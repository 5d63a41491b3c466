// SPDX-License-Identifier: Apache-2.0

internal import Autoscaler
internal import EventLoop
internal import Glibc
internal import HTTP
internal import HTTPServer
internal import Telemetry

/// Carries out for one revision what its ``RevisionState`` decides.
///
/// Belongs to the loop's thread. Exclusive access to two of its variables is not checked at run
/// time: they are values, and nothing that is called with them comes back here.
final class Revision {
    let spec: RevisionSpec
    let context: ProxyContext
    /// How long an instance may take for a request.
    let timeout: TimeSpan
    /// The `Host` for clients that send none.
    let hostDefault: [UInt8]
    /// Called when the last instance and the last request are gone.
    var emptied: () -> Void = {}

    @exclusivity(unchecked)
    private var state: RevisionState
    /// By the slots of their names.
    private var requests: [ProxiedRequest?] = []
    private(set) var instances: [Instance] = []
    private var isPerforming = false
    @exclusivity(unchecked)
    private var history = LoadHistory()
    /// What the sources had left to do when one told last; `nil` when none ever did.
    private var lagTold: Int?
    /// What was counted of the requests that wait.
    private var queued = QueueRoom(count: 0, bytes: 0)
    /// Requests that will be let in when this turn of the loop is over.
    private var deferredCount = 0
    private var timer = TimerID.none
    private var timerDeadline = MonotonicTime(nanoseconds: .max)
    /// The request that is being let in, for which an instance may have to be started.
    private var arriving: ProxiedRequest?
    let metrics: RevisionMetrics
    /// Where its instances run; `nil` for processes of this machine.
    private(set) var pods: PodClaim?
    /// When the instances that wait for a pod were asked for.
    var podStarts: [InstanceID: MonotonicTime] = [:]
    private(set) var totals = Totals()

    struct Totals {
        var started: UInt64 = 0
        var crashes: UInt64 = 0
        var requests: UInt64 = 0
        var lastColdStart: Duration?
        var lastCrash: String?
        /// The youngest last.
        var coldStarts: [(at: MonotonicTime, duration: Duration)] = []

        mutating func add(_ coldStart: Duration) {
            if self.coldStarts.count == Revision.coldStartsMax { self.coldStarts.removeFirst() }
            self.coldStarts.append((.now(), coldStart))
            self.lastColdStart = coldStart
        }
    }

    /// Most cold starts that are remembered.
    static let coldStartsMax = 10

    init(_ spec: RevisionSpec, context: ProxyContext) {
        self.spec = spec
        self.context = context
        self.timeout = TimeSpan(spec.timeout)
        self.hostDefault = Array("\(spec.service).\(spec.namespace)".utf8)
        self.metrics = RevisionMetrics(context.metrics, spec)
        let plan = ScalingPlan(spec, context.configuration, at: .now())
        self.state = RevisionState(limits: plan.limits, policy: plan.policy)
        if let deployment = spec.deployment, let backend = context.pods {
            self.pods = PodClaim(backend.source(of: deployment), for: self)
        }
    }

    /// Whether there is neither a process nor a request.
    var isEmpty: Bool {
        self.instances.isEmpty && self.state.isEmpty && self.deferredCount == 0
    }

    /// The name that people know it by.
    var displayName: String { "\(self.spec.namespace)/\(self.spec.service)" }

    // MARK: Events

    /// Starts the instances that are wanted before any request.
    func start() { self.apply { $0.began(at: self.context.loop.now) } }

    /// Lets a request in.
    func admit(_ exchange: HTTPExchange, _ traits: RequestTraits) {
        guard !self.isPerforming else {
            // An answer that was just given let the server read the next request of its connection.
            self.deferredCount += 1
            let owned = LoopBound(self)
            return self.context.loop.execute {
                owned.value.deferredCount -= 1
                owned.value.admit(exchange, traits)
            }
        }
        guard !exchange.isOver else {
            if self.isEmpty { self.emptied() }
            return
        }
        self.totals.requests += 1
        self.metrics.requests.increment()
        if case .length(let length) = traits.framing,
            length > self.context.configuration.bodyBytesMax
        {
            let answer = self.answerToLongBody()
            return exchange.respond(answer)
        }
        self.state.sharedRoom = self.context.queueRoom
        let id = self.state.requestArrived(bytes: Self.bytesHeld(traits), at: self.context.loop.now)
        let request = ProxiedRequest(id, exchange: exchange, traits: traits, revision: self)
        while self.requests.count <= id.slot { self.requests.append(nil) }
        self.requests[id.slot] = request
        self.arriving = request
        self.perform()
        self.arriving = nil
    }

    /// What a request holds while it waits: its head, and what the server reads ahead of its body.
    private static func bytesHeld(_ traits: RequestTraits) -> Int {
        switch traits.framing {
        case .none, .untilClose: traits.headBytes
        case .length(let length): traits.headBytes + min(length, self.readAheadBytesMax)
        case .chunked: traits.headBytes + self.readAheadBytesMax
        }
    }

    /// The server stops reading a body at 64 KiB, within a read of as much.
    static let readAheadBytesMax = 128 * 1024

    /// A source of events has so much left to do.
    func lagReported(_ lag: SourceLag, by source: String) {
        let now = MonotonicTime.now()
        self.apply {
            $0.lagReported(lag, by: source, at: now)
            self.lagTold = $0.policy.lagRecords(at: now)
        }
    }

    /// A request's answer was given, or cannot be, or its client is gone.
    func finished(_ request: ProxiedRequest) {
        self.requests[request.id.slot] = nil
        self.apply { $0.requestFinished(request.id, at: self.context.loop.now) }
    }

    /// A request was not seen by its instance.
    func returned(_ request: ProxiedRequest) {
        self.state.sharedRoom = self.context.queueRoom
        self.apply { $0.requestReturned(request.id, at: self.context.loop.now) }
    }

    /// The first byte of an answer came.
    func answered(_ instance: Instance, isCold: Bool) {
        guard instance.answered(at: .now()) else { return }
        self.apply { $0.instanceAnswered(instance.id, at: self.context.loop.now) }
        // One that was there before any request has waited for it, and not started for so long.
        if isCold, let duration = instance.startDuration {
            self.totals.add(duration)
            self.metrics.coldStart.observe(duration)
        }
        self.tellReady(instance)
    }

    /// The program said that it listens, or its first answer shows it.
    func tellReady(_ instance: Instance) {
        guard !instance.isReadyTold else { return }
        instance.isReadyTold = true
        instance.becameReady()
        self.apply { $0.instanceStarted(instance.id) }
        self.record(.instanceReady, instance)
    }

    /// Tells the state of an event, and does what comes of it.
    func apply(_ event: (inout RevisionState) -> Void) {
        event(&self.state)
        self.perform()
    }

    // MARK: Actions

    /// Does what the state wants; events that arise from it are taken in the same round.
    private func perform() {
        guard !self.isPerforming else { return }
        self.isPerforming = true
        while let action = self.state.nextAction() { self.perform(action) }
        self.isPerforming = false
        self.countQueued()
        self.recordHistory()
        self.metrics.set(self.state)
        if self.isEmpty { self.emptied() }
    }

    private func recordHistory() {
        var sample = LoadHistory.Sample()
        sample.inFlight = UInt32(clamping: self.state.requests.dispatchedCount)
        sample.queued = UInt32(clamping: self.state.requests.queuedCount)
        sample.instances = UInt32(clamping: self.instances.count)
        sample.lag = self.lagTold ?? 0
        self.history.record(sample, at: self.context.loop.now)
    }

    /// Adds to what all revisions have queued what changed here.
    private func countQueued() {
        let (count, bytes) = (self.state.requests.queuedCount, self.state.requests.queuedBytes)
        guard count != self.queued.count || bytes != self.queued.bytes else { return }
        self.context.queued.count += count - self.queued.count
        self.context.queued.bytes += bytes - self.queued.bytes
        self.queued = QueueRoom(count: count, bytes: bytes)
    }

    private func perform(_ action: RevisionAction) {
        guard !self.performOnPods(action) else { return }
        switch action {
        case .start(let id): self.startInstance(id)
        case .dispatch(let request, let instance): self.dispatch(request, to: instance)
        case .refuse(let id, let reason):
            guard let request = self.requests[id.slot] else { return }
            self.requests[id.slot] = nil
            self.metrics.refused(reason)
            request.refuse(self.answer(to: reason))
        case .stop(let id): self.instance(id)?.stop(grace: self.spec.stopGrace)
        case .pause(let id): self.instance(id)?.pause()
        case .resume(let id): self.instance(id)?.resume()
        case .kill(let id): self.instance(id)?.kill()
        case .wake(let time): self.wake(at: time)
        }
    }

    func instance(_ id: InstanceID) -> Instance? { self.instances.first { $0.id == id } }

    private func dispatch(_ id: RequestID, to instance: InstanceID) {
        guard let request = self.requests[id.slot], request.id == id else {
            // It is over, and its place must not stay taken.
            return self.apply { $0.requestFinished(id, at: self.context.loop.now) }
        }
        guard let instance = self.instance(instance), instance.exit == nil else {
            return self.returned(request)
        }
        request.dispatch(to: instance)
    }

    private func wake(at time: MonotonicTime) {
        // A timer that fires too early does no harm; one that would fire too late is replaced.
        guard time < self.timerDeadline else { return }
        self.context.loop.cancel(self.timer)
        self.timerDeadline = time
        self.timer = self.context.loop.schedule(at: time) { [weak self] in
            guard let self else { return }
            self.timerDeadline = MonotonicTime(nanoseconds: .max)
            self.apply { $0.timerFired(at: self.context.loop.now) }
        }
    }

    // MARK: Instances

    func countStart() {
        self.totals.started += 1
        self.metrics.starts.increment()
    }

    func add(_ instance: Instance) { self.instances.append(instance) }

    func remove(_ id: InstanceID) { self.instances.removeAll { $0.id == id } }

    private func startInstance(_ id: InstanceID) {
        self.countStart()
        do {
            let instance = try Instance(
                id,
                of: self.spec,
                context: self.context,
                ready: { [weak self] in self?.tellReady($0) },
                exited: { [weak self] in self?.exited($0) }
            )
            self.instances.append(instance)
            self.context.logger.debug(
                "An instance was started.",
                ["instance": instance.name, "pid": "\(instance.pid)"]
            )
            if self.context.milestones.isEnabled {
                let request = self.arriving ?? self.firstRequest
                instance.eventAttributes = request?.eventAttributes ?? [:]
            }
            self.record(.instanceStarting, instance)
            instance.whenAccepting { [weak self, weak instance] in
                guard let self, let instance else { return }
                if instance.readyAt != nil { self.tellReady(instance) }
                self.apply { $0.instanceAccepts(instance.id, at: self.context.loop.now) }
            } changed: { [weak self, weak instance] isReady in
                if let self, let instance { self.readinessChanged(of: instance, to: isReady) }
            }
        } catch {
            self.noteCrash("\(self.spec.revision)-\(id)", .notStarted("\(error)"))
            self.apply { $0.instanceExited(id, at: self.context.loop.now) }
        }
    }

    private func readinessChanged(of instance: Instance, to isReady: Bool) {
        let metadata: KeyValuePairs = [
            "instance": instance.name, "last failure": instance.lastProbeFailure ?? "none",
        ]
        if isReady {
            self.context.logger.info("An instance is ready again.", metadata)
        } else {
            self.context.logger.warning("An instance is not ready any more.", metadata)
        }
        self.apply {
            $0.instanceReadinessChanged(instance.id, to: isReady, at: self.context.loop.now)
        }
    }

    private var firstRequest: ProxiedRequest? {
        self.state.requests.first.flatMap { self.requests[$0.slot] }
    }

    private func exited(_ instance: Instance) {
        self.instances.removeAll { $0 === instance }
        if let exit = instance.exit, !instance.isStopping {
            self.noteCrash(instance.name, exit, instance.lastLines)
        }
        // Taken before anything can go to a new instance that is given the same port.
        let unseen = self.unseenRequests(of: instance)
        self.apply { $0.instanceExited(instance.id, at: self.context.loop.now) }
        for request in unseen { request.upstreamWasNeverAccepted() }
        instance.tellExit()
        if self.isEmpty { self.emptied() }
    }

    /// The requests that have no connection, or one which the process had not accepted; the
    /// youngest first, because each goes to the front of the queue.
    func unseenRequests(of instance: Instance) -> [ProxiedRequest] {
        let ports = instance.takeUnacceptedPorts()
        return self.requests.compactMap { request in
            guard let request, request.instance === instance else { return nil }
            let isUnaccepted = !ports.isEmpty && request.localPort.map(ports.contains) == true
            let isUnseen =
                request.awaitsConnection || isUnaccepted
                || self.pods != nil && request.isConnecting
            return isUnseen ? request : nil
        }.sorted { $0.arrivedAt > $1.arrivedAt }
    }

    /// Counts and logs an instance that ended without being asked to.
    func noteCrash(_ name: String, _ exit: ProcessExit, _ lines: [String] = []) {
        self.totals.crashes += 1
        self.metrics.crashes.increment()
        self.totals.lastCrash = self.crashText(exit, lines)
        self.context.logger.warning(
            "An instance ended without being asked to.",
            ["instance": name, "how": exit.description]
        )
    }

    func crashText(_ exit: ProcessExit, _ lines: [String]) -> String {
        let text = "its process \(exit.description)"
        guard self.context.configuration.quotesOutputInAnswers, !lines.isEmpty else { return text }
        return "\(text); its last words: \(lines.joined(separator: " / "))"
    }

    func record(_ stage: Milestone.Stage, _ instance: Instance) {
        guard self.context.milestones.isEnabled else { return }
        var attributes = instance.eventAttributes
        attributes["namespace"] = self.spec.namespace
        attributes["service"] = self.spec.service
        attributes["revision"] = self.spec.revision
        attributes["pid"] = "\(instance.pid)"
        self.context.milestones.record(stage, subject: instance.name, attributes: attributes)
    }

    // MARK: Looking, and the end

    /// What there is now.
    var status: RevisionStatus {
        let now = MonotonicTime.now()
        return RevisionStatus(
            namespace: self.spec.namespace,
            service: self.spec.service,
            revision: self.spec.revision,
            instances: self.instances.map(self.status(of:)) + self.waitingStatus,
            queuedCount: self.state.requests.queuedCount,
            inFlightCount: self.state.requests.dispatchedCount,
            lag: self.lagTold.map { _ in self.state.policy.lagRecords(at: now) },
            startedTotal: self.totals.started,
            crashesTotal: self.totals.crashes,
            requestsTotal: self.totals.requests,
            lastColdStartMilliseconds: self.totals.lastColdStart?.milliseconds,
            lastCrash: self.totals.lastCrash,
            stayReasons: self.state.stayReasons(at: now),
            nextDecision: self.state.nextDecision(at: now).map { now.duration(to: $0) },
            decision: (self.state.policy as? WindowedScaling)?.decision,
            isReachable: !self.state.isRetired,
            history: self.history.samples(at: now),
            coldStarts: self.totals.coldStarts.map {
                RevisionStatus.ColdStart(duration: $0.duration, age: $0.at.duration(to: now))
            }
        )
    }

    /// The instances that wait for a pod: there is nothing of them yet but the wish.
    private var waitingStatus: [RevisionStatus.Instance] {
        self.podStarts.keys.sorted().map { id in
            RevisionStatus.Instance(
                name: "\(self.spec.revision)-\(id)",
                processID: 0,
                state: .starting,
                inFlightCount: 0
            )
        }
    }

    private func status(of instance: Instance) -> RevisionStatus.Instance {
        let known = self.state.instances.first { $0.id == instance.id }
        return RevisionStatus.Instance(
            name: instance.name,
            processID: instance.pid,
            state: Self.stateShown(instance, known),
            inFlightCount: known?.inFlightCount ?? 0
        )
    }

    private static func stateShown(
        _ instance: Instance,
        _ known: RevisionState.Instance?
    ) -> RevisionStatus.Instance.State {
        if instance.isStopping || known?.phase == .closing { return .stopping }
        if known?.phase == .paused { return .paused }
        if known?.isReady == false { return .unready }
        return instance.isReadyTold ? .ready : .starting
    }

    /// Traffic is meant for it, or no longer.
    func setReachable(_ isReachable: Bool) {
        guard self.state.isRetired == isReachable else { return }
        self.apply { $0.reachabilityChanged(to: isReachable, at: .now()) }
    }

    /// Takes no further request, and ends what is idle.
    func beginStop() { self.apply { $0.stopBegan(at: self.context.loop.now) } }

    /// Ends all at once.
    func stopNow() {
        self.apply { $0.stopDeadlinePassed() }
        let answer = self.answer(to: .stopping)
        for request in self.requests { request?.abandon(answer) }
        self.context.loop.cancel(self.timer)
    }
}

// SPDX-License-Identifier: Apache-2.0

internal import EventLoop
internal import Kubernetes

/// Whoever has instances that run in pods.
protocol PodClaimant: AnyObject {
    /// Pods are there that nobody asked for: so many instances are started, if that is wanted.
    func podsFound(_ count: Int)
    /// An instance that was asked for runs in this pod.
    func podIsReady(_ pod: PodEndpoint, for instance: InstanceID)
    /// The pod of an instance takes no requests any more.
    func podIsGone(of instance: InstanceID)
    /// No pod came for an instance that was asked for.
    func podNeverCame(for instance: InstanceID, after: Duration)
}

/// The pods of one Deployment, for the revisions that run in them.
///
/// Belongs to the loop's thread.
final class PodSource {
    /// How long a pod that refused a connection, or was given back, is left alone.
    ///
    /// Kubernetes needs less to choose what goes.
    static let restTime = Duration.seconds(1)

    private struct Claim {
        var number: Int
        weak var claimant: (any PodClaimant)?
    }

    private let loop: EventLoop
    private let startTimeout: Duration
    private let scale: DeploymentScale
    private var watch: EndpointWatch?
    private var ledger = PodLedger()
    private var claims: [Claim] = []
    private var claimLast = 0
    private var isPerforming = false
    private var startTimers: [PodLedger.Slot: TimerID] = [:]

    init(_ client: KubernetesClient, of reference: DeploymentReference, startTimeout: Duration) {
        self.loop = client.loop
        self.startTimeout = startTimeout
        self.scale = DeploymentScale(client, of: reference)
        self.watch = EndpointWatch(
            client,
            of: reference,
            relisted: { [weak self] in self?.scale.doubt() },
            changed: { [weak self] pods in self?.apply { $0.podsChanged(to: pods) } }
        )
        // Revisions are made before their loop runs.
        let owned = LoopBound(self)
        self.loop.execute { owned.value.watch?.start() }
    }

    /// Whether nobody's instances run here, and the API server knows.
    var isDone: Bool { self.scale.isSettled && !self.claims.contains { $0.claimant != nil } }

    /// Adds a revision; the number names it from now on.
    func claim(by claimant: any PodClaimant) -> Int {
        self.claimLast += 1
        self.claims.removeAll { $0.claimant == nil }
        self.claims.append(Claim(number: self.claimLast, claimant: claimant))
        return self.claimLast
    }

    // MARK: Events

    /// A revision wants another instance: answered by one of ``PodClaimant``'s methods.
    func start(_ slot: PodLedger.Slot) {
        self.startTimers[slot] = self.loop.schedule(after: self.startTimeout) { [weak self] in
            self?.startTimedOut(slot)
        }
        self.apply { $0.started(slot) }
    }

    /// A revision has no use for an instance any more.
    func stop(_ slot: PodLedger.Slot) {
        self.cancelStartTimer(slot)
        self.apply { self.rest($0.stopped(slot)) }
    }

    /// An instance has ended, for its pod takes no connection.
    func refused(_ slot: PodLedger.Slot) {
        self.apply { self.rest($0.refused(slot)) }
    }

    private func rest(_ pod: String?) {
        guard let pod else { return }
        self.loop.schedule(after: Self.restTime) { [weak self] in self?.apply { $0.rested(pod) } }
    }

    /// The activator is about to go, and leaves the pods as they are.
    func keepPods() { self.apply { $0.keepPods() } }

    /// Follows and scales nothing any more.
    func close() {
        self.watch?.stop()
        self.watch = nil
        self.scale.stop()
        for timer in self.startTimers.values { self.loop.cancel(timer) }
        self.startTimers = [:]
    }

    private func startTimedOut(_ slot: PodLedger.Slot) {
        self.startTimers[slot] = nil
        guard self.ledger.waiting.contains(slot) else { return }
        // What comes of it is applied before the number of pods is told.
        self.claimant(slot)?.podNeverCame(for: slot.instance, after: self.startTimeout)
        self.apply { self.rest($0.stopped(slot)) }
    }

    private func cancelStartTimer(_ slot: PodLedger.Slot) {
        if let timer = self.startTimers.removeValue(forKey: slot) { self.loop.cancel(timer) }
    }

    private func claimant(_ slot: PodLedger.Slot) -> (any PodClaimant)? {
        self.claims.first { $0.number == slot.claim }?.claimant
    }

    // MARK: Actions

    private func apply(_ event: (inout PodLedger) -> Void) {
        event(&self.ledger)
        // Events that arise from an action are taken in the same round.
        guard !self.isPerforming else { return }
        self.isPerforming = true
        while let action = self.ledger.nextAction() { self.perform(action) }
        self.isPerforming = false
    }

    private func perform(_ action: PodLedger.Action) {
        switch action {
        case .adopt(let count): self.claims.last { $0.claimant != nil }?.claimant?.podsFound(count)
        case .bind(let slot, let pod):
            self.cancelStartTimer(slot)
            self.claimant(slot)?.podIsReady(pod, for: slot.instance)
        case .end(let slot): self.claimant(slot)?.podIsGone(of: slot.instance)
        case .scale(let replicas): self.scale.want(replicas)
        case .doubt: self.scale.doubt()
        }
    }
}

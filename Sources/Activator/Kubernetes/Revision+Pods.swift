// SPDX-License-Identifier: Apache-2.0

internal import EventLoop
internal import Kubernetes
internal import Telemetry

/// One revision's share of a Deployment's pods, on the loop's thread.
struct PodClaim {
    let source: PodSource
    let number: Int

    init(_ source: PodSource, for claimant: any PodClaimant) {
        self.source = source
        self.number = source.claim(by: claimant)
    }

    func start(_ instance: InstanceID) { self.source.start(self.slot(instance)) }

    func stop(_ instance: InstanceID) { self.source.stop(self.slot(instance)) }

    func refused(_ instance: InstanceID) { self.source.refused(self.slot(instance)) }

    private func slot(_ instance: InstanceID) -> PodLedger.Slot {
        PodLedger.Slot(claim: self.number, instance: instance)
    }
}

/// Instances that run in pods: what a process tells by itself, the Deployment's endpoints tell.
extension Revision: PodClaimant {
    /// Does what the state wants of an instance; `false` when that runs as a process.
    func performOnPods(_ action: RevisionAction) -> Bool {
        guard let pods = self.pods else { return false }
        switch action {
        case .start(let id):
            self.countStart()
            self.podStarts[id] = self.context.loop.now
            pods.start(id)
        case .stop(let id), .kill(let id):
            self.podStarts[id] = nil
            self.instance(id)?.stop(grace: .zero)
            pods.stop(id)
            self.podLeft(id, as: .released)
        case .pause, .resume:
            assertionFailure("a pod is never paused: nothing of a revision in pods asks for it")
        case .dispatch, .refuse, .wake: return false
        }
        return true
    }

    func podsFound(_ count: Int) {
        self.apply { $0.instancesFound(count, at: self.context.loop.now) }
    }

    func podIsReady(_ pod: PodEndpoint, for id: InstanceID) {
        let startedAt = self.podStarts.removeValue(forKey: id) ?? self.context.loop.now
        let instance = Instance(
            id,
            of: self.spec,
            in: pod,
            startedAt: startedAt,
            context: self.context
        )
        self.add(instance)
        self.context.logger.debug(
            "An instance runs in a pod.",
            ["pod": pod.name, "address": "\(pod.address)"]
        )
        self.record(.instanceStarting, instance)
        self.tellReady(instance)
        self.apply { $0.instanceAccepts(id, at: self.context.loop.now) }
    }

    func podIsGone(of id: InstanceID) { self.podLeft(id, as: .podGone) }

    func podNeverCame(for id: InstanceID, after timeout: Duration) {
        self.podStarts[id] = nil
        self.noteCrash("\(self.spec.revision)-\(id)", .podNeverReady(after: timeout))
        self.apply { $0.instanceExited(id, at: self.context.loop.now) }
    }

    /// Nobody took a connection to an instance; whether that was in a pod, which gets no further
    /// request.
    func podRefused(_ instance: Instance) -> Bool {
        guard let pods = self.pods else { return false }
        if instance.exit == nil {
            pods.refused(instance.id)
            self.podLeft(instance.id, as: .podGone)
        }
        return true
    }

    private func podLeft(_ id: InstanceID, as exit: ProcessExit) {
        let instance = self.instance(id)
        instance?.left(exit)
        self.remove(id)
        // A node that is gone leaves connections that are never made.
        let unseen = instance.map { self.unseenRequests(of: $0) } ?? []
        // A pod that Kubernetes took away has not failed.
        self.apply { $0.instanceExited(id, isFailure: false, at: self.context.loop.now) }
        for request in unseen { request.upstreamWasNeverAccepted() }
        instance?.tellExit()
    }
}
